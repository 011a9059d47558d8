import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from components.server import nodes
from sandbox import certificates
from sandbox.layout import Layout

KEY = "of-the-server-itself"


def _node(tmp_path: Path, api: str = "127.0.0.1:1") -> nodes.Node:
    return nodes.Node(
        directory=str(tmp_path / "node-0"),
        # Any program that stays: what it is asked to serve is not looked at here.
        command=(sys.executable, "-c", "import time; time.sleep(60)"),
        api=api,
        other=(),
        ca="unused",
    )


def _free() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_files_are_private_and_written_only_when_they_change(tmp_path: Path) -> None:
    node = _node(tmp_path)

    assert nodes.differs(node, "one")
    nodes.write(node, "one")
    assert not nodes.differs(node, "one")
    assert nodes.differs(node, "two")
    assert node.configuration.stat().st_mode & 0o777 == 0o600
    assert nodes.recorded(tmp_path) == [node]


def test_a_copy_of_a_node_is_not_taken_for_the_original(tmp_path: Path) -> None:
    node = _node(tmp_path / "original", _free())
    nodes.write(node, "")
    nodes.start(node, os.environ)
    try:
        shutil.copytree(tmp_path / "original", tmp_path / "copy")

        [copied] = nodes.recorded(tmp_path / "copy")
        assert nodes.pid(copied) is None
        nodes.remove(copied)

        assert nodes.pid(node) is not None
        assert node.configuration.exists()
    finally:
        nodes.stop(node)


def test_a_running_node_is_not_started_twice_and_stops(tmp_path: Path) -> None:
    node = _node(tmp_path, _free())
    nodes.write(node, "")
    try:
        assert nodes.start(node, os.environ)
        first = nodes.pid(node)
        assert not nodes.start(node, os.environ)
        assert nodes.pid(node) == first is not None
    finally:
        nodes.stop(node)

    assert nodes.pid(node) is None


def test_a_recycled_pid_is_not_taken_for_the_server(tmp_path: Path) -> None:
    node = _node(tmp_path)
    nodes.write(node, "")
    (Path(node.directory) / "pid").write_text(str(os.getpid()))

    assert nodes.pid(node) is None


