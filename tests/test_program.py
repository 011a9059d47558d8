"""The whole program under the mock engine: the embedded environment's configuration, pods, EKS and ACK."""

import gc
import json
import runpy
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from catalog.reader import read
from ops.permissions import permissions
from sandbox import configuration
from sandbox.kinds.processes import Processes
from sandbox.layout import Layout, password
from sandbox.ports import Ports
from sandbox.toolchain import Toolchain
from settings.load import TUNNEL
from tests.conftest import Declare, Declared, Resource

CHECKOUT = Path(__file__).parents[1]
PORTS = Ports(emulator=5000, vault=(8200, 8202, 8204), generate_root=(8300, 8301, 8302))
TOOLS = Toolchain(
    pulumi=Path("/opt/pulumi"), pulumi_home=Path("/opt/home"), bin=Path("/opt/bin"), scripts=None,
    bao=Path("/opt/bao"), helm=None, official_plugins=False, environment={},
)  # fmt: skip
OWNED = "pulumi-python:dynamic/strongroom:Owned"
NODES = "pulumi-python:dynamic/strongroom:Nodes"
AUTHORITY = "pulumi-python:dynamic/strongroom:Authority"
RELEASE = "kubernetes:helm.sh/v3:Release"
SECRETS = {key: f"value-of-{key}" for key in read(CHECKOUT / "catalog").config_keys()}


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(CHECKOUT)
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    # As within `python -m ops tunnel -- ...`.
    monkeypatch.setenv(TUNNEL, "127.0.0.1:18200")
    yield
    gc.enable()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `make up` would hand to the program."""
    layout = Layout(checkout=tmp_path_factory.mktemp("local"))
    layout.prepare()
    layout.tracked_settings.write_text((CHECKOUT / "Pulumi.local.yaml").read_text())
    password(layout, "account")
    local = Processes(layout)
    local.prepare(print)
    filled_in = configuration.common(layout, PORTS.emulator)
    configuration.write(layout, filled_in, local.settings(PORTS, TOOLS))
    return _of_engine(yaml.safe_load(layout.settings.read_text())["config"])


def _of_engine(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }


@pytest.fixture(scope="module")
def in_pods(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Stack -> its own file, with what only a machine knows."""
    tmp_path = tmp_path_factory.mktemp("pods")
    found = {}
    for stack in ("dev", "prod", "cluster"):
        values = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text())["config"]
        values.setdefault("strongroom:custody", {})["directory"] = str(tmp_path / stack)
        if stack == "cluster":
            values["strongroom:cloud"]["endpoint"] = "http://127.0.0.1:5000"
        password_file = tmp_path / f"{stack}-password"
        password_file.write_text("correct-horse-battery-staple")
        values["strongroom:account"]["passwordFile"] = str(password_file)
        found[stack] = _of_engine(values)
    return found


def _outputs(resource: Resource) -> Mapping[str, Any]:
    made = {"ca_certificate": "the CA", "certificate": "the certificate", "key": "the key"}
    if resource.type.startswith("alicloud:"):
        arn = f"acs:ram::1234567890123456:role/{resource.name}"
        return {"arn": arn, "secret": f"secret of {resource.name}"}
    # As other clusters answer.
    others: Mapping[str, Mapping[str, Any]] = {
        "edge-keys": {"issuer": "https://edge", "keys": ["a key"]},
        "plant-reviewer-token": {"data": {"token": "dG9rZW4=", "ca.crt": "Y2E="}},
    }
    if resource.name in others:
        return others[resource.name]
    return made if resource.type == AUTHORITY else {"arn": f"arn:{resource.name}"}


_RUNS: dict[tuple[frozenset[tuple[str, str]], bool], Declared] = {}
"""What was declared, by configuration: most tests look at the same run."""


def _declared(declare: Declare, config: dict[str, str], *, preview: bool = False) -> Declared:
    asked = (frozenset(config.items()), preview)
    if asked not in _RUNS:
        _RUNS[asked] = _run(declare, config, preview=preview)
    return _RUNS[asked]


def _run(declare: Declare, config: dict[str, str], *, preview: bool = False) -> Declared:
    return declare(
        lambda: runpy.run_path(str(CHECKOUT / "__main__.py"), run_name="__main__"),
        outputs=_outputs,
        config=config,
        secret_config={f"strongroom:{key}": value for key, value in SECRETS.items()},
        preview=preview,
    )


