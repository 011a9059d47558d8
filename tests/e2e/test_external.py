"""A Vault that somebody else runs, end to end, in order, in a namespace of it."""

import re
from collections.abc import Iterator

import pytest
from hvac.exceptions import Forbidden, InvalidPath

from components.external import LENT
from tests.e2e.elsewhere import STACK, Elsewhere
from tests.e2e.watch import Watch
from tests.real.foreign import running_foreign

pytestmark = [pytest.mark.e2e]


NAMESPACE = "teams/platform"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Share one Vault and one stack among the tests, which build on one another."""
    with running_foreign(tmp_path_factory.mktemp("foreign")) as foreign:
        above, _, below = NAMESPACE.partition("/")
        foreign.client().adapter.post(f"/v1/sys/namespaces/{above}")
        foreign.client(namespace=above).adapter.post(f"/v1/sys/namespaces/{below}")
        yield Elsewhere.make(tmp_path_factory.mktemp("elsewhere"), foreign, NAMESPACE)


def test_without_the_owner_s_token_nothing_is_made(stack: Elsewhere) -> None:
    ran = stack.up()

    assert ran.code != 0
    assert f"run this once with {LENT} set to a root or administrator token" in ran.output
    assert "Traceback" not in ran.output
    assert set(stack.owner().sys.list_auth_methods()["data"]) == {"token/"}


def test_with_it_everything_is(stack: Elsewhere) -> None:
    ran = stack.up(lent=stack.foreign.root)

    assert ran.code == 0, ran.output
    assert "aws" not in stack.succeed("pulumi", "stack", "--show-urns")
    client = stack.logged_in("shop/orders")
    read = client.secrets.kv.v2.read_secret_version(
        "shop/orders/mail", mount_point="kv", raise_on_deleted_version=True
    )
    assert read["data"]["data"] == {"password": stack.value("mailPassword")}


def test_from_then_on_the_account_does_it_all(stack: Elsewhere) -> None:
    again = stack.up()
    stack.write_service({"service": "billing", "namespace": "shop"})
    added = stack.up()

    assert re.search(r"Resources:\n\s+\d+ unchanged\n", again.output), again.output
    assert added.code == 0, added.output
    assert re.search(r"\+ 2 created", added.output), added.output
    with pytest.raises((Forbidden, InvalidPath)):
        stack.logged_in("shop/billing").secrets.kv.v2.read_secret_version(
            "shop/orders/mail", mount_point="kv", raise_on_deleted_version=True
        )
    refreshed = stack.run("pulumi", "refresh", "--yes", "--non-interactive", "--run-program")
    assert refreshed.code == 0, refreshed.output


def test_nothing_of_it_is_outside_the_namespace(stack: Elsewhere) -> None:
    root = stack.foreign.client().sys
    ours = {"strongroom/", "kubernetes/", "people/"}

    assert ours <= set(stack.owner().sys.list_auth_methods()["data"])
    assert ours.isdisjoint(root.list_auth_methods()["data"])
    assert "kv/" not in root.list_mounted_secrets_engines()["data"]


def test_drift_is_found_and_repaired_as_the_account(stack: Elsewhere) -> None:
    stack.owner().secrets.kv.v2.create_or_update_secret(
        "shop/orders/mail", {"password": "of-somebody-else-s"}, mount_point="kv"
    )

    found = stack.ops("drift", "--stack", STACK)
    repaired = stack.ops("drift", "--stack", STACK, "--repair")
    again = stack.ops("drift", "--stack", STACK)

    assert (found.code, found.output) == (1, "kv/shop/orders/mail: changed\n")
    assert repaired.code == 0, repaired.output
    assert again.code == 0, again.output
    assert re.fullmatch(r"every secret is as the program wrote it \(\d+\)\n", again.output)


def test_nobody_here_mints_a_root_token_or_rolls_its_servers(stack: Elsewhere) -> None:
    for command in (("root", "--stack", STACK, "--", "true"), ("roll", "--stack", STACK)):
        ran = stack.ops(*command)

        assert (ran.code, ran.output) == (
            1,
            (
                "this stack's Vault is somebody else's, and so are its keys and servers; ask its"
                " owner\n"
            ),
        )


def test_a_new_login_method_wants_the_token_once_more(stack: Elsewhere) -> None:
    stack.write_settings({"strongroom:people": {"mount": "staff"}})

    refused = stack.up()
    widened = stack.up(lent=stack.foreign.root)
    after = stack.up()

    assert refused.code != 0
    assert "auth/staff: new, and the account's acl must be written at https://" in refused.output
    assert widened.code == 0, widened.output
    assert after.code == 0, after.output
    assert "staff/" in stack.owner().sys.list_auth_methods()["data"]
    assert "people/" not in stack.owner().sys.list_auth_methods()["data"]


def test_token_and_passwords_are_nowhere(stack: Elsewhere, watch: Watch) -> None:
    secrets = [stack.foreign.root, stack.value("mailPassword"), stack.value("accountPassword")]
    said = "\n".join(stack.said)

    assert [number for number, secret in enumerate(secrets) if secret in said] == []
    assert watch.arguments([secret.encode() for secret in secrets[1:]]) == []
    for file in stack.path.rglob("*"):
        if file.is_file() and ".venv" not in file.parts:
            data = file.read_bytes()
            assert not any(secret.encode() in data for secret in secrets), file


def test_destroy_leaves_the_account_and_says_so(stack: Elsewhere) -> None:
    ran = stack.run("pulumi", "destroy", "--yes", "--non-interactive", "--run-program")

    assert ran.code == 0, ran.output
    assert "login method auth/strongroom and acl strongroom" in ran.output
    left = set(stack.owner().sys.list_auth_methods()["data"])
    assert left == {"token/", "strongroom/"}
