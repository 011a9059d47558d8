"""The main job, end to end, in order: each test goes on from where the one before it left the stack."""

import json
import os
import re
import time
from pathlib import Path

import hvac
import pytest
from hvac.exceptions import Forbidden, InvalidRequest

from components.server import spawn
from components.server.nodes import health, pid, recorded
from reach.health import ACTIVE
from tests.docs.commands import LOCAL, lines_of
from tests.e2e.leaks import assert_nowhere, passwords, recovery_keys, values
from tests.e2e.scratch import CHECKOUT, Scratch
from tests.e2e.watch import Watch

pytestmark = [pytest.mark.e2e]


def test_make_up_makes_an_owned_cluster(scratch: Scratch) -> None:
    ran = scratch.up()

    assert "Vault is up" in ran.output
    assert ran.output.count("bootstrap: init (") == 1
    assert re.search(r"toolchain: \d+\.\d s", ran.output)
    assert scratch.sandbox("status").code == 0
    health = scratch.client().sys.read_health_status(method="GET")
    assert (health["initialized"], health["sealed"]) == (True, False)


def test_again_nothing_changes(scratch: Scratch) -> None:
    ran = scratch.up()

    assert re.search(r"Resources:\n\s+\d+ unchanged\n", ran.output), ran.output


def test_plain_pulumi_works_in_a_sourced_shell(scratch: Scratch) -> None:
    ran = scratch.sourced("pulumi preview --diff --non-interactive --expect-no-changes")

    assert ran.code == 0, ran.output


def test_its_diagram_is_the_one_that_the_documentation_shows(scratch: Scratch) -> None:
    ran = scratch.sourced("python -m ops diagram --stack local")

    assert ran.code == 0, ran.output
    assert ran.output.count(" --> ") > 5
    assert f"```mermaid\n{ran.output}```" in (CHECKOUT / "docs" / "diagrams.md").read_text()


@pytest.mark.parametrize("line", lines_of(LOCAL))
def test_what_the_documentation_says_to_type_here_works(scratch: Scratch, line: str) -> None:
    ran = scratch.documented(line)

    assert ran.code == 0, "a line of README.md or docs/ fails"


def test_the_policy_pack_holds_and_says_what_it_lets_pass(scratch: Scratch) -> None:
    ran = scratch.sandbox("preview")

    assert ran.code == 0, ran.output
    assert "strongroom|local|policies" in ran.output
    assert "[mandatory]" not in ran.output
    assert "the exception from what-stays-is-protected for * lets 5 pass until" in ran.output
    plain = scratch.sourced("pulumi preview --policy-pack policies --non-interactive")
    assert plain.code == 0, plain.output
    assert "strongroom@v" in plain.output


def test_what_the_policy_pack_finds_stops_before_anything_changes(scratch: Scratch) -> None:
    exceptions = scratch.path / "policies" / "exceptions.yaml"
    before = exceptions.read_text()
    exceptions.write_text(before.replace("expires: 20", "expires: 19", 1))
    new = scratch.service("shop/returns", cloud={"labels": {"bucket": "labels", "access": "read"}})
    try:
        previewed = scratch.sandbox("preview")
        made = scratch.sandbox("up")
    finally:
        exceptions.write_text(before)
        new.unlink()

    for ran in (previewed, made):
        assert ran.code != 0, ran.output
        assert "[mandatory]" in ran.output
        assert re.search(
            r"^stopped by \d.* what-stays-is-protected at \S", ran.output, re.MULTILINE
        )
        assert "what-stays-is-protected" in ran.output
        assert "protect is off." in ran.output
        assert "Cure: set protect=True (keep: true)." in ran.output
    assert "expired on 19" in previewed.output
    urns = scratch.sourced("pulumi stack --show-urns").output
    assert "cloud-custody-bucket" in urns
    assert "cloud-bucket-labels-bucket" not in urns
    # What needs no protection may have been made by then.
    scratch.up()
    assert "labels" not in scratch.sourced("pulumi stack --show-urns").output


def test_the_checkout_stays_clean(scratch: Scratch) -> None:
    tracked = {
        path.relative_to(scratch.path)
        for path in scratch.path.rglob("*")
        if path.is_file()
        and path.relative_to(scratch.path).parts[0] not in (".sandbox", ".sandbox.lock", ".venv")
    }

    made = {
        path
        for path in tracked
        if not (CHECKOUT / path).exists() and "__pycache__" not in path.parts
    }
    assert made == set()
    tracked_settings = "Pulumi.local.yaml"
    assert (scratch.path / tracked_settings).read_bytes() == (
        CHECKOUT / tracked_settings
    ).read_bytes()


