"""How the stand-in `vault` logs in, and with how little it gets by."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest
from hvac import Client

from tests.real.faults import faulty
from tests.sandbox.plugins.conftest import ROOT
from tests.sandbox.plugins.driver import Driver, refusal

pytestmark = pytest.mark.real
POLICY = "vault:index/policy:Policy"


@pytest.fixture
def vault() -> Iterator[Driver]:
    with Driver.start("vault") as driver:
        yield driver


def account(bao: Client, suffix: str, acl: str) -> dict[str, str]:
    bao.sys.enable_auth_method("userpass", path=f"account-{suffix}")
    bao.sys.create_or_update_policy(f"limited-{suffix}", acl)
    bao.auth.userpass.create_or_update_user(
        "strongroom", f"pw-{suffix}", f"limited-{suffix}", mount_point=f"account-{suffix}"
    )
    return {"username": "strongroom", "mount": f"account-{suffix}"}


ACL = """
path "auth/token/create" { capabilities = ["update"] }
path "sys/policies/acl/svc-*" { capabilities = ["create", "read", "update", "delete"] }
"""


def accessors(bao: Client) -> set[str]:
    found: Any = bao.list("auth/token/accessors")
    return set(found["data"]["keys"])


def settings(address: str, login: dict[str, str]) -> dict[str, Any]:
    return {"address": address, "authLoginUserpass": json.dumps(login)}


@pytest.mark.parametrize("by_file", [True, False])
def test_it_logs_in_with_userpass(
    vault: Driver, bao: Client, vault_address: str, suffix: str, tmp_path: Path, *, by_file: bool
) -> None:
    login = account(bao, suffix, ACL)
    if by_file:
        file = tmp_path / "password"
        file.write_text(f"pw-{suffix}")
        login["passwordFile"] = str(file)
    else:
        login["password"] = f"pw-{suffix}"
    vault.configure(settings(vault_address, login))
    identity, state = vault.create(POLICY, {"name": f"svc-{suffix}", "policy": "#"})
    assert identity == f"svc-{suffix}"
    assert vault.read(POLICY, identity, state)[0] == identity
    vault.delete(POLICY, identity, state)


def test_the_acl_without_a_child_token_is_refused_as_the_official_plugin_is(
    vault: Driver, bao: Client, vault_address: str, suffix: str
) -> None:
    login = account(bao, suffix, 'path "sys/policies/acl/*" { capabilities = ["update"] }')
    vault.configure(settings(vault_address, {**login, "password": f"pw-{suffix}"}))
    with pytest.raises(grpc.RpcError) as caught:
        vault.create(POLICY, {"name": f"svc-{suffix}", "policy": "#"})
    assert "refuses a child token" in refusal(caught.value)


def test_a_wrong_password_is_one_line_without_it(
    vault: Driver, bao: Client, vault_address: str, suffix: str
) -> None:
    login = account(bao, suffix, ACL)
    vault.configure(settings(vault_address, {**login, "password": "guessed-wrong"}))
    with pytest.raises(grpc.RpcError) as caught:
        vault.create(POLICY, {"name": "x", "policy": "#"})
    assert "refuses the login of 'strongroom'" in refusal(caught.value)
    assert "guessed-wrong" not in refusal(caught.value)
    assert "\n" not in refusal(caught.value)


def test_its_tokens_are_dead_when_it_has_left(bao: Client, vault_address: str, suffix: str) -> None:
    login = account(bao, suffix, ACL)
    before = accessors(bao)
    with Driver.start("vault") as vault:
        vault.configure(settings(vault_address, {**login, "password": f"pw-{suffix}"}))
        vault.create(POLICY, {"name": f"svc-{suffix}", "policy": "#"})
        during = accessors(bao)
        assert len(during - before) == 2  # the login's and its child
    assert accessors(bao) <= before


def test_the_operators_own_token_is_never_used(
    vault_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "root")
    with Driver.start("vault") as vault:
        vault.configure({"address": vault_address})
        with pytest.raises(grpc.RpcError) as caught:
            vault.create(POLICY, {"name": "x", "policy": "#"})
    assert "neither token nor authLoginUserpass" in refusal(caught.value)


def test_nothing_is_contacted_before_it_is_needed(vault: Driver) -> None:
    vault.configure({"address": "https://127.0.0.1:1", "token": "x"})
    assert vault.diff(POLICY, {"name": "a", "policy": "x"}, {"name": "a", "policy": "x"}) == (
        set(),
        set(),
    )
    assert vault.preview(POLICY, {"name": "a", "policy": "x"}) == {"name": "a", "policy": "x"}


def test_a_server_that_is_not_there_is_one_line(vault: Driver) -> None:
    vault.configure({"address": "https://127.0.0.1:1", "token": "secret-token", "maxRetries": "0"})
    with pytest.raises(grpc.RpcError) as caught:
        vault.read(POLICY, "x")
    assert refusal(caught.value).startswith("vault at https://127.0.0.1:1 can't be reached")
    assert "secret-token" not in refusal(caught.value)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        (
            {"address": "http://vault.example:8200", "token": "x"},
            "neither https nor on this machine",
        ),
        (
            {"address": "https://127.0.0.1:1", "token": "x", "skipTlsVerify": "true"},
            "skipTlsVerify",
        ),
    ],
)
def test_an_unprotected_connection_is_refused(
    vault: Driver, settings: dict[str, str], wrong: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:  # noqa: PT012  either may refuse
        vault.configure(settings)
        vault.read(POLICY, "x")
    assert wrong in refusal(caught.value)


def test_the_servers_certificate_is_verified(vault_over_tls: tuple[str, Path]) -> None:
    address, ca = vault_over_tls
    with Driver.start("vault") as trusting:
        trusting.configure({"address": address, "token": "root", "caCertFile": str(ca)})
        assert trusting.create(POLICY, {"name": "a", "policy": "#"})[0] == "a"
    with Driver.start("vault") as distrusting:
        distrusting.configure({"address": address, "token": "root", "maxRetries": "0"})
        with pytest.raises(grpc.RpcError) as caught:
            distrusting.read(POLICY, "a")
    assert "SSLError" in refusal(caught.value)


@pytest.mark.parametrize("who", ["Upgrading", "Waiting for the primary to upgrade"])
def test_a_new_mount_is_waited_for_until_it_has_versions(
    vault: Driver, bao: Client, vault_address: str, suffix: str, who: str
) -> None:
    bao.sys.enable_secrets_engine("kv", path=f"kv-{suffix}", options={"version": "2"})
    refused = f"{who} from non-versioned to versioned data. This backend will be unavailable"
    with faulty(vault_address) as proxy:
        for _ in range(2):
            proxy.say_once(f"PUT /v1/kv-{suffix}/data/mail", 400, refused)
        vault.configure({"address": proxy.url, "token": ROOT})
        secret = {"mount": f"kv-{suffix}", "name": "mail", "dataJson": '{"password": "x"}'}
        identity, _ = vault.create("vault:kv/secretV2:SecretV2", secret)
    assert identity == f"kv-{suffix}/data/mail"
    stored = bao.secrets.kv.v2.read_secret_version(
        "mail", raise_on_deleted_version=True, mount_point=f"kv-{suffix}"
    )
    assert stored["data"]["data"] == {"password": "x"}
