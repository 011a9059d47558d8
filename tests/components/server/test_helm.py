import json
import re
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components.cloud.contract import Seal, WebIdentity
from components.server.chart import Chart
from components.server.contract import JobProof, Reach, Server, TokenProof
from components.server.helm import HelmServer, HelmServerArgs, wipe_commands
from components.server.pods import Ingress, InternalLoadBalancer, Pods
from components.server.seals import TransitSealArgs, shamir_seal, taking_over, transit_seal
from components.server.tls.choice import CertManagerTls, GivenTls, OwnTls
from components.server.values import SEAL_KEYS
from tests.components.server.examples import CA, CSI, PARAMETERS, openbao, pods
from tests.conftest import Declare, Declared, Resource
from tests.real import chart

RELEASE = "kubernetes:helm.sh/v3:Release"
NAMESPACE = "kubernetes:core/v1:Namespace"
SECRET = "kubernetes:core/v1:Secret"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SERVICE = "kubernetes:core/v1:Service"
AUTHORITY = "pulumi-python:dynamic/strongroom:Authority"
ROLE = "arn:aws:iam::123456789012:role/vault"
IRSA = Seal(
    kind="awskms",
    parameters={**PARAMETERS, "kms_key_id": pulumi.Output.from_input("key-1")},
    annotations={"eks.amazonaws.com/role-arn": pulumi.Output.from_input(ROLE)},
    web_identity=WebIdentity(role_arn=pulumi.Output.from_input(ROLE), audience="sts.amazonaws.com"),
)
KEYS = Seal(
    kind="awskms",
    parameters=PARAMETERS,
    secret_environment={
        "AWS_ACCESS_KEY_ID": "AKIA1",
        "AWS_SECRET_ACCESS_KEY": pulumi.Output.secret("very secret"),
    },
)


def _outputs(resource: Resource) -> Mapping[str, Any]:
    if resource.type != AUTHORITY:
        return {}
    return {"ca_certificate": CA, "certificate": "the certificate", "key": "the key"}


def _server(tmp_path: Path, **changed: Any) -> HelmServer:
    args = {
        "provider": kubernetes.Provider("cluster", context="kind-vault"),
        "context": "kind-vault",
        "pods": pods(),
        "seal": IRSA,
        "tls": OwnTls(),
        "trusting": {"shop": "shop"},
        "ca_file": str(tmp_path / "state" / "ca.pem"),
    }
    return HelmServer("server", HelmServerArgs(**{**args, **changed}))


def _declared(declare: Declare, tmp_path: Path, **changed: Any) -> Declared:
    return declare(lambda: _server(tmp_path, **changed), outputs=_outputs)


def test_the_contract_is_fulfilled(declare: Declare, tmp_path: Path) -> None:
    def program() -> pulumi.Output[dict[str, object]]:
        server: Server = _server(tmp_path)
        return pulumi.Output.all(
            address=server.address,
            members=server.members,
            roots=server.generate_root_members,
            ca=server.ca_certificate,
            file=server.ca_file,
            audit=list(server.audit_files),
        )

    within = "vault-internal.vault.svc"
    assert declare(program, outputs=_outputs).result == {
        "address": "https://127.0.0.1:18200",
        "members": [f"https://vault-{index}.{within}:8200" for index in range(3)],
        "roots": [f"https://vault-{index}.{within}:8210" for index in range(3)],
        "ca": CA,
        "file": str(tmp_path / "state" / "ca.pem"),
        "audit": ["/vault/audit/audit-0.log", "/vault/audit/audit-1.log"],
    }


