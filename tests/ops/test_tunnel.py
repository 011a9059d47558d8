"""`python -m ops tunnel -- <command>`, and make for a stack that is no embedded environment, which goes through it.

The way into pods is tested on a real cluster in tests/e2e/kubernetes.
"""

import http.server
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from settings.load import TUNNEL
from tests.settings.project import HELM, Project

CHECKOUT = Path(__file__).parents[2]
ADDRESS = "    address: https://vault.example.com:8200\n"
PODS = HELM.replace(ADDRESS, "").replace("10.0.0.0/8", "127.0.0.1/32")
"""Pods that only the tunnel leads to."""
SHOWN = ("sh", "-c", f"echo tunnel=${TUNNEL} address=$VAULT_ADDR ca=$VAULT_CACERT; exit 7")


class _Empty(http.server.BaseHTTPRequestHandler):
    """The API server of a cluster in which there is nothing of ours."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def empty_cluster(folder: Path) -> Iterator[Path]:
    """Give a kubeconfig."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield kubeconfig(folder, server.server_port)
        server.shutdown()


def kubeconfig(folder: Path, port: int) -> Path:
    file = folder / "kubeconfig"
    named = {"name": "empty"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "empty",
        "clusters": [{**named, "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "contexts": [{**named, "context": {"cluster": "empty", "user": "empty"}}],
        "users": [{**named, "user": {}}],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def written(project: Project, stack: str) -> int:
    """Write the stack's file; give the tunnel's port."""
    port = free_port()
    project.stack = stack.replace("    kind: helm\n", f"    kind: helm\n    localPort: {port}\n")
    project.write()
    return port


def run(root: Path, command: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    foreign = ("PULUMI_", "VAULT_", "BAO_", "STRONGROOM_", "KUBECONFIG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        list(command), cwd=root, capture_output=True, text=True, check=False,
        env={**kept, "PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1", **environment},
    )  # fmt: skip


def tunnel(
    project: Project, *options: str, command: Sequence[str] = SHOWN, **environment: str
) -> subprocess.CompletedProcess[str]:
    python = (sys.executable, "-m", "ops", "tunnel", "--stack", "dev", *options, "--")
    return run(project.root, (*python, *command), **environment)


def test_before_anything_is_in_the_cluster_the_command_has_a_port_and_no_ca(
    project: Project, tmp_path: Path
) -> None:
    port = written(project, PODS)

    with empty_cluster(tmp_path) as file:
        done = tunnel(project, "--if-needed", KUBECONFIG=str(file))

    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == f"tunnel=127.0.0.1:{port} address=https://127.0.0.1:{port} ca=\n"


def test_the_port_is_open_while_the_command_runs(project: Project, tmp_path: Path) -> None:
    port = written(project, PODS)
    connects = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"

    with empty_cluster(tmp_path) as file:
        done = tunnel(project, command=(sys.executable, "-c", connects), KUBECONFIG=str(file))

    assert (done.returncode, done.stderr) == (0, "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_where_the_network_reaches_vault_there_is_none_and_no_cluster_is_asked(
    project: Project,
) -> None:
    project.stack = HELM
    project.write()

    done = tunnel(project, "--if-needed", KUBECONFIG="/nowhere")

    assert (done.returncode, done.stdout, done.stderr) == (7, "tunnel= address= ca=\n", "")


def test_servers_that_are_no_pods_have_none(project: Project) -> None:
    needed = tunnel(project, "--if-needed")
    asked = tunnel(project)

    assert (needed.returncode, needed.stdout, needed.stderr) == (7, "tunnel= address= ca=\n", "")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr == ("stack dev's servers are no pods; run the command without a tunnel\n")


def test_within_a_tunnel_there_is_no_second(project: Project) -> None:
    port = written(project, PODS)

    done = tunnel(
        project, "--if-needed", KUBECONFIG="/nowhere", STRONGROOM_TUNNEL=f"127.0.0.1:{port}"
    )

    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == f"tunnel=127.0.0.1:{port} address= ca=\n"


def test_no_cluster_is_one_line_and_the_command_is_not_run(project: Project) -> None:
    written(project, PODS)

    done = tunnel(project, "--if-needed", KUBECONFIG="/nowhere")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no Kubernetes cluster is known")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("up", "up --stack dev --policy-pack policies"),
        ("preview", "preview --stack dev --policy-pack policies"),
        ("down", "destroy --run-program --stack dev"),
    ],
)
@pytest.mark.parametrize("stack", [PODS, HELM], ids=["through the tunnel", "with an address"])
def test_make_runs_pulumi_within_a_tunnel_where_one_is_needed(
    project: Project, tmp_path: Path, stack: str, target: str, command: str
) -> None:
    port = written(project, stack) if stack is PODS else None
    project.stack = stack if port is None else project.stack
    project.write()
    (tmp_path / "bin").mkdir()
    pulumi = tmp_path / "bin" / "pulumi"
    pulumi.write_text(f'#!/bin/sh\necho "pulumi $* tunnel=${TUNNEL}"; exit 3\n')
    pulumi.chmod(0o700)
    make = ("make", "-f", str(CHECKOUT / "Makefile"), f"VENV={sys.prefix}", "STACK=dev",
            # The virtual environment is not ours to bring up to date.
            "-o", f"{sys.prefix}/sandbox.stamp", target)  # fmt: skip

    with empty_cluster(tmp_path) as file:
        path = f"{pulumi.parent}{os.pathsep}{os.environ['PATH']}"
        done = run(project.root, make, KUBECONFIG=str(file), PATH=path)

    opened = "" if port is None else f"127.0.0.1:{port}"
    assert f"pulumi {command} tunnel={opened}\n" in done.stdout
    assert "Error 3" in done.stderr
