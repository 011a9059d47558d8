"""`python -m ops root`: one command with a root token, at the node that leads, and nothing of its caller's Vault."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from custody.bootstrap import bootstrap
from custody.request import AwsCustody
from custody.root import alive
from custody.secret import Secret
from custody.vault import Cluster as Servers
from tests.ops.stack import StoredStack
from tests.real.cluster import Cluster, bao
from tests.real.request import request_for

_FOREIGN = {
    "VAULT_ADDR": "https://somebody-elses:8200",
    "VAULT_NAMESPACE": "somebody-elses",
    "VAULT_SKIP_VERIFY": "true",
    "VAULT_TOKEN": "s.somebody-elses",
    "BAO_NAMESPACE": "somebody-elses",
    "BAO_TOKEN": "s.somebody-elses",
}


def _first_last(urls: tuple[str, ...]) -> tuple[str, ...]:
    first, *others = urls
    return (*others, first)


@pytest.mark.real
def test_the_command_is_root_at_the_node_that_leads_and_sees_nobody_elses_vault(
    three_nodes: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    address = three_nodes.address
    bootstrap(request_for(address, place, tmp_path / "custody"))
    # The node that was initialised leads; no other has a vote yet. So it comes last, and the first is down.
    three_nodes.stop(1)
    moved = replace(
        address,
        members=_first_last(address.members),
        generate_root_members=_first_last(address.generate_root_members),
    )
    request = request_for(moved, place, tmp_path / "custody")
    servers = Servers(moved)
    stack = StoredStack(tmp_path, request)
    stack.write()
    said = tmp_path / "said"
    script = f"env | grep -E '^(VAULT|BAO)_' > {said}; {bao()} token lookup -format=json; exit 7"

    ran = stack.ops("root", "--", "sh", "-c", script, environment=_FOREIGN)

    assert (ran.returncode, ran.stderr) == (7, "")
    assert json.loads(ran.stdout)["data"]["policies"] == ["root"]
    given = dict(line.split("=", 1) for line in said.read_text().splitlines())
    assert set(given) == {
        f"{prefix}_{name}" for prefix in ("VAULT", "BAO") for name in ("ADDR", "CACERT", "TOKEN")
    }
    assert given["VAULT_ADDR"] == given["BAO_ADDR"] == servers.active().url == address.members[0]
    assert given["VAULT_TOKEN"] == given["BAO_TOKEN"]
    assert not alive(servers, Secret(given["VAULT_TOKEN"]))
    assert not Path(given["VAULT_CACERT"]).exists()