def test_pods_are_reached_by_the_api_server(declare: Declare, tmp_path: Path) -> None:
    found: list[Reach | None] = []

    declare(
        lambda: found.append(_server(tmp_path, pods=openbao(replicas=1)).reach), outputs=_outputs
    )

    assert found == [
        Reach(
            context="kind-vault", namespace="vault", names=("vault-0",), port=8200,
            generate_root_port=8210,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seal", "proof"),
    [
        (IRSA, TokenProof(service_account="vault", audience="sts.amazonaws.com")),
        (KEYS, None),
    ],
)
def test_the_seal_is_proven_by_what_the_pods_have(
    declare: Declare, tmp_path: Path, seal: Seal, proof: TokenProof | None
) -> None:
    found: list[object] = []

    declare(lambda: found.append(_server(tmp_path, seal=seal).seal_proof), outputs=_outputs)

    assert found == [proof]


def test_what_the_node_s_agent_hands_out_is_proven_by_a_pod_with_the_servers_stanza(
    declare: Declare, tmp_path: Path
) -> None:
    def program() -> pulumi.Output[dict[str, Any]]:
        seal = Seal(
            kind="awskms",
            parameters={**PARAMETERS, "kms_key_id": pulumi.Output.from_input("key-1")},
        )
        proof = _server(tmp_path, seal=seal).seal_proof
        assert isinstance(proof, JobProof)
        return proof.manifest

    job = declare(program, outputs=_outputs).result

    assert (job["kind"], job["metadata"]["namespace"]) == ("Job", "vault")
    assert 'kms_key_id = "key-1"' in json.dumps(job).replace("\\", "")


def test_openbao_has_its_audit_devices_in_its_configuration(
    declare: Declare, tmp_path: Path
) -> None:
    found: list[tuple[str, ...]] = []

    declared = declare(
        lambda: found.append(_server(tmp_path, pods=openbao()).audit_files), outputs=_outputs
    )

    assert found == [()]
    assert "/vault/audit/audit-1.log" in json.dumps(declared.one(RELEASE)["values"])


def test_where_the_network_reaches_vault_no_tunnel_is_needed(
    declare: Declare, tmp_path: Path
) -> None:
    address = "https://vault.example.com:8200"

    declared = declare(lambda: _server(tmp_path, address=address).address, outputs=_outputs)

    assert declared.result == address
    assert "vault.example.com" in declared.one(AUTHORITY)["dns_names"]


def test_an_address_without_tls_is_refused(declare: Declare, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="address must begin with https://"):
        declare(lambda: _server(tmp_path, address="http://vault.example.com"))


def test_the_release_waits_for_nothing_and_takes_nothing_back(
    declare: Declare, tmp_path: Path
) -> None:
    release = _declared(declare, tmp_path).one(RELEASE)

    assert release["skipAwait"] is True
    for never in ("atomic", "cleanupOnFail", "recreatePods", "forceUpdate", "createNamespace"):
        assert release[never] is False
    assert (release["name"], release["namespace"]) == ("vault", "vault")


def test_the_chart_is_pinned(declare: Declare, tmp_path: Path) -> None:
    release = _declared(declare, tmp_path).one(RELEASE)

    assert (release["chart"], release["version"]) == ("vault", "0.34.1")
    assert release["repositoryOpts"] == {"repo": "https://helm.releases.hashicorp.com"}


def test_a_chart_in_a_directory_is_taken_as_it_is(declare: Declare, tmp_path: Path) -> None:
    release = _declared(declare, tmp_path, chart=Chart(directory=str(tmp_path))).one(RELEASE)

    assert release["chart"] == str(tmp_path)
    assert "version" not in release
    assert "repositoryOpts" not in release


@pytest.mark.parametrize(
    ("of", "seal"), [(pods(), IRSA), (openbao(replicas=1), KEYS), (pods(csi=CSI), KEYS)]
)
def test_the_chart_s_own_schema_takes_what_is_declared(
    declare: Declare, tmp_path: Path, of: Pods, seal: Seal
) -> None:
    values = _declared(declare, tmp_path, pods=of, seal=seal).one(RELEASE)["values"]

    errors = jsonschema.Draft7Validator(chart.schema()).iter_errors(values)

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_certificate_ca_and_namespace_are_there_before_the_release(
    declare: Declare, tmp_path: Path
) -> None:
    declared = _declared(declare, tmp_path)
    release = declared.resource(RELEASE)

    waits = {name for names in release.property_dependencies.values() for name in names}
    assert {
        "server-namespace",
        "server-tls-secret",
        "server-tls-trust-vault",
        "server-tls-trust-shop",
    } <= waits


def test_everything_goes_to_the_one_cluster_that_was_named(
    declare: Declare, tmp_path: Path
) -> None:
    declared = _declared(declare, tmp_path, seal=KEYS)

    inside = [each for each in declared.resources if each.type.startswith("kubernetes:")]
    assert len(inside) == 6
    assert {each.provider for each in inside} == {"cluster"}


def test_a_web_identity_reaches_stanza_annotation_and_volume(
    declare: Declare, tmp_path: Path
) -> None:
    declared = _declared(declare, tmp_path)
    server = declared.one(RELEASE)["values"]["server"]

    assert f'role_arn = "{ROLE}"' in server["ha"]["raft"]["config"]
    assert 'kms_key_id = "key-1"' in server["ha"]["raft"]["config"]
    assert server["serviceAccount"]["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}
    assert "seal-token" in json.dumps(server["volumes"])
    # The certificate's is the only Secret.
    assert [each.name for each in declared.all(SECRET)] == ["server-tls-secret"]


def test_the_seal_s_keys_lie_in_a_secret_and_in_no_value(declare: Declare, tmp_path: Path) -> None:
    declared = _declared(declare, tmp_path, seal=KEYS)
    secret = declared.resource(SECRET, "server-seal")

    assert secret.inputs["metadata"] == {"name": "vault-seal", "namespace": "vault"}
    assert secret.inputs["stringData"]["AWS_SECRET_ACCESS_KEY"] == "very secret"
    assert "stringData" in secret.secrets
    values = json.dumps(declared.one(RELEASE)["values"])
    assert "very secret" not in values
    assert "AKIA1" not in values
    waits = declared.resource(RELEASE).property_dependencies["values"]
    assert "server-seal" in waits


def test_new_keys_of_the_seal_are_a_change_of_the_pods_that_tells_nothing_of_them(
    declare: Declare, tmp_path: Path
) -> None:
    def annotations(key: str) -> dict[str, str]:
        keys = {**KEYS.secret_environment, "AWS_SECRET_ACCESS_KEY": pulumi.Output.secret(key)}
        declared = _declared(declare, tmp_path, seal=replace(KEYS, secret_environment=keys))
        release = declared.resource(RELEASE)
        # Otherwise the whole of them would be hidden from whoever reviews a change.
        assert "values" not in release.secrets
        return dict(release.inputs["values"]["server"]["annotations"])

    before, again, after = annotations("first"), annotations("first"), annotations("second")

    assert before == again
    assert before.keys() == after.keys() == {SEAL_KEYS}
    assert before != after
    assert re.fullmatch("[0-9a-f]{16}", before[SEAL_KEYS])


def test_a_seal_without_keys_annotates_no_pod(declare: Declare, tmp_path: Path) -> None:
    assert _declared(declare, tmp_path).one(RELEASE)["values"]["server"]["annotations"] == {}


def test_no_private_key_is_in_the_release(declare: Declare, tmp_path: Path) -> None:
    assert "the key" not in json.dumps(_declared(declare, tmp_path).one(RELEASE))


def test_keep_protects_what_holds_the_data(declare: Declare, tmp_path: Path) -> None:
    kept = _declared(declare, tmp_path)
    thrown = _declared(declare, tmp_path, keep=False)

    for kind in (RELEASE, NAMESPACE, AUTHORITY):
        assert kept.resource(kind).protect
        assert not thrown.resource(kind).protect


def test_pods_of_the_namespace_may_not_be_privileged(declare: Declare, tmp_path: Path) -> None:
    level = "pod-security.kubernetes.io/enforce"

    labels = _declared(declare, tmp_path).one(NAMESPACE)["metadata"]["labels"]
    with_csi = _declared(declare, tmp_path, pods=pods(csi=CSI)).one(NAMESPACE)["metadata"]

    assert labels == {level: "baseline"}
    assert with_csi["labels"] == {level: "privileged"}


def test_a_certificate_of_your_own_is_mounted(declare: Declare, tmp_path: Path) -> None:
    tls = GivenTls(secret="my-certificate", ca_certificate=CA)

    declared = _declared(declare, tmp_path, tls=tls)

    assert "my-certificate" in json.dumps(declared.one(RELEASE)["values"]["server"]["volumes"])
    assert declared.all(SECRET) == []
    assert len(declared.all(CONFIG_MAP)) == 2


def test_cert_manager_s_certificate_comes_before_the_release(
    declare: Declare, tmp_path: Path
) -> None:
    declared = _declared(declare, tmp_path, tls=CertManagerTls(issuer="ca", ca_certificate=CA))

    waits = declared.resource(RELEASE).property_dependencies["values"]
    assert {"server-tls-certificate", "server-tls-bundle"} <= waits
    assert declared.all(CONFIG_MAP) == []


def test_nothing_is_exposed_unless_said(declare: Declare, tmp_path: Path) -> None:
    assert _declared(declare, tmp_path).all(SERVICE) == []


def test_a_load_balancer_is_internal_for_named_clients_and_awaited_by_nobody(
    declare: Declare, tmp_path: Path
) -> None:
    exposed = InternalLoadBalancer(client_cidrs=("10.9.0.0/16",), annotations={"a/b": "c"})

    service = _declared(declare, tmp_path, pods=pods(exposure=exposed)).one(SERVICE)

    annotations = service["metadata"]["annotations"]
    assert annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"] == "internal"
    assert annotations["a/b"] == "c"
    # It has no server behind it before init.
    assert annotations["pulumi.com/skipAwait"] == "true"
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["selector"]["vault-active"] == "true"
    assert service["spec"]["loadBalancerSourceRanges"] == ["10.9.0.0/16"]
    assert service["spec"]["ports"] == [{"name": "https", "port": 8200, "targetPort": 8200}]


def test_openbao_s_leader_is_selected_by_the_label_that_openbao_gives_it(
    declare: Declare, tmp_path: Path
) -> None:
    exposed = InternalLoadBalancer(client_cidrs=("10.9.0.0/16",))

    declared = _declared(declare, tmp_path, pods=openbao(exposure=exposed))

    found = [each.inputs for each in declared.all(SERVICE)]
    services = {each["metadata"]["name"]: each["spec"] for each in found}
    for name in ("vault-active", "vault-internal-lb"):
        assert services[name]["selector"]["openbao-active"] == "true"
        assert "vault-active" not in services[name]["selector"]
    assert services["vault-active"].get("type", "ClusterIP") == "ClusterIP"


def test_an_ingress_s_host_is_one_of_the_certificate_s(declare: Declare, tmp_path: Path) -> None:
    exposed = Ingress(host="vault.example.com", ingress_class="nginx")

    declared = _declared(declare, tmp_path, pods=pods(exposure=exposed))

    assert "vault.example.com" in declared.one(AUTHORITY)["dns_names"]
    assert declared.all(SERVICE) == []


def test_the_ca_lies_in_a_file_for_tools_that_want_one(declare: Declare, tmp_path: Path) -> None:
    file = tmp_path / "state" / "ca.pem"

    declare(lambda: _server(tmp_path).ca_file, outputs=_outputs)
    first = file.stat().st_mtime_ns
    declare(lambda: _server(tmp_path).ca_file, outputs=_outputs)

    assert file.read_text() == CA
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_mtime_ns == first
    assert [each.name for each in file.parent.iterdir()] == ["ca.pem"]


def test_wiping_is_pods_volumes_and_pods_again_in_the_right_cluster() -> None:
    of = pods(replicas=5, release="secrets", namespace="safe")
    selector = (
        "--selector=app.kubernetes.io/name=vault,app.kubernetes.io/instance=secrets,"
        "component=server"
    )

    kubectl = "kubectl --context 'my context' --namespace safe"
    assert wipe_commands(of, "my context") == (
        f"{kubectl} scale statefulset/secrets --replicas=0",
        f"{kubectl} wait pod {selector} --for=delete --timeout=120s",
        f"{kubectl} delete persistentvolumeclaim {selector}",
        f"{kubectl} scale statefulset/secrets --replicas=5",
    )
    assert "--context" not in wipe_commands(of, None)[0]


def test_a_first_preview_bears_what_is_not_known_yet(declare: Declare, tmp_path: Path) -> None:
    declared = declare(lambda: _server(tmp_path), preview=True)

    assert declared.one(RELEASE)["name"] == "vault"


def test_a_keeper_s_token_and_ca_lie_in_the_seal_s_secret_with_what_the_former_seal_wants(
    declare: Declare, tmp_path: Path
) -> None:
    ca = tmp_path / "keeper.pem"
    ca.write_text("the keeper's CA")
    seal = transit_seal(
        TransitSealArgs(
            address="https://keeper:8200", key_name="k", token="s.of-servers", ca_file=str(ca)
        )
    )

    declared = declare(lambda: _server(tmp_path, seal=taking_over(seal, KEYS)), outputs=_outputs)

    secret = declared.resource(SECRET, "server-seal")
    assert secret.inputs["stringData"] == {
        "AWS_ACCESS_KEY_ID": "AKIA1",
        "AWS_SECRET_ACCESS_KEY": "very secret",
        "VAULT_TOKEN": "s.of-servers",
        "keeper-ca.pem": "the keeper's CA",
    }
    assert "stringData" in secret.secrets
    values = json.dumps(declared.one(RELEASE)["values"])
    assert "s.of-servers" not in values
    assert 'disabled = \\"true\\"' in values.replace('\\\\"', '\\"')


def test_shamir_s_pods_have_no_secret_and_nothing_to_prove(
    declare: Declare, tmp_path: Path
) -> None:
    found: list[object] = []

    declared = declare(
        lambda: found.append(_server(tmp_path, seal=shamir_seal()).seal_proof), outputs=_outputs
    )

    assert found == [None]
    assert "server-seal" not in {each.name for each in declared.all(SECRET)}