def test_a_server_whose_pid_was_never_written_is_found_and_not_started_twice(
    tmp_path: Path,
) -> None:
    node = _node(tmp_path, _free())
    nodes.write(node, "")
    program = (
        "import os, signal\n"
        "from components.server import nodes, spawn\n"
        "spawned = spawn.spawn\n"
        "def killed_right_after(*arguments):\n"
        "    spawned(*arguments)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "spawn.spawn = killed_right_after\n"
        f"nodes.start(nodes.{node!r}, os.environ)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    try:
        assert killed.returncode == -signal.SIGKILL
        assert not (Path(node.directory) / "pid").exists()

        assert not nodes.start(node, os.environ)
        assert (Path(node.directory) / "pid").read_text() == str(nodes.pid(node))
    finally:
        nodes.stop(node)

    assert nodes.pid(node) is None


def test_another_program_with_the_same_configuration_is_not_taken_for_the_server(
    tmp_path: Path,
) -> None:
    node = _node(tmp_path)
    nodes.write(node, "")
    diagnosing = subprocess.Popen([*node.command, "diagnose", f"-config={node.configuration}"])
    try:
        assert nodes.pid(node) is None
    finally:
        diagnosing.kill()
        diagnosing.wait()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        node = _node(tmp_path, f"127.0.0.1:{port}")
        nodes.write(node, "")

        with pytest.raises(nodes.NodeError, match=f"port {port} is taken .*server.ports"):
            nodes.start(node, os.environ)


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    node = nodes.Node(
        directory=str(tmp_path / "node-0"), command=("/nowhere/bao",), api=_free(), other=(), ca=""
    )
    nodes.write(node, "")

    with pytest.raises(nodes.NodeError, match=r"/nowhere/bao can't be run .*server\.command"):
        nodes.start(node, os.environ)


def test_what_a_node_that_ended_calls_an_error_is_shown_with_its_reasons(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "Error configuring seal: Error making API request.\n\nCode: 403. Errors:\n\n"
        "* permission denied\n2026-11-26T00:00:00Z [INFO]  proxy environment\n"
    )

    said = nodes._last_line(log)

    assert said == "Error configuring seal: Error making API request. * permission denied"


def test_the_last_line_of_a_node_that_ended_is_shown(tmp_path: Path) -> None:
    node = nodes.Node(
        directory=str(tmp_path / "node-0"),
        command=(sys.executable, "-c", "print('no such seal')"),
        api=_free(),
        other=(),
        ca=str(tmp_path / ".sandbox" / "tls" / "ca.pem"),
    )
    nodes.write(node, "")
    layout = Layout(checkout=tmp_path)
    layout.prepare()
    certificates.ensure(layout)
    nodes.start(node, os.environ)

    with pytest.raises(nodes.NodeError, match="has ended: no such seal; see"):
        nodes.wait_until_answers([node])


def test_a_server_that_asked_too_early_is_started_again_where_its_key_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    starts.touch()
    program = (
        f"import pathlib, sys, time; starts = pathlib.Path({str(starts)!r});"
        "starts.write_text(starts.read_text() + 'x');"
        "len(starts.read_text()) < 3 and sys.exit('the key is unknown'); time.sleep(60)"
    )
    node = dataclasses.replace(_node(tmp_path, _free()), command=(sys.executable, "-c", program))
    nodes.write(node, "")
    monkeypatch.setattr(nodes, "_AGAIN_SECONDS", 0.01)
    # Nothing listens here: one that stays counts as one that answers.
    monkeypatch.setattr(nodes, "health", lambda _: 501 if starts.read_text() == "xxx" else None)

    nodes.start(node, os.environ)
    with pytest.raises(nodes.NodeError, match="has ended: the key is unknown"):
        nodes.wait_until_answers([node])
    try:
        nodes.wait_until_answers([node], again=os.environ)
        assert nodes.pid(node) is not None
    finally:
        nodes.stop(node)


def test_a_server_has_its_own_identity_and_nothing_of_whoever_starts_it(tmp_path: Path) -> None:
    seen, part = tmp_path / "seen", tmp_path / "part"
    program = (
        f"import json, os, pathlib, time; part = pathlib.Path({str(part)!r});"
        f"part.write_text(json.dumps(dict(os.environ))); part.rename({str(seen)!r}); time.sleep(60)"
    )
    node = dataclasses.replace(
        _node(tmp_path, _free()), command=(sys.executable, "-c", program), ca=""
    )
    own = {"AWS_ACCESS_KEY_ID": "the-servers", "AWS_SECRET_ACCESS_KEY": KEY}
    nodes.write(node, "", own)
    given = {
        **os.environ,
        "AWS_REGION": "us-east-1",
        "AWS_ROLE_ARN": "role",
        "AWS_PROFILE": "mine",
        "AWS_SESSION_TOKEN": "mine",
        "AWS_ACCESS_KEY_ID": "mine",
        "VAULT_TOKEN": "t",
    }

    def started() -> dict[str, str]:
        seen.unlink(missing_ok=True)
        try:
            nodes.start(node, given)
            while not seen.exists():
                assert nodes.pid(node) is not None
        finally:
            nodes.stop(node)
        environment: dict[str, str] = json.loads(seen.read_text())
        return environment

    # Twice: whoever starts it again later knows nothing of it.
    for environment in (started(), started()):
        foreign = {n: v for n, v in environment.items() if n.startswith(("AWS_", "VAULT_"))}
        assert foreign == {
            **own,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        assert environment["PATH"] == os.environ["PATH"]


def test_a_node_s_identity_stands_in_one_private_file(tmp_path: Path) -> None:
    node = _node(tmp_path)
    nodes.write(node, "", {"AWS_SECRET_ACCESS_KEY": KEY})

    files = [path for path in Path(node.directory).rglob("*") if path.is_file()]
    holding = [path for path in files if KEY in path.read_text()]
    assert [path.name for path in holding] == ["environment.json"]
    assert holding[0].stat().st_mode & 0o777 == 0o600
    assert not nodes.differs(node, "", {"AWS_SECRET_ACCESS_KEY": KEY})
    assert nodes.differs(node, "", {"AWS_SECRET_ACCESS_KEY": "another"})
