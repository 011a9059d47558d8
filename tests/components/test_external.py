"""The account in a Vault of somebody else's: made with a lent token, held without one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hvac.exceptions import Forbidden, InvalidPath

from acl.account import Shape
from acl.lent import lent_acl
from components.account import AccountArgs
from components.dynamic_errors import ToldError
from components.external import LENT, ExternalProvider, ExternalVault, ExternalVaultArgs
from sandbox.layout import cache_directory
from tests.conftest import Declare
from tests.e2e.kubernetes.lab import VAULT
from tests.real.foreign import Foreign, running_foreign

EXTERNAL = "pulumi-python:dynamic/strongroom:External"
PASSWORD = "correct-horse-battery-staple"
SHAPE = Shape(key_value=frozenset({"kv"}), methods={"kubernetes": "jwt"})
WIDER = SHAPE.united(Shape(methods={"people": "userpass"}))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    with running_foreign(tmp_path_factory.mktemp("foreign")) as running:
        yield running


@pytest.fixture
def foreign(shared: Foreign, monkeypatch: pytest.MonkeyPatch) -> Iterator[Foreign]:
    """With nothing of ours in it, before and after."""
    monkeypatch.delenv(LENT, raising=False)
    yield shared
    client = shared.client()
    for mount in ("strongroom", "other"):
        client.sys.disable_auth_method(mount)
    client.sys.delete_policy("strongroom")


def _account(tmp_path: Path, **changes: Any) -> AccountArgs:
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    usual: dict[str, Any] = {
        "mount": "strongroom", "name": "strongroom", "cidrs": ("127.0.0.1/32",),
        "password_file": str(file),
    }  # fmt: skip
    return AccountArgs(**(usual | changes))


def _props(
    declare: Declare, foreign: Foreign, account: AccountArgs, **changes: Any
) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "flavour": "openbao", "address": foreign.address, "ca": str(foreign.ca_file),
        "namespace": None, "account": account, "shape": SHAPE,
    }  # fmt: skip
    args = ExternalVaultArgs(**(usual | changes))
    return dict(declare(lambda: ExternalVault("vault", args)).one(EXTERNAL))


def _made(provider: ExternalProvider, props: dict[str, Any]) -> dict[str, Any]:
    made = provider.create(props)
    return dict(made.outs or {})


def test_the_provider_is_the_account_in_its_namespace(declare: Declare, tmp_path: Path) -> None:
    args = ExternalVaultArgs(
        flavour="openbao",
        address="https://vault.example.com",
        ca=None,
        namespace="team",
        account=_account(tmp_path),
        shape=SHAPE,
    )

    declared = declare(lambda: ExternalVault("vault", args))

    provider = declared.resource("pulumi:providers:vault")
    login = json.loads(provider.inputs["authLoginUserpass"])
    assert (login["mount"], login["username"], login["namespace"]) == (
        "strongroom", "strongroom", "team",
    )  # fmt: skip
    assert provider.inputs["namespace"] == "team"
    assert "vault-account" in provider.dependencies
    assert {"token", "caCertFile"}.isdisjoint(provider.inputs)
    assert declared.resource(EXTERNAL).protect
    assert PASSWORD not in json.dumps([each.inputs for each in declared.resources])


def test_plain_http_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="address must begin with https://"):
        ExternalVaultArgs(
            flavour="vault", address="http://vault", ca=None, namespace=None,
            account=_account(tmp_path), shape=SHAPE,
        )  # fmt: skip


@pytest.mark.real
def test_a_lent_token_is_wanted_once_and_kept_nowhere(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    props, provider = _props(declare, foreign, _account(tmp_path)), ExternalProvider()

    with pytest.raises(ToldError) as refused:
        provider.create(props)
    monkeypatch.setenv(LENT, foreign.root)
    outs = _made(provider, props)
    monkeypatch.delenv(LENT)

    assert str(refused.value) == (
        "the account is not there (its login or a look at its permissions is refused:"
        f" Forbidden): it must be written at {foreign.address}, which takes its owner's token;"
        f" run this once with {LENT} set to a root or administrator token; it is kept nowhere"
    )
    assert foreign.root not in json.dumps(outs)
    assert PASSWORD not in json.dumps(outs)
    assert provider.read("id", outs).outs == outs
    # The state was lost: what is there already is taken as it is.
    assert provider.create(props).id == outs["cluster_id"]


@pytest.mark.real
def test_an_administrator_s_token_that_may_do_this_and_no_more_is_enough(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = _account(tmp_path)
    lent = foreign.token(lent_acl(name=account.name, mount=account.mount))
    monkeypatch.setenv(LENT, lent)

    outs = _made(ExternalProvider(), _props(declare, foreign, account))

    with pytest.raises(Forbidden):
        foreign.client(lent).sys.create_or_update_policy("other", "")
    assert outs["covered"] == SHAPE.to_document()


@pytest.mark.real
def test_a_token_that_may_not_is_explained(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LENT, foreign.token('path "kv/*" { capabilities = ["read"] }'))

    with pytest.raises(
        ToldError, match=r"permission denied\); the token that was lent is not an"
    ) as e:
        ExternalProvider().create(_props(declare, foreign, _account(tmp_path)))

    assert len(str(e.value).splitlines()) == 1


@pytest.mark.real
def test_a_new_mount_wants_the_token_again_and_a_removed_one_does_not(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, provider = _account(tmp_path), ExternalProvider()
    narrow = _props(declare, foreign, account)
    wide = _props(declare, foreign, account, shape=WIDER)
    monkeypatch.setenv(LENT, foreign.root)
    outs = _made(provider, narrow)
    monkeypatch.delenv(LENT)

    assert provider.diff("id", outs, wide).changes
    with pytest.raises(ToldError) as refused:
        provider.update("id", outs, wide)
    monkeypatch.setenv(LENT, foreign.root)
    widened = dict(provider.update("id", outs, wide).outs or {})
    monkeypatch.delenv(LENT)
    # A person's mount goes again; the acl that covers it stays until there is a token.
    shrunk = dict(provider.update("id", widened, narrow).outs or {})

    assert str(refused.value).startswith(
        "auth/people: new, and the account's acl must be written at https://"
    )
    assert shrunk["covered"] == widened["covered"] == WIDER.to_document()
    assert not provider.diff("id", shrunk, narrow).changes
    monkeypatch.setenv(LENT, foreign.root)
    assert provider.diff("id", shrunk, narrow).changes
    settled = dict(provider.update("id", shrunk, narrow).outs or {})
    assert settled["covered"] == SHAPE.to_document()
    assert provider.read("id", settled).outs == settled


@pytest.mark.real
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cidrs": ("10.0.0.0/8", "127.0.0.1/32")}, "account.cidrs"),
        ({"mount": "other"}, "account.mount"),
    ],
)
def test_what_only_the_owner_can_change_is_named(
    declare: Declare,
    foreign: Foreign,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    named: str,
) -> None:
    provider = ExternalProvider()
    monkeypatch.setenv(LENT, foreign.root)
    outs = _made(provider, _props(declare, foreign, _account(tmp_path)))
    changed = _props(declare, foreign, _account(tmp_path, **change))
    monkeypatch.delenv(LENT)

    with pytest.raises(ToldError, match=f"^{named}.*: changed, and the account must be written at"):
        provider.update("id", outs, changed)
    monkeypatch.setenv(LENT, foreign.root)
    updated = dict(provider.update("id", outs, changed).outs or {})

    assert provider.read("id", updated).outs == updated
    methods = foreign.client().sys.list_auth_methods()["data"]
    assert [mount for mount in methods if mount in ("strongroom/", "other/")] == [
        f"{change.get('mount', 'strongroom')}/"
    ]


@pytest.mark.real
def test_an_acl_that_somebody_narrowed_is_shown_and_wants_the_token(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, props = ExternalProvider(), _props(declare, foreign, _account(tmp_path))
    monkeypatch.setenv(LENT, foreign.root)
    outs = _made(provider, props)
    monkeypatch.delenv(LENT)
    foreign.client().sys.create_or_update_policy(
        "strongroom", 'path "auth/token/create" { capabilities = ["update"] }'
    )

    found = dict(provider.read("id", outs).outs or {})

    assert found["acl"].startswith("drifted: on 'auth/kubernetes/config' it has [] instead of")
    with pytest.raises(ToldError, match="the account has changed"):
        provider.update("id", found, props)


@pytest.mark.real
def test_a_login_method_that_people_use_is_never_taken_over(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign.client().sys.enable_auth_method("userpass", path="strongroom", description="people")
    monkeypatch.setenv(LENT, foreign.root)

    with pytest.raises(ToldError, match=r"set account\.mount to a path that nothing else uses"):
        ExternalProvider().create(_props(declare, foreign, _account(tmp_path)))


@pytest.mark.real
def test_another_vault_at_the_address_is_refused(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LENT, foreign.root)
    provider, props = ExternalProvider(), _props(declare, foreign, _account(tmp_path))
    outs = _made(provider, props)

    with pytest.raises(ToldError, match=r"put server\.address back, or take another stack"):
        provider.update("id", {**outs, "cluster_id": "another"}, props)


@pytest.mark.real
def test_destroy_takes_the_account_away_with_a_token_and_says_what_it_leaves_without(
    declare: Declare,
    foreign: Foreign,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    provider = ExternalProvider()
    monkeypatch.setenv(LENT, foreign.root)
    outs = _made(provider, _props(declare, foreign, _account(tmp_path)))
    monkeypatch.delenv(LENT)

    provider.delete("id", outs)
    left = "strongroom/" in foreign.client().sys.list_auth_methods()["data"]
    monkeypatch.setenv(LENT, foreign.root)
    provider.delete("id", outs)

    assert left
    assert "login method auth/strongroom and acl strongroom" in capfd.readouterr().err
    assert "strongroom/" not in foreign.client().sys.list_auth_methods()["data"]
    with pytest.raises(InvalidPath):
        foreign.client().sys.read_acl_policy("strongroom")


@pytest.mark.real
def test_its_certificate_is_verified_by_what_the_machine_trusts_where_no_ca_is_given(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LENT, foreign.root)
    props = _props(declare, foreign, _account(tmp_path), ca=None)

    with pytest.raises(ToldError, match="does not show a certificate of the CA"):
        ExternalProvider().create(props)
    # What OpenSSL, and Go, take for the machine's own CAs.
    monkeypatch.setenv("SSL_CERT_FILE", str(foreign.ca_file))
    assert _made(ExternalProvider(), props)["covered"] == SHAPE.to_document()


@pytest.mark.real
def test_in_a_namespace_everything_is_in_it_and_the_account_cannot_leave(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = ExternalProvider()
    monkeypatch.setenv(LENT, foreign.root)
    props = _props(declare, foreign, _account(tmp_path), namespace="team")
    with pytest.raises(ToldError) as missing:
        provider.create(props)
    foreign.client().adapter.post("/v1/sys/namespaces/team")
    try:
        # An administrator of the namespace alone is enough.
        inside = foreign.token(lent_acl(name="strongroom", mount="strongroom"), "team")
        monkeypatch.setenv(LENT, inside)
        outs = _made(provider, props)
        monkeypatch.delenv(LENT)

        assert provider.read("id", outs).outs == outs
        assert "strongroom/" not in foreign.client().sys.list_auth_methods()["data"]
        login = foreign.client(namespace="team")
        login.auth.userpass.login("strongroom", PASSWORD, mount_point="strongroom")
        # What makes an account its own administrator: an acl of its making, and somebody who bears it.
        everything = (
            'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'
        )
        login.sys.create_or_update_acl_policy("svc-all", everything)
        made = foreign.client(namespace="team").auth.token.create(policies=["svc-all"])
        administrator = made["auth"]["client_token"]
        foreign.client(administrator, "team").sys.list_mounted_secrets_engines()
        for token in (login.token, administrator):
            outside = foreign.client(token)
            attempts: tuple[Callable[[], object], ...] = (
                lambda at=outside: at.sys.create_or_update_acl_policy("svc-all", everything),  # type: ignore[misc]
                outside.sys.list_mounted_secrets_engines,
                lambda at=outside: at.auth.token.create(policies=["svc-all"]),  # type: ignore[misc]
            )
            for attempt in attempts:
                with pytest.raises(Forbidden):
                    attempt()
    finally:
        foreign.client().adapter.delete("/v1/sys/namespaces/team")
    assert f"{foreign.address} has no namespace team; let its owner make it" in str(missing.value)


@pytest.mark.real
def test_another_namespace_is_refused(
    declare: Declare, foreign: Foreign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LENT, foreign.root)
    provider = ExternalProvider()
    outs = _made(provider, _props(declare, foreign, _account(tmp_path)))

    with pytest.raises(ToldError, match=r"vaultNamespace has changed.*\(none\); put it back"):
        provider.update("id", outs, {**outs, "namespace": "team"})


@pytest.mark.real
def test_vault_s_community_edition_which_would_ignore_a_namespace_is_refused(
    declare: Declare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = cache_directory() / f"{VAULT.name}-{VAULT.version}" / VAULT.name
    if not server.exists():
        pytest.skip("HashiCorp Vault isn't built here: `make test-kubernetes` builds it")
    with running_foreign(tmp_path, str(server)) as foreign:
        monkeypatch.setenv(LENT, foreign.root)
        account, provider = _account(tmp_path), ExternalProvider()
        props = _props(declare, foreign, account, flavour="vault", namespace="team")

        with pytest.raises(ToldError, match="whose community edition has no namespaces"):
            provider.create(props)

        assert "strongroom/" not in foreign.client().sys.list_auth_methods()["data"]
        in_root = _props(declare, foreign, account, flavour="vault")
        outs = _made(provider, in_root)
        assert provider.read("id", outs).outs == outs