def test_everything_in_vault_is_configured_by_the_limited_account(
    declare: Declare, config: dict[str, str]
) -> None:
    declared = _declared(declare, config)

    inside = [r for r in declared.resources if r.type.startswith("vault:")]
    assert len(inside) > 10
    assert {resource.provider for resource in inside} == {"bootstrap-account"}


def test_the_acls_that_ops_evaluates_are_those_that_are_declared(
    declare: Declare, config: dict[str, str]
) -> None:
    declared = _declared(declare, config)

    written = {
        each.inputs["name"]: each.inputs["policy"]
        for each in declared.all("vault:index/policy:Policy")
    }
    assert permissions(CHECKOUT, "local").texts == {
        **written,
        "strongroom": declared.one(OWNED)["acl"],
    }


def test_vault_is_sealed_with_the_seal_key_and_kept_with_the_other(
    declare: Declare, config: dict[str, str]
) -> None:
    declared = _declared(declare, config)

    custody = declared.one(OWNED)["custody"]
    assert custody["seal_key"] != custody["custody_key"]
    for text in declared.one(NODES)["configurations"]:
        assert custody["seal_key"] in text
        assert custody["custody_key"] not in text


def test_the_servers_have_a_key_of_their_own_which_is_no_plain_input(
    declare: Declare, config: dict[str, str]
) -> None:
    nodes = _declared(declare, config).resource(NODES)

    assert nodes.secrets == {"environment"}
    assert {"cloud-unseal-key", "cloud-unseal-grant"} <= nodes.property_dependencies["environment"]


def test_bootstrap_waits_for_servers_and_custody(declare: Declare, config: dict[str, str]) -> None:
    owned = _declared(declare, config).resource(OWNED)

    assert "server-nodes" in owned.property_dependencies["members"]
    assert any("custody" in name for name in owned.property_dependencies["custody"])


def test_exports_lead_to_logins_and_paths(declare: Declare, config: dict[str, str]) -> None:
    declared = _declared(declare, config)

    assert set(declared.exports) == {"address", "logins", "secrets"}
    assert declared.secret_exports == frozenset()
    assert declared.exports["logins"]["shop/orders"] == {
        "role": "svc-shop.orders",
        "mounts": {"home": "kubernetes"},
    }
    assert declared.exports["secrets"]["shop/orders"] == [
        "kv/shop/orders/cloud/invoices",
        "kv/shop/orders/mail",
    ]


def test_no_stack_secret_stands_in_an_open_input(declare: Declare, config: dict[str, str]) -> None:
    for resource in _declared(declare, config).resources:
        open_ = {key: v for key, v in resource.inputs.items() if key not in resource.secrets}
        for value in SECRETS.values():
            assert value not in json.dumps(open_), resource.name


def test_a_first_preview_meets_no_unknown_that_it_cannot_bear(
    declare: Declare, config: dict[str, str]
) -> None:
    declared = _declared(declare, config, preview=True)

    assert declared.resource(OWNED).inputs["mount"] == "strongroom"


def test_keep_guards_keys_buckets_servers_mounts_and_the_cluster(
    declare: Declare, config: dict[str, str]
) -> None:
    declared = _declared(declare, {**config, "strongroom:keep": "true"})

    guarded = {resource.type for resource in declared.resources if resource.protect}
    assert {
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "vault:index/mount:Mount",
        "vault:index/authBackend:AuthBackend",
        "vault:jwt/authBackend:AuthBackend",
        OWNED,
        NODES,
    } <= guarded


