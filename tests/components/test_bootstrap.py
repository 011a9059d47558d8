import dataclasses
import json
from pathlib import Path
from typing import Any, Literal

import pulumi
import pytest

from acl.account import Shape
from components.bootstrap import (
    AccountArgs,
    BootstrapProvider,
    VaultBootstrap,
    VaultBootstrapArgs,
    _request,
)
from components.cloud.contract import CustodyPlace
from components.server.contract import Reach
from tests.conftest import Declare

OWNED = "pulumi-python:dynamic/strongroom:Owned"
PROVIDER = "pulumi:providers:vault"
PASSWORD = "correct-horse-battery-staple"  # what is searched for below
SHAPE = Shape(key_value=frozenset({"kv"}), methods={"kubernetes": "jwt"})


class _Server:
    flavour: Literal["openbao", "vault"] = "openbao"
    wipe_commands: tuple[str, ...] = ("empty the servers",)
    audit_files: tuple[str, ...] = ()
    reach: Reach | None = None

    def __init__(self) -> None:
        self.address = pulumi.Output.from_input("https://127.0.0.1:8200")
        self.members = pulumi.Output.from_input(["https://127.0.0.1:8200"])
        self.generate_root_members = pulumi.Output.from_input(["https://127.0.0.1:8300"])
        self.ca_certificate = pulumi.Output.from_input("a certificate")
        self.ca_file = pulumi.Output.from_input("/tls/ca.pem")


def _args(account: AccountArgs) -> VaultBootstrapArgs:
    return VaultBootstrapArgs(
        server=_Server(),
        custody=CustodyPlace(
            kind="aws", region="eu-central-1", endpoint=None, prefix="", bucket="custody",
            custody_key="custody-key", seal_key="seal-key", writer_role="writer",
            reader_role="reader",
        ),
        account=account,
        shape=SHAPE,
        directory=".strongroom",
    )  # fmt: skip


@pytest.fixture
def account(tmp_path: Path) -> AccountArgs:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    return AccountArgs(
        mount="strongroom", name="strongroom", cidrs=("127.0.0.1/32",), password_file=str(file)
    )


def test_the_provider_is_the_limited_account_and_waits_for_the_owned_cluster(
    declare: Declare, account: AccountArgs
) -> None:
    declared = declare(lambda: VaultBootstrap("bootstrap", _args(account)))

    provider = declared.resource(PROVIDER)
    login = json.loads(provider.inputs["authLoginUserpass"])
    assert login["username"] == login["mount"] == "strongroom"
    assert provider.inputs["caCertFile"] == "/tls/ca.pem"
    assert "bootstrap-owned" in provider.property_dependencies["address"]
    assert "token" not in provider.inputs


@pytest.mark.parametrize("role", ["arn:aws:iam::123456789012:role/machine", None])
def test_at_the_real_cloud_the_seal_is_proven_as_the_servers_own_role_if_there_is_one(
    declare: Declare, account: AccountArgs, role: str | None
) -> None:
    args = _args(account)
    changed = dataclasses.replace(args, custody=dataclasses.replace(args.custody, seal_role=role))

    given = declare(lambda: VaultBootstrap("bootstrap", changed)).one(OWNED)

    request = _request(given, SHAPE)
    assert request.custody.seal_role == role
    assert request.custody.endpoint is None


def test_a_password_from_a_file_is_in_no_input(declare: Declare, account: AccountArgs) -> None:
    declared = declare(lambda: VaultBootstrap("bootstrap", _args(account)))

    for resource in declared.resources:
        assert PASSWORD not in json.dumps(resource.inputs)
    assert "passwordFingerprint" in {
        name.replace("password_fingerprint", "passwordFingerprint")
        for name in declared.resource(OWNED).secrets
    }


def test_a_password_from_the_stack_is_secret_wherever_it_stands(
    declare: Declare, account: AccountArgs
) -> None:
    def program() -> None:
        given = dataclasses.replace(
            account, password_file=None, password=pulumi.Output.from_input(PASSWORD)
        )
        VaultBootstrap("bootstrap", _args(given))

    for resource in declare(program).resources:
        open_ = {key: v for key, v in resource.inputs.items() if key not in resource.secrets}
        assert PASSWORD not in json.dumps(open_)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password_file": None}, "password"),
        ({"cidrs": ()}, "cidrs"),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    account: AccountArgs, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(account, **change)


def test_a_missing_password_file_is_named(declare: Declare, account: AccountArgs) -> None:
    gone = dataclasses.replace(account, password_file="/nowhere/password")

    with pytest.raises(ValueError, match=r"account\.passwordFile /nowhere/password can't be read"):
        declare(lambda: VaultBootstrap("bootstrap", _args(gone)))


def test_a_newline_that_the_provider_would_take_for_the_password_is_refused(
    declare: Declare, account: AccountArgs
) -> None:
    Path(account.password_file or "").write_text(PASSWORD + "\n")

    with pytest.raises(ValueError, match="without a newline") as refused:
        declare(lambda: VaultBootstrap("bootstrap", _args(account)))

    assert PASSWORD not in str(refused.value)


def test_a_short_password_is_refused(declare: Declare, account: AccountArgs) -> None:
    Path(account.password_file or "").write_text("hunter2")

    with pytest.raises(ValueError, match="longer password") as refused:
        declare(lambda: VaultBootstrap("bootstrap", _args(account)))

    assert "hunter2" not in str(refused.value)


def test_an_acl_shrinks_only_in_the_run_after() -> None:
    before = SHAPE.united(Shape(methods={"people": "userpass"})).to_document()
    now = SHAPE.to_document()
    olds = {"acl": "a", "shape": now, "covered": before}
    news = {"acl": "a", "shape": now}

    diff = BootstrapProvider().diff("id", olds, news)
    settled = BootstrapProvider().diff("id", {**olds, "covered": now}, news)

    assert diff.changes
    assert not settled.changes


@pytest.mark.parametrize("key", ["acl", "shape", "password_fingerprint", "cidrs", "members"])
def test_what_changes_is_an_update_and_never_a_replacement(key: str) -> None:
    olds = {"shape": SHAPE.to_document(), "covered": SHAPE.to_document(), key: "old"}
    news = {"shape": SHAPE.to_document(), key: "new"}
    if key == "shape":
        news["shape"] = Shape().to_document()

    diff = BootstrapProvider().diff("id", olds, news)

    assert diff.changes
    assert not diff.replaces


def test_deleting_the_resource_deletes_no_key() -> None:
    assert BootstrapProvider().delete("id", {}) is None  # type: ignore[func-returns-value]
