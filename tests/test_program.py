"""The whole program under the mock engine: with the embedded environment's configuration, with pods, and with EKS."""

import gc
import json
import runpy
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
    pulumi=Path("/opt/pulumi"), pulumi_home=Path("/opt/home"), bin=Path("/opt/bin"),
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
    for stack in ("dev", "cluster"):
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
        "mount": "kubernetes",
        "role": "svc-shop.orders",
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


STACKS = pytest.mark.parametrize("stack", ["dev", "cluster"])
InPods = dict[str, dict[str, str]]


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


def test_eks_keeps_what_it_has_and_the_throw_away_cluster_nothing(
    declare: Declare, in_pods: InPods
) -> None:
    kept = {r.type for r in _declared(declare, in_pods["dev"]).resources if r.protect}
    thrown = {r.type for r in _declared(declare, in_pods["cluster"]).resources if r.protect}

    assert {RELEASE, AUTHORITY, OWNED, "kubernetes:core/v1:Namespace"} <= kept
    assert thrown == set()


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
