"""The whole program under the mock engine, with the embedded environment's configuration."""

import gc
import json
import runpy
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
import yaml

from catalog.reader import read
from sandbox import configuration
from sandbox.kinds.processes import Processes
from sandbox.layout import Layout, password
from sandbox.ports import Ports
from sandbox.toolchain import Toolchain
from tests.conftest import Declare, Declared

CHECKOUT = Path(__file__).parents[1]
PORTS = Ports(emulator=5000, vault=(8200, 8202, 8204), generate_root=(8300, 8301, 8302))
TOOLS = Toolchain(
    pulumi=Path("/opt/pulumi"), pulumi_home=Path("/opt/home"), bin=Path("/opt/bin"),
    bao=Path("/opt/bao"), helm=None, official_plugins=False, environment={},
)  # fmt: skip
OWNED = "pulumi-python:dynamic/strongroom:Owned"
NODES = "pulumi-python:dynamic/strongroom:Nodes"
SECRETS = {key: f"value-of-{key}" for key in read(CHECKOUT / "catalog").config_keys()}


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(CHECKOUT)
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    yield
    gc.enable()


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    """What `make up` would hand to the program."""
    layout = Layout(checkout=tmp_path)
    layout.prepare()
    layout.tracked_settings.write_text((CHECKOUT / "Pulumi.local.yaml").read_text())
    password(layout, "account")
    local = Processes(layout)
    local.prepare(print)
    filled_in = configuration.common(layout, PORTS.emulator)
    configuration.write(layout, filled_in, local.settings(PORTS, TOOLS))
    values = yaml.safe_load(layout.settings.read_text())["config"]
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }


def _declared(declare: Declare, config: dict[str, str], *, preview: bool = False) -> Declared:
    return declare(
        lambda: runpy.run_path(str(CHECKOUT / "__main__.py"), run_name="__main__"),
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
        _declared(declare, broken)

    assert "strongroom:acces is no setting" in caplog.text
    assert "strongroom:keep must be true or false" in caplog.text
