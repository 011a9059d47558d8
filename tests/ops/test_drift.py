"""`python -m ops drift`: values in Vault that differ from what the program wrote."""

from dataclasses import replace
from pathlib import Path

import pytest

from custody.account import logged_in
from custody.root import minted
from custody.secret import Secret
from custody.vault import Cluster as Servers
from tests.ops.stack import StoredStack
from tests.real.fixtures import OwnedCluster

_WRITTEN = {
    "kv/shop/as-written": {"password": "the-first-value"},
    "kv/shop/changed": {"password": "the-second-value"},
    "kv/shop/gone": {"password": "the-third-value"},
}


@pytest.mark.real
def test_values_that_differ_are_named_without_being_shown_and_written_back(
    owned: OwnedCluster, tmp_path: Path
) -> None:
    request = owned.request
    servers, account = Servers(request.cluster), request.account
    with minted(request.cluster, request.custody) as token:
        root = servers.active(token)
        root.sys.enable_secrets_engine("kv", path="kv", options={"version": "2"})
    with logged_in(servers, account.mount, account.name, account.password) as client:
        kv = client.secrets.kv.v2
        for name, value in {"as-written": "the-first-value", "changed": "guessed"}.items():
            kv.create_or_update_secret(f"shop/{name}", {"password": value}, mount_point="kv")
    stack = StoredStack(tmp_path, request)
    stack.write(_WRITTEN)

    found, repaired, again = stack.ops("drift"), stack.ops("drift", "--repair"), stack.ops("drift")

    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout.splitlines() == ["kv/shop/changed: changed", "kv/shop/gone: gone"]
    assert repaired.returncode == 0
    assert "kv/shop/gone: gone, written back" in repaired.stdout
    assert (again.returncode, again.stdout) == (0, "every secret is as the program wrote it (3)\n")
    for ran in (found, repaired):
        assert "value" not in ran.stdout + ran.stderr
        assert "guessed" not in ran.stdout + ran.stderr

    other = replace(account, password=Secret("not-the-account's-password"))
    stack = StoredStack(tmp_path, replace(request, account=other))
    stack.write(_WRITTEN)
    refused = stack.ops("drift")
    assert refused.returncode == 1
    assert refused.stderr == (
        "Vault refuses the account's login; run `pulumi up`, which repairs it\n"
    )
    assert len(refused.stderr.splitlines()) == 1
    with minted(request.cluster, request.custody) as token:
        servers.active(token).sys.disable_secrets_engine("kv")