def test_the_outputs_lead_to_logins_and_paths_and_hold_no_secret(scratch: Scratch) -> None:
    outputs = scratch.outputs()

    assert outputs["logins"]["shop/orders"] == {
        "role": "svc-shop.orders",
        "mounts": {"home": "kubernetes"},
    }
    assert "kv/shop/orders/mail" in outputs["secrets"]["shop/orders"]
    assert "kv/shop/orders/cloud/invoices" in outputs["secrets"]["shop/orders"]
    assert set(outputs) == {"address", "logins", "secrets"}


def test_a_service_reads_its_own_secrets(scratch: Scratch) -> None:
    orders = scratch.logged_in("shop/orders")

    expected = scratch.sandbox_file("passwords/mailPassword").read_text()
    assert scratch.read(orders, "kv/shop/orders/mail")["password"] == expected


def test_the_credentials_in_it_reach_the_bucket(scratch: Scratch) -> None:
    import boto3  # noqa: PLC0415

    fields = scratch.read(scratch.logged_in("shop/orders"), "kv/shop/orders/cloud/invoices")

    client = boto3.client(
        "s3",
        endpoint_url=fields["endpoint"],
        region_name=fields["region"],
        aws_access_key_id=fields["access_key_id"],
        aws_secret_access_key=fields["secret_access_key"],
    )
    client.put_object(Bucket=fields["bucket"], Key="a", Body=b"an invoice")
    assert client.get_object(Bucket=fields["bucket"], Key="a")["Body"].read() == b"an invoice"
    client.delete_object(Bucket=fields["bucket"], Key="a")


def test_a_service_cannot_read_anothers(scratch: Scratch) -> None:
    web = scratch.logged_in("blog/web")

    with pytest.raises(Forbidden):
        scratch.read(web, "kv/shop/orders/mail")


def test_what_is_shared_is_readable_by_whom_it_is_shared_with(scratch: Scratch) -> None:
    billing = scratch.logged_in("shop/billing")

    assert "password" in scratch.read(billing, "kv/shop/orders/mail")
    with pytest.raises(Forbidden):
        scratch.read(billing, "kv/shop/orders/cloud/invoices")


def test_a_token_of_another_service_does_not_log_in(scratch: Scratch) -> None:
    jwt = scratch.token("blog/web")

    with pytest.raises((Forbidden, InvalidRequest)):
        scratch.client().auth.jwt.jwt_login("svc-shop.orders", jwt, path="kubernetes")


def test_an_administrator_logs_in_without_root(scratch: Scratch) -> None:
    password = scratch.sandbox_file("passwords/adaPassword").read_text()
    client = scratch.client()
    client.auth.userpass.login("ada", password, mount_point="people")

    assert "svc-shop.orders" in client.sys.list_acl_policies()["data"]["keys"]
    with pytest.raises(Forbidden):
        client.sys.create_or_update_acl_policy("svc-shop.orders", 'path "*" {}')