def test_a_mistake_stops_before_anything_is_declared(
    declare: Declare, config: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    broken = {**config, "strongroom:acces": "{}", "strongroom:keep": "perhaps"}

    with pytest.raises(SystemExit):
        _run(declare, broken)

    assert "strongroom:acces is no setting" in caplog.text
    assert "strongroom:keep must be true or false" in caplog.text


STACKS = pytest.mark.parametrize("stack", ["dev", "prod", "cluster"])
InPods = dict[str, dict[str, str]]


def test_a_migration_of_the_seal_starts_servers_with_both_and_releases_the_former_keys(
    declare: Declare, config: dict[str, str]
) -> None:
    migrating = {
        "strongroom:seal": '{"kind": "shamir"}', "strongroom:formerSeal": '{"kind": "awskms"}',
    }  # fmt: skip

    declared = _declared(declare, config | migrating)

    [text, *_] = declared.one(NODES)["configurations"]
    assert 'seal "awskms"' in text
    assert 'disabled = "true"' in text
    assert (declared.one(NODES)["seal"], declared.one(NODES)["former_seal"]) == ("shamir", "awskms")
    [bucket] = [
        json.loads(each.inputs["policy"])
        for each in declared.all("aws:s3/bucketPolicy:BucketPolicy")
        if "strongroom-intent" in each.inputs["policy"]
    ]
    stays = json.dumps([each for each in bucket["Statement"] if each["Effect"] == "Deny"])
    assert "vault-unseal-*" in stays
    assert "vault-recovery-*" not in stays


@STACKS
def test_pods_are_three_sealed_with_the_seal_key_and_owned_in_order(
    declare: Declare, in_pods: InPods, stack: str
) -> None:
    declared = _declared(declare, in_pods[stack])
    owned = declared.resource(OWNED)
    ha = declared.one(RELEASE)["values"]["server"]["ha"]

    assert ha["replicas"] == len(owned.inputs["members"]) == 3
    assert owned.inputs["custody"]["seal_key"] in ha["raft"]["config"]
    assert owned.inputs["custody"]["custody_key"] not in ha["raft"]["config"]
    assert "server-release" in owned.property_dependencies["members"]
    assert owned.inputs["address"] == "https://127.0.0.1:18200"
    assert owned.inputs["wipe_commands"][0].startswith("kubectl ")


def test_the_seal_is_proven_as_eks_s_pods_before_init(declare: Declare, in_pods: InPods) -> None:
    cloud = json.loads(in_pods["dev"]["strongroom:cloud"])
    del cloud["oidcProvider"]
    agent = {**cloud, "sealIdentity": "pod-identity", "clusterName": "production"}
    by_agent = {**in_pods["dev"], "strongroom:cloud": json.dumps(agent)}

    by_token = _declared(declare, in_pods["dev"]).one(OWNED)
    by_job = _declared(declare, by_agent).one(OWNED)

    token = {"service_account": "vault", "audience": "sts.amazonaws.com"}
    assert by_token["seal_proof"] == {"token": token}
    assert by_token["custody"]["seal_role"] == "arn:cloud-unseal-role"
    job = json.loads(by_job["seal_proof"]["job"])
    assert job["metadata"]["namespace"] == "vault"
    assert by_job["custody"]["seal_key"] in json.dumps(job)


@STACKS
def test_vault_in_pods_is_configured_by_the_limited_account_that_verifies_it(
    declare: Declare, in_pods: InPods, stack: str
) -> None:
    declared = _declared(declare, in_pods[stack])

    inside = [r for r in declared.resources if r.type.startswith("vault:")]
    assert len(inside) > 10
    assert {resource.provider for resource in inside} == {"bootstrap-account"}
    provider = declared.one("pulumi:providers:vault")
    assert Path(provider["caCertFile"]).read_text() == "the CA"
    assert provider["skipTlsVerify"] == "false"


@STACKS
def test_everything_in_the_cluster_is_of_one_provider_without_a_kubeconfig(
    declare: Declare, in_pods: InPods, stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somewhere/config")

    declared = _run(declare, in_pods[stack])

    inside = [r for r in declared.resources if r.type.startswith("kubernetes:")]
    assert {resource.provider for resource in inside} == {"cluster"}
    assert "kubeconfig" not in declared.one("pulumi:providers:kubernetes")


OTHERS = {
    "edge": {
        "context": "edge",
        "address": "https://vault.example.com:8200",
        "access": {"method": "jwt"},
    },
    "plant": {
        "context": "plant",
        "address": "https://10.20.30.40:8200",
        "access": {"method": "kubernetes", "host": "https://plant.example.com:6443"},
        "csi": {"enabled": True},
    },
}


@pytest.fixture(scope="module")
def with_others(
    in_pods: dict[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Stack `dev` with two other clusters: one service lives at home and in both, one in one only."""
    catalog = tmp_path_factory.mktemp("others") / "catalog"
    shutil.copytree(CHECKOUT / "catalog", catalog)
    for name, clusters in (("shop-orders", "[home, edge, plant]"), ("blog-web", "[edge]")):
        with (catalog / f"{name}.yaml").open("a") as file:
            file.write(f"clusters: {clusters}\n")
    server = json.loads(in_pods["dev"]["strongroom:server"])
    server["network"]["clientCidrs"] = ["10.0.0.0/8"]
    return {
        **in_pods["dev"],
        "strongroom:catalog": str(catalog),
        "strongroom:server": json.dumps(server),
        "strongroom:clusters": json.dumps(OTHERS),
    }


def test_each_cluster_has_its_login_and_a_service_in_all_has_one_acl(
    declare: Declare, with_others: dict[str, str]
) -> None:
    declared = _declared(declare, with_others)

    assert declared.exports["logins"]["shop/orders"] == {
        "role": "svc-shop.orders",
        "mounts": {
            "home": "kubernetes",
            "edge": "kubernetes-edge",
            "plant": "kubernetes-plant",
        },
    }
    assert declared.exports["logins"]["blog/web"]["mounts"] == {"edge": "kubernetes-edge"}
    acls = [each.inputs["name"] for each in declared.all("vault:index/policy:Policy")]
    assert acls.count("svc-shop.orders") == 1
    roles = declared.all("vault:kubernetes/authBackendRole:AuthBackendRole")
    assert {(each.inputs["backend"], each.inputs["roleName"]) for each in roles} == {
        ("kubernetes", "svc-shop.billing"),
        ("kubernetes", "svc-shop.orders"),
        ("kubernetes-plant", "svc-shop.orders"),
    }


def test_the_account_may_manage_the_logins_of_every_cluster(
    declare: Declare, with_others: dict[str, str]
) -> None:
    owned = _declared(declare, with_others).one(OWNED)

    assert owned["shape"]["methods"] == {
        "kubernetes": "kubernetes",
        "kubernetes-edge": "jwt",
        "kubernetes-plant": "kubernetes",
        "people": "userpass",
    }
    assert 'path "auth/kubernetes-edge/role/*"' in owned["acl"]


def test_each_cluster_gets_what_of_ours_lives_there_and_no_servers(
    declare: Declare, with_others: dict[str, str]
) -> None:
    declared = _declared(declare, with_others)

    accounts: dict[str, set[str]] = {}
    for each in declared.all("kubernetes:core/v1:ServiceAccount"):
        accounts.setdefault(str(each.provider), set()).add(each.inputs["metadata"]["name"])
    assert accounts == {
        "cluster": {"billing", "orders"},
        "edge-cluster": {"orders", "web"},
        "plant-cluster": {"orders", "vault-reviewer"},
    }
    releases = {each.provider: each.inputs["values"] for each in declared.all(RELEASE)}
    assert set(releases) == {"cluster", "edge-cluster", "plant-cluster"}
    assert releases["plant-cluster"]["csi"]["agent"]["image"]["repository"] == "hashicorp/vault"
    maps = declared.all("kubernetes:core/v1:ConfigMap")
    assert {(each.provider, each.inputs["metadata"]["namespace"]) for each in maps} == {
        ("cluster", "shop"),
        ("cluster", "vault"),
        ("edge-cluster", "blog"),
        ("edge-cluster", "shop"),
        ("plant-cluster", "shop"),
        ("plant-cluster", "strongroom"),
    }


def test_the_certificate_has_the_names_that_other_clusters_use(
    declare: Declare, with_others: dict[str, str]
) -> None:
    authority = _declared(declare, with_others).one(AUTHORITY)

    assert "vault.example.com" in authority["dns_names"]
    assert authority["ip_addresses"] == ["10.20.30.40", "127.0.0.1"]


@STACKS
def test_the_ca_reaches_every_namespace_of_the_catalogue(
    declare: Declare, in_pods: InPods, stack: str
) -> None:
    maps = _declared(declare, in_pods[stack]).all("kubernetes:core/v1:ConfigMap")

    assert [each.inputs["metadata"]["namespace"] for each in maps] == ["blog", "shop", "vault"]


@STACKS
def test_services_log_in_by_the_cluster_that_the_pods_run_in(
    declare: Declare, in_pods: InPods, stack: str
) -> None:
    declared = _declared(declare, in_pods[stack])

    login = declared.one("vault:kubernetes/authBackendConfig:AuthBackendConfig")
    assert login["kubernetesHost"] == "https://kubernetes.default.svc"
    # The pod's own token and CA are used, and renewed by Kubernetes.
    assert "tokenReviewerJwt" not in login
    assert declared.one(RELEASE)["values"]["server"]["authDelegator"] == {"enabled": True}


@pytest.mark.parametrize(("stack", "cloud"), [("dev", "aws"), ("prod", "alicloud")])
def test_a_real_cloud_s_stack_keeps_what_it_has_and_the_throw_away_cluster_nothing(
    declare: Declare, in_pods: InPods, stack: str, cloud: str
) -> None:
    kept = {r.type for r in _declared(declare, in_pods[stack]).resources if r.protect}
    thrown = {r.type for r in _declared(declare, in_pods["cluster"]).resources if r.protect}

    ours = {RELEASE, AUTHORITY, OWNED, "kubernetes:core/v1:Namespace"}
    theirs = {"kms/key:Key", "s3/bucket:Bucket" if cloud == "aws" else "oss/bucket:Bucket"}
    assert ours | {f"{cloud}:{kind}" for kind in theirs} <= kept
    assert thrown == set()


def test_ack_s_pods_unseal_with_a_key_from_a_secret_which_the_bootstrap_proves(
    declare: Declare, in_pods: InPods
) -> None:
    declared = _declared(declare, in_pods["prod"])
    server, owned = declared.one(RELEASE)["values"]["server"], declared.resource(OWNED)
    config = server["ha"]["raft"]["config"]
    names = {"ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"}

    assert 'seal "alicloudkms" {' in config
    assert 'domain = "kms-vpc.eu-central-1.aliyuncs.com"' in config
    assert {each["envName"] for each in server["extraSecretEnvironmentVars"]} == names
    secret = declared.resource("kubernetes:core/v1:Secret", "server-seal")
    assert secret.inputs["stringData"].keys() == names
    assert "stringData" in secret.secrets
    assert owned.inputs["custody"]["kind"] == "alicloud"
    assert owned.inputs["seal_credentials"].keys() == names
    assert "seal_credentials" in owned.secrets
    assert "seal_proof" not in owned.inputs


def test_the_machines_role_is_proven_by_a_pod_and_an_assumed_one_with_its_key(
    declare: Declare, in_pods: InPods
) -> None:
    cloud = json.loads(in_pods["prod"]["strongroom:cloud"])
    del cloud["sealKeyDays"]

    def owned(**said: str) -> dict[str, Any]:
        text = json.dumps({**cloud, **said})
        return _declared(declare, {**in_pods["prod"], "strongroom:cloud": text}).one(OWNED)

    machine = owned(sealIdentity="instance-role", instanceRole="worker")
    assumed = owned(sealIdentity="assumed-role")

    assert "ALICLOUD_ROLE_NAME" in machine["seal_proof"]["job"]
    assert "seal_credentials" not in machine
    assert "seal_proof" not in assumed
    assert assumed["custody"]["seal_role"] == "acs:ram::1234567890123456:role/cloud-unseal-role"
    assert "ALICLOUD_SECRET_KEY" in assumed["seal_credentials"]


def test_one_cloud_is_declared_and_no_other(declare: Declare, in_pods: InPods) -> None:
    def clouds(stack: str) -> set[str]:
        types = {r.type.split(":")[0] for r in _declared(declare, in_pods[stack]).resources}
        return types & {"aws", "alicloud"}

    assert (clouds("dev"), clouds("prod")) == ({"aws"}, {"alicloud"})


def test_only_clients_of_the_catalogue_and_the_settings_reach_eks_s_pods(
    declare: Declare, in_pods: InPods
) -> None:
    policy = _declared(declare, in_pods["dev"]).one(RELEASE)["values"]["server"]["networkPolicy"]

    selectors = [end for rule in policy["ingress"] for end in rule["from"]]
    assert selectors[1]["namespaceSelector"]["matchExpressions"][0]["values"] == [
        "blog",
        "monitoring",
        "shop",
    ]


@STACKS
def test_no_secret_stands_in_an_open_input_of_pods(
    declare: Declare, in_pods: InPods, stack: str
) -> None:
    for resource in _declared(declare, in_pods[stack]).resources:
        open_ = {key: v for key, v in resource.inputs.items() if key not in resource.secrets}
        for value in (*SECRETS.values(), "the key", "correct-horse-battery-staple"):
            assert value not in json.dumps(open_), resource.name


@STACKS
def test_a_first_preview_of_pods_meets_no_unknown_that_it_cannot_bear(
    declare: Declare, in_pods: InPods, stack: str
) -> None:
    declared = _declared(declare, in_pods[stack], preview=True)

    assert declared.one(RELEASE)["skipAwait"] is True


@STACKS
def test_without_a_tunnel_the_program_stops_before_anything_is_declared(
    declare: Declare, in_pods: InPods, stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TUNNEL)

    with pytest.raises(SystemExit):
        _run(declare, in_pods[stack])


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A Vault that somebody else runs, and a cloud for the catalogue's bucket."""
    password_file = tmp_path_factory.mktemp("outside") / "password"
    password_file.write_text("correct-horse-battery-staple")
    cloud = {"kind": "aws", "region": "eu-central-1", "accountId": "123456789012"}
    server = {
        "kind": "external", "flavour": "vault", "address": "https://vault.example.com",
        "vaultNamespace": "team",
    }  # fmt: skip
    return _of_engine(
        {
            "strongroom:cloud": cloud,
            "strongroom:server": server,
            "strongroom:account": {"cidrs": ["10.0.0.0/8"], "passwordFile": str(password_file)},
            "strongroom:access": {"method": "kubernetes", "host": "https://kubernetes.example.com"},
        }
    )


def test_of_a_vault_of_somebody_else_s_neither_seal_nor_custody_is_made(
    declare: Declare, outside: dict[str, str]
) -> None:
    declared = _declared(declare, outside)

    types = {resource.type for resource in declared.resources}
    assert not any(each.startswith(("aws:kms", "kubernetes:", NODES)) for each in types)
    assert OWNED not in types
    buckets = declared.all("aws:s3/bucket:Bucket")
    assert [bucket.inputs["bucket"] for bucket in buckets] == [
        "strongroom-123456789012-test-invoices"
    ]
    assert declared.all("aws:iam/accessKey:AccessKey")
    assert not declared.all("aws:iam/role:Role")


def test_in_it_the_account_configures_everything_in_the_namespace(
    declare: Declare, outside: dict[str, str]
) -> None:
    declared = _declared(declare, outside)

    inside = [r for r in declared.resources if r.type.startswith("vault:")]
    assert len(inside) > 10
    assert {resource.provider for resource in inside} == {"bootstrap-provider"}
    provider = declared.one("pulumi:providers:vault")
    assert (provider["address"], provider["namespace"]) == ("https://vault.example.com", "team")
    assert declared.exports["logins"]["shop/orders"]["namespace"] == "team"
    assert declared.exports["address"] == "https://vault.example.com"


def test_prometheus_reads_metrics_and_nothing_else(declare: Declare, in_pods: InPods) -> None:
    server = json.loads(in_pods["dev"]["strongroom:server"])
    given = {"kind": "secret", "name": "vault-server", "ca": "README.md"}
    watched = server | {"tls": given, "monitoring": {"serviceAccount": "monitoring/prometheus"}}
    config = {**in_pods["dev"], "strongroom:server": json.dumps(watched)}

    declared = _declared(declare, config)

    acl = declared.one("vault:index/policy:Policy", "metrics-acl")
    assert acl["policy"] == 'path "sys/metrics" {\n  capabilities = ["read"]\n}\n'
    role = declared.one("vault:kubernetes/authBackendRole:AuthBackendRole", "role-svc-metrics")
    assert role["boundServiceAccountNamespaces"] == ["monitoring"]
    assert role["tokenPolicies"] == ["svc-metrics"]
    assert declared.one("kubernetes:monitoring.coreos.com/v1:ServiceMonitor")
    plain = {resource.type for resource in _declared(declare, in_pods["dev"]).resources}
    assert not any("monitoring.coreos.com" in each for each in plain)


def test_annotations_of_a_load_balancer_are_borne(declare: Declare, in_pods: InPods) -> None:
    server = json.loads(in_pods["dev"]["strongroom:server"])
    exposure = {"kind": "internal-load-balancer", "annotations": {"example.com/a": "b"}}
    exposed = server | {"exposure": exposure, "address": "https://vault.example.com"}
    exposed["network"]["clientCidrs"] = ["10.0.0.0/16"]
    config = {**in_pods["dev"], "strongroom:server": json.dumps(exposed)}

    service = _declared(declare, config).one("kubernetes:core/v1:Service")

    assert service["metadata"]["annotations"]["example.com/a"] == "b"
