"""The chart's values: each trap of the chart has a test. What helm makes of them is in test_rendered.py."""

import base64
import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest

from components.server.pods import Image, Ingress, Pods, PodSeal, Volume
from components.server.values import chart_values
from tests.components.server.examples import (
    ALICLOUD_KEYS,
    CA,
    CSI,
    KEYS,
    OPENBAO,
    POD_IDENTITY,
    WEB_IDENTITY,
    openbao,
    pods,
    values_args,
)
from tests.real import chart

INGRESS = Ingress(host="vault.example.com", ingress_class="nginx")
ENVIRONMENTS: Mapping[str, tuple[Pods, PodSeal]] = {
    "vault": (pods(), WEB_IDENTITY),
    "openbao": (openbao(), WEB_IDENTITY),
    "five": (pods(replicas=5), POD_IDENTITY),
    "one": (pods(replicas=1, spread=False, network=None), KEYS),
    "nothing beside": (pods(injector=None, priority_class=None, requests={}, limits={}), KEYS),
    "csi": (pods(csi=CSI), KEYS),
    "ingress": (pods(exposure=INGRESS), WEB_IDENTITY),
    "storage classes": (pods(storage=Volume(size="20Gi", storage_class="gp3")), WEB_IDENTITY),
}


def server(of: Pods | None = None, seal: PodSeal = WEB_IDENTITY) -> dict[str, Any]:
    return dict(chart_values(values_args(of, seal))["server"])


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_chart_s_own_schema_takes_them(name: str) -> None:
    # Named, because the chart's schema names a draft by an address that nobody knows.
    validator = jsonschema.Draft7Validator(chart.schema())

    errors = validator.iter_errors(chart_values(values_args(*ENVIRONMENTS[name])))

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


# Read by the chart's templates, and not in its values.yaml.
OUR_OWN = {"fullnameOverride", "server.service.type"}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_value_is_one_that_the_chart_does_not_know(name: str) -> None:
    values = chart_values(values_args(*ENVIRONMENTS[name]))

    assert set(_unknown(values, chart.defaults())) - OUR_OWN == set()


def _unknown(values: Mapping[str, Any], known: Mapping[str, Any], at: str = "") -> Iterator[str]:
    for key, value in values.items():
        if key not in known:
            yield f"{at}{key}"
        # An empty default is filled as one likes.
        elif isinstance(value, Mapping) and isinstance(known[key], Mapping) and known[key]:
            yield from _unknown(value, known[key], f"{at}{key}.")


def test_tls_is_on_everywhere_and_nothing_skips_verification() -> None:
    values = chart_values(values_args(pods(csi=CSI)))
    text = json.dumps(values)

    assert values["global"]["tlsDisable"] is False
    assert "skip-verify" not in text
    assert "skip_verify" not in text.lower()
    assert "tls_disable" not in text
    # The chart's own probe would be `vault status -tls-skip-verify`.
    assert server()["readinessProbe"] == {"enabled": False}
    assert server()["extraEnvironmentVars"]["VAULT_CACERT"] == "/vault/tls/ca.crt"


def test_readiness_is_a_verified_question_to_the_server() -> None:
    (beside,) = server()["extraContainers"]

    assert beside["readinessProbe"]["exec"]["command"] == ["vault", "status"]
    assert {"name": "VAULT_CACERT", "value": "/vault/tls/ca.crt"} in beside["env"]
    assert {"name": "VAULT_ADDR", "value": "https://127.0.0.1:8200"} in beside["env"]