@pytest.fixture(scope="module")
def root_token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command of `ops root` writes the token that it was given, for nobody else to read."""
    return tmp_path_factory.mktemp("root") / "token"


def test_a_root_token_lives_as_long_as_its_command(scratch: Scratch, root_token: Path) -> None:
    command = f"umask 077; printenv VAULT_TOKEN > {root_token}; bao policy list; sleep 0.3; exit 3"

    ran = scratch.sourced(f"python -m ops root -- sh -c '{command}'")

    assert ran.code == 3, ran.output
    assert "svc-shop.orders" in ran.output
    token = root_token.read_text().strip()
    scratch.tokens.add(token)
    assert token not in ran.output
    with pytest.raises(Forbidden):
        scratch.client(token).auth.token.lookup_self()


def test_a_service_is_added(scratch: Scratch) -> None:
    acl = _account_acl(scratch)
    scratch.service("shop/search", secrets={"index": {"key": {"config": "indexKey"}}})

    ran = scratch.up()

    assert "generated stack secret indexKey" in ran.output
    search = scratch.logged_in("shop/search")
    expected = scratch.sandbox_file("passwords/indexKey").read_text()
    assert scratch.read(search, "kv/shop/search/index") == {"key": expected}
    # The account's acl follows from the shape, never from the list of services.
    assert _account_acl(scratch) == acl


def test_a_service_is_changed(scratch: Scratch) -> None:
    scratch.service(
        "shop/search",
        secrets={"index": {"key": {"config": "indexKey"}}},
        shares={"index": ["blog/web"]},
    )

    scratch.up()

    assert "key" in scratch.read(scratch.logged_in("blog/web"), "kv/shop/search/index")


def test_a_service_is_removed(scratch: Scratch) -> None:
    (scratch.path / "catalog" / "shop-search.yaml").unlink()
    jwt = scratch.token("shop/search")

    scratch.up()

    assert "shop/search" not in scratch.outputs()["logins"]
    with pytest.raises((Forbidden, InvalidRequest)):
        scratch.client().auth.jwt.jwt_login("svc-shop.search", jwt, path="kubernetes")


def test_a_value_that_somebody_changed_is_found_and_repaired(scratch: Scratch) -> None:
    admin = _administrator(scratch)
    admin.secrets.kv.v2.create_or_update_secret(
        "shop/orders/mail", {"password": "guessed"}, mount_point="kv"
    )

    found = scratch.sourced("python -m ops drift")
    repaired = scratch.up()

    assert found.code == 1
    assert "kv/shop/orders/mail" in found.output
    assert "guessed" not in found.output
    assert "kv/shop/orders/mail" in repaired.output
    expected = scratch.sandbox_file("passwords/mailPassword").read_text()
    assert scratch.read(admin, "kv/shop/orders/mail")["password"] == expected
    assert scratch.sourced("python -m ops drift").code == 0


def test_an_acl_that_somebody_changed_is_seen_by_refresh_and_repaired(scratch: Scratch) -> None:
    ran = scratch.sourced(
        'python -m ops root -- sh -c \'echo "path \\"kv/*\\" {capabilities=[\\"read\\"]}" |'
        " bao policy write svc-blog.web -'"
    )
    assert ran.code == 0, ran.output
    refreshed = scratch.sourced("pulumi refresh --yes --run-program --non-interactive")
    assert refreshed.code == 0, refreshed.output

    scratch.up()

    with pytest.raises(Forbidden):
        scratch.read(scratch.logged_in("blog/web"), "kv/shop/orders/mail")


def test_a_changed_password_of_the_account_is_rotated(scratch: Scratch) -> None:
    file = scratch.sandbox_file("passwords/account")
    old = file.read_text()
    file.write_text("another-password-of-the-account")

    scratch.up()

    client = scratch.client()
    client.auth.userpass.login("strongroom", file.read_text(), mount_point="strongroom")
    with pytest.raises((Forbidden, InvalidRequest)):
        scratch.client().auth.userpass.login("strongroom", old, mount_point="strongroom")


def test_a_killed_node_is_restarted_and_unseals_itself(scratch: Scratch) -> None:
    pid = int(scratch.sandbox_file("vault/node-2/pid").read_text())
    os.kill(pid, 9)
    assert scratch.sandbox("status").code == 1

    ran = scratch.up()

    assert "restarted node" in ran.output
    _eventually_well(scratch)


def test_when_the_leader_dies_another_leads(scratch: Scratch) -> None:
    _eventually_well(scratch)
    nodes = recorded(scratch.sandbox_file("vault"))
    [leader] = [node for node in nodes if health(node) == ACTIVE]
    number = pid(leader)
    assert number is not None
    os.kill(number, 9)

    others = [node for node in nodes if node != leader]
    deadline = time.monotonic() + 60
    while ACTIVE not in [health(node) for node in others]:
        assert time.monotonic() < deadline, "no other node took the lead"
        time.sleep(0.2)

    scratch.up()
    _eventually_well(scratch)
    assert "password" in scratch.read(scratch.logged_in("shop/orders"), "kv/shop/orders/mail")


def test_no_secret_stands_anywhere_in_plain_text(scratch: Scratch, watch: Watch) -> None:
    keys = recovery_keys(scratch)
    generated, read = passwords(scratch), values(scratch)
    assert len(keys) == 2 * 5
    assert generated & read

    assert_nowhere(scratch, watch, keys | generated | read | scratch.tokens)

    # The program gets stack secrets in its environment, as from Pulumi's own language host; these nobody does.
    account = scratch.sandbox_file("passwords/account").read_text()
    passphrase = scratch.sandbox_file("passwords/passphrase").read_text()
    hidden = keys | {account, passphrase}
    assert watch.environments(each.encode() for each in hidden) == []


def test_a_root_token_is_in_the_environment_of_its_command_alone(
    scratch: Scratch, watch: Watch, root_token: Path
) -> None:
    token = root_token.read_bytes().strip()
    assert token.decode() in scratch.tokens

    holders = {command.split(b"\0")[0] for command in watch.environments([token])}

    assert b"sh" in holders
    assert holders <= {b"sh", b"printenv", b"bao", b"sleep"}


def test_renamed_logins_move_everybody_and_leave_no_old_login(scratch: Scratch) -> None:
    settings = scratch.path / "Pulumi.local.yaml"
    settings.write_text(
        settings.read_text()
        .replace("method: jwt", "method: jwt\n    mount: workloads")
        .replace(
            "  strongroom:access:", "  strongroom:people:\n    mount: staff\n  strongroom:access:"
        )
    )

    scratch.up()

    orders = scratch.logged_in("shop/orders")
    assert "password" in scratch.read(orders, "kv/shop/orders/mail")
    assert scratch.outputs()["logins"]["shop/orders"]["mounts"] == {"home": "workloads"}
    password = scratch.sandbox_file("passwords/adaPassword").read_text()
    client = scratch.client()
    client.auth.userpass.login("ada", password, mount_point="staff")
    mounts = client.sys.list_auth_methods()["data"]
    assert {"workloads/", "staff/"} <= set(mounts)
    assert not {"kubernetes/", "people/"} & set(mounts)
    # The acl shrinks in the run after, and then all is as declared.
    scratch.up()
    assert re.search(r"Resources:\n\s+\d+ unchanged\n", scratch.up().output)


def test_the_servers_unseal_with_a_key_of_their_own_that_stands_in_one_file_a_node(
    scratch: Scratch,
) -> None:
    servers = scratch.sandbox_file("vault")
    keys = {
        json.loads(file.read_text())["AWS_SECRET_ACCESS_KEY"]
        for file in servers.glob("node-*/environment.json")
    }
    [key] = keys
    number = pid(recorded(servers)[0])
    environment = Path(f"/proc/{number}/environ").read_bytes()
    shown = scratch.sourced("pulumi stack export; pulumi stack output --json").output
    holding = {
        path.name
        for path in scratch.sandbox_file("").rglob("*")
        if path.is_file() and key.encode() in path.read_bytes()
    }

    assert len(key) >= 16
    assert f"AWS_SECRET_ACCESS_KEY={key}".encode() in environment.split(b"\0")
    assert b"AWS_SECRET_ACCESS_KEY=sandbox" not in environment
    assert key not in shown
    assert holding == {"environment.json"}


def test_refresh_changes_nothing(scratch: Scratch) -> None:
    ran = scratch.sourced(
        "pulumi refresh --yes --run-program --non-interactive --expect-no-changes"
    )

    assert ran.code == 0, ran.output


def test_destroy_and_up_again(scratch: Scratch) -> None:
    ran = scratch.sourced("pulumi destroy --yes --run-program --non-interactive")
    assert ran.code == 0, ran.output

    scratch.up()

    assert "password" in scratch.read(scratch.logged_in("shop/orders"), "kv/shop/orders/mail")


def test_make_down_leaves_nothing(scratch: Scratch) -> None:
    pids = [int(path.read_text()) for path in scratch.sandbox_file("vault").glob("node-*/pid")]

    ran = scratch.sandbox("down")

    assert ran.code == 0, ran.output
    assert len(pids) == 3
    assert not any(map(spawn.lives, pids))
    assert not scratch.sandbox_file("").exists()
    assert ran.output == "stack, processes and .sandbox/ are gone\n"
    assert scratch.sandbox("down").output == "there was nothing to take down\n"


def _administrator(scratch: Scratch) -> hvac.Client:
    client = scratch.client()
    password = scratch.sandbox_file("passwords/adaPassword").read_text()
    client.auth.userpass.login("ada", password, mount_point="people")
    scratch.tokens.add(client.token)
    return client


def _account_acl(scratch: Scratch) -> str:
    text: str = _administrator(scratch).sys.read_acl_policy("strongroom")["data"]["policy"]
    return text


def _eventually_well(scratch: Scratch) -> None:
    import tenacity  # noqa: PLC0415

    for attempt in tenacity.Retrying(
        stop=tenacity.stop_after_delay(60), wait=tenacity.wait_fixed(0.5), reraise=True
    ):
        with attempt:
            ran = scratch.sandbox("status")
            assert ran.code == 0, ran.output
