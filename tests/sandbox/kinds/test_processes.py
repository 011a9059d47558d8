import socket
from pathlib import Path

import pytest
import yaml

from components.server import nodes
from sandbox import certificates
from sandbox.kinds.processes import Processes
from sandbox.layout import Layout


def _free() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def dead(tmp_path: Path) -> Layout:
    """A node that ends as soon as it has begun, and in a file the token that it was started with."""
    layout = Layout(checkout=tmp_path)
    layout.prepare()
    certificates.ensure(layout)
    node = nodes.Node(
        directory=str(layout.servers / "node-0"),
        command=("/bin/sh", "-c", "echo Error configuring seal: permission denied; exit 1"),
        api=_free(), other=(), ca=str(layout.tls / "ca.pem"),
    )  # fmt: skip
    nodes.write(node, "", {"VAULT_TOKEN": "of-yesterday"})
    (tmp_path / "token").write_text("of-yesterday\n")
    seal = {"kind": "transit", "tokenFile": "token"}
    layout.settings.write_text(yaml.safe_dump({"config": {"strongroom:seal": seal}}))
    return layout


def test_a_node_that_ends_when_it_is_revived_stops_the_run_with_its_reason(dead: Layout) -> None:
    with pytest.raises(nodes.NodeError, match="has ended: Error configuring seal: permission"):
        Processes(dead).revive({}, lambda _line: None)


def test_where_there_is_a_new_token_for_the_seal_s_keeper_the_engine_starts_it(
    dead: Layout, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("of-today\n")
    said: list[str] = []

    Processes(dead).revive({}, said.append)

    assert [line for line in said if "has ended: Error configuring seal: permission" in line]