def test_certificate_and_ca_come_as_one_directory_that_vault_s_user_can_read() -> None:
    volume = next(each for each in server()["volumes"] if each["name"] == "tls")
    mount = next(each for each in server()["volumeMounts"] if each["name"] == "tls")

    assert volume["projected"]["defaultMode"] == 0o440
    secret, config_map = volume["projected"]["sources"]
    assert secret["secret"]["name"] == "vault-tls"
    assert [item["path"] for item in secret["secret"]["items"]] == ["tls.crt", "tls.key"]
    assert config_map["configMap"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    # A subPath would never be renewed.
    assert mount == {"name": "tls", "mountPath": "/vault/tls", "readOnly": True}
    security = server()["statefulSet"]["securityContext"]["pod"]
    assert (security["runAsUser"], security["fsGroup"]) == (100, 1000)


def test_the_sidecar_may_signal_the_server() -> None:
    (beside,) = server()["extraContainers"]

    assert server()["shareProcessNamespace"] is True
    # The server's user: the pod's, which neither container changes.
    assert "runAsUser" not in beside["securityContext"]
    assert beside["image"] == "hashicorp/vault:2.0.4"


def test_no_container_may_gain_anything() -> None:
    (beside,) = server()["extraContainers"]
    of_server = server()["statefulSet"]["securityContext"]

    for security in (beside["securityContext"], of_server["container"]):
        assert security == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert of_server["pod"]["runAsNonRoot"] is True
    assert of_server["pod"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_a_new_configuration_restarts_nothing_and_shows() -> None:
    assert server()["updateStrategyType"] == "OnDelete"
    assert server()["includeConfigAnnotation"] is True


def test_raft_knows_its_nodes_and_every_address_has_a_certificate() -> None:
    ha = server()["ha"]

    assert ha["raft"]["enabled"] is True
    assert ha["raft"]["setNodeId"] is True
    # Not the pod's IP, and not $(HOSTNAME), which the chart defines too late.
    assert ha["apiAddr"] == "https://$(VAULT_K8S_POD_NAME).vault-internal.vault.svc:8200"


@pytest.mark.parametrize(("replicas", "enabled"), [(1, False), (3, True), (5, True)])
def test_evictions_take_one_server_at_a_time_and_never_block_the_only_one(
    replicas: int, *, enabled: bool
) -> None:
    budget = server(pods(replicas=replicas))["ha"]["disruptionBudget"]

    assert budget == {"enabled": enabled, "maxUnavailable": 1}


def test_servers_are_spread_over_hosts_and_zones() -> None:
    affinity = json.loads(server()["affinity"])["podAntiAffinity"]
    (host,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
    (zone,) = server()["topologySpreadConstraints"]

    assert host["topologyKey"] == "kubernetes.io/hostname"
    assert zone["topologyKey"] == "topology.kubernetes.io/zone"
    assert host["labelSelector"] == zone["labelSelector"]


@pytest.mark.parametrize("of", [pods(spread=False), pods(replicas=1)])
def test_on_one_node_the_chart_s_own_affinity_is_off(of: Pods) -> None:
    assert server(of)["affinity"] == ""
    assert server(of)["topologySpreadConstraints"] == []


def test_volumes_have_their_sizes_and_outlive_the_release() -> None:
    of = pods(storage=Volume(size="20Gi", storage_class="gp3"), audit_storage=Volume(size="5Gi"))

    assert server(of)["dataStorage"]["size"] == "20Gi"
    assert server(of)["dataStorage"]["storageClass"] == "gp3"
    assert server(of)["auditStorage"] == {
        "enabled": True,
        "size": "5Gi",
        "storageClass": None,
        "mountPath": "/vault/audit",
        "accessMode": "ReadWriteOnce",
    }
    retention = server(of)["persistentVolumeClaimRetentionPolicy"]
    assert set(retention.values()) == {"Retain"}


def test_clients_are_sent_to_unsealed_servers_only_and_never_from_outside() -> None:
    values = chart_values(values_args())

    service = server()["service"]
    assert (service["type"], service["publishNotReadyAddresses"]) == ("ClusterIP", False)
    assert server()["ingress"] == {"enabled": False}
    assert values["ui"] == {"enabled": False}


def test_the_chart_s_service_of_the_leader_is_off_where_it_would_select_nobody() -> None:
    assert server()["service"]["active"] == {"enabled": True}
    assert server(openbao())["service"]["active"] == {"enabled": False}


def test_an_ingress_passes_tls_through_to_the_active_server() -> None:
    ingress = server(pods(exposure=INGRESS))["ingress"]

    assert ingress["activeService"] is True
    assert ingress["hosts"] == [{"host": "vault.example.com", "paths": []}]
    assert ingress["ingressClassName"] == "nginx"
    assert ingress["annotations"]["nginx.ingress.kubernetes.io/ssl-passthrough"] == "true"
    # A certificate of the ingress' own would end TLS there.
    assert "tls" not in ingress


def test_another_controller_s_annotations_win() -> None:
    through = {"nginx.ingress.kubernetes.io/ssl-passthrough": "false", "example.com/tls": "pass"}
    exposed = Ingress(host="vault.example.com", ingress_class="other", annotations=through)

    annotations = server(pods(exposure=exposed))["ingress"]["annotations"]

    assert through.items() <= annotations.items()


def test_nothing_needs_custom_resources() -> None:
    values = chart_values(values_args())

    assert values["serverTelemetry"]["serviceMonitor"] == {"enabled": False}
    assert values["serverTelemetry"]["prometheusRules"] == {"enabled": False}
    assert values["global"]["serverTelemetry"] == {"prometheusOperator": False}


def test_the_servers_are_not_taken_for_external_ones() -> None:
    """`global.externalVaultAddr` would make the chart an injector without servers."""
    assert "externalVaultAddr" not in json.dumps(chart_values(values_args()))


def test_names_are_the_release_s_whatever_it_is_called() -> None:
    values = chart_values(values_args(pods(release="secrets")))

    assert values["fullnameOverride"] == "secrets"
    assert "https://secrets-2.secrets-internal:8200" in values["server"]["ha"]["raft"]["config"]


def test_the_region_is_the_key_s_and_no_other_identity_is_fallen_back_to() -> None:
    seal = PodSeal(
        kind="awskms",
        parameters={"region": "eu-west-1", "kms_key_id": "key"},
        environment={"AWS_REGION": "us-east-1", "AWS_STS_REGIONAL_ENDPOINTS": "regional"},
    )

    environment = server(seal=seal)["extraEnvironmentVars"]

    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_STS_REGIONAL_ENDPOINTS"] == "regional"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"


def test_an_alibaba_key_is_sought_in_its_own_region_and_nothing_of_aws_is_said() -> None:
    seal = PodSeal(
        kind="alicloudkms",
        parameters={"region": "eu-central-1", "kms_key_id": "key-1"},
        secret_environment=("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"),
    )

    values = server(seal=seal)

    assert values["extraEnvironmentVars"]["ALICLOUD_REGION"] == "eu-central-1"
    assert not [name for name in values["extraEnvironmentVars"] if name.startswith("AWS_")]
    assert 'seal "alicloudkms" {' in values["ha"]["raft"]["config"]


def test_a_web_identity_is_a_projected_token_besides_the_annotation() -> None:
    values = server(seal=WEB_IDENTITY)
    volume = next(each for each in values["volumes"] if each["name"] == "seal-token")
    (source,) = volume["projected"]["sources"]
    mount = next(each for each in values["volumeMounts"] if each["name"] == "seal-token")

    assert source["serviceAccountToken"]["audience"] == "sts.amazonaws.com"
    assert mount["mountPath"] == "/var/run/secrets/strongroom"
    assert values["serviceAccount"]["annotations"] == WEB_IDENTITY.annotations
    assert "web_identity_token_file" in values["ha"]["raft"]["config"]


def test_pod_identity_has_neither_token_nor_role() -> None:
    values = server(seal=POD_IDENTITY)

    assert "seal-token" not in json.dumps(values)
    assert "role_arn" not in values["ha"]["raft"]["config"]
    assert "web_identity_token_file" not in values["ha"]["raft"]["config"]


def test_keys_come_from_a_secret_and_stand_nowhere_else() -> None:
    values = server(seal=KEYS)

    assert values["extraSecretEnvironmentVars"] == [
        {"envName": name, "secretName": "vault-seal", "secretKey": name}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ]
    assert "AWS_SECRET_ACCESS_KEY" not in values["extraEnvironmentVars"]


def test_alibaba_s_keys_come_from_a_secret_and_new_ones_are_a_new_revision() -> None:
    values = server(seal=ALICLOUD_KEYS)

    assert values["extraSecretEnvironmentVars"] == [
        {"envName": name, "secretName": "vault-seal", "secretKey": name}
        for name in ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY")
    ]
    assert values["annotations"] == {"strongroom.io/seal-keys": "0123456789abcdef"}
    assert "ALICLOUD_SECRET_KEY" not in values["extraEnvironmentVars"]


@pytest.mark.parametrize("word", ["{{ .Values }}", "HOSTNAME", "HOST_IP", "POD_IP"])
def test_what_the_chart_would_replace_in_the_configuration_is_refused(word: str) -> None:
    seal = PodSeal(kind="awskms", parameters={"region": "eu-central-1", "kms_key_id": word})

    with pytest.raises(ValueError, match="seal parameter kms_key_id"):
        values_args(seal=seal)


def test_the_injector_fails_closed_where_a_namespace_says_so_and_is_not_asked_elsewhere() -> None:
    webhook = chart_values(values_args())["injector"]["webhook"]

    assert webhook["failurePolicy"] == "Fail"
    assert webhook["namespaceSelector"] == {"matchLabels": {"strongroom.io/inject": "enabled"}}


def test_every_agent_verifies_vault() -> None:
    injector = chart_values(values_args())["injector"]
    given = injector["extraEnvironmentVars"]["AGENT_INJECT_VAULT_CACERT_BYTES"]

    assert base64.b64decode(given).decode() == CA
    assert injector["authPath"] == "auth/kubernetes"


def test_the_csi_provider_verifies_vault() -> None:
    csi = chart_values(values_args(pods(csi=CSI)))["csi"]

    assert csi["agent"]["extraArgs"] == ["-ca-cert=/vault/tls/ca.crt"]
    assert csi["volumes"][0]["configMap"]["name"] == "vault-tls"


def test_injector_and_csi_are_off_unless_wanted() -> None:
    values = chart_values(values_args(pods(injector=None)))

    assert values["injector"] == values["csi"] == {"enabled": False}


def test_every_image_is_pinned() -> None:
    def tags(value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            if "repository" in value:
                yield value["tag"]
            for each in value.values():
                yield from tags(each)

    found = list(tags(chart_values(values_args(pods(csi=CSI)))))

    assert len(found) == 5
    assert all(tag[0].isdigit() for tag in found)


def test_vault_asks_about_tokens_only_where_logins_need_it() -> None:
    assert server(pods(reviews_tokens=True))["authDelegator"] == {"enabled": True}
    assert server(pods(reviews_tokens=False))["authDelegator"] == {"enabled": False}


def test_the_server_is_ended_under_either_name() -> None:
    assert "kill -TERM $(pidof vault bao)" in server(openbao())["preStop"][-1]


@pytest.mark.parametrize(
    ("field", "value"),
    [("replicas", 2), ("image", Image(repository=OPENBAO.repository, tag="latest"))],
)
def test_pods_that_cannot_work_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        pods(**{field: value})


KEEPER = PodSeal(
    kind="transit",
    parameters={"address": "https://keeper:8300", "mount_path": "transit", "key_name": "k"},
    secret_environment=("VAULT_TOKEN",),
    seal_secret="vault-seal",
    ca_certificate="PEM",
)


def test_a_transit_seal_s_token_and_the_keeper_s_ca_come_from_the_secret() -> None:
    values = server(seal=KEEPER)

    assert values["extraSecretEnvironmentVars"] == [
        {"envName": "VAULT_TOKEN", "secretName": "vault-seal", "secretKey": "VAULT_TOKEN"}
    ]
    volume = next(each for each in values["volumes"] if each["name"] == "seal-ca")
    assert volume["secret"]["items"] == [{"key": "keeper-ca.pem", "path": "keeper-ca.pem"}]
    mount = next(each for each in values["volumeMounts"] if each["name"] == "seal-ca")
    assert mount["mountPath"] == "/vault/seal"
    to = [each["ports"] for each in values["networkPolicy"]["egress"]]
    assert [{"port": 443, "protocol": "TCP"}, {"port": 8300, "protocol": "TCP"}] in to


def test_servers_that_migrate_have_what_both_seals_want() -> None:
    values = server(seal=dataclasses.replace(KEEPER, former=WEB_IDENTITY))

    assert values["extraEnvironmentVars"]["AWS_REGION"] == "eu-central-1"
    assert {"seal-token", "seal-ca"} <= {each["name"] for each in values["volumes"]}
    assert values["serviceAccount"]["annotations"] == WEB_IDENTITY.annotations


def test_shamir_wants_nothing_of_any_cloud() -> None:
    values = server(seal=PodSeal(kind="shamir", parameters={}))

    assert "AWS_REGION" not in values["extraEnvironmentVars"]
    assert values["extraSecretEnvironmentVars"] == []
    assert "169.254.170.23" not in str(values["networkPolicy"])
