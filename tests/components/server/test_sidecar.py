"""The sidecar's script, run by the shells that are here, beside a process that looks like a server."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.server.pods import Volume
from components.server.sidecar import script, sidecar
from tests.components.server.examples import pods

SHELLS = [command for command in (["sh"], ["dash"], ["busybox", "sh"]) if shutil.which(command[0])]
SERVER = """\
import signal, sys
signal.signal(signal.SIGHUP, lambda *_: print("reloaded", flush=True))
print("up", flush=True)
while True:
    signal.pause()
"""


class Pod:
    """A server that says when it is told to reload, and the script beside it."""

    def __init__(self, root: Path) -> None:
        self.tls, self.audit = root / "tls", root / "audit"
        for directory in (self.tls, self.audit):
            directory.mkdir()
        (self.tls / "tls.crt").write_text("first")
        (self.tls / "tls.key").write_text("first")
        self.log = self.audit / "audit-0.log"
        self.log.write_text("")
        self.configuration = f"-config={root}/storageconfig.hcl"
        (root / "server").write_text(SERVER)
        (root / "vault").symlink_to(sys.executable)
        self._root = root
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, name: str = "vault") -> "subprocess.Popen[str]":
        """Start a process called `name` with the server's arguments."""
        if not (self._root / name).exists():
            (self._root / name).symlink_to(sys.executable)
        process = self._run([str(self._root / name), "server", self.configuration])
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    def several_rounds(self) -> None:
        """Let the script look several times."""
        time.sleep(0.5)

    def watch(self, shell: list[str], grace: int = 0) -> "subprocess.Popen[str]":
        """Start the script; it has read the certificate once it says so below."""
        said = {
            "CONFIGURATION": self.configuration,
            "TLS": str(self.tls),
            "LOGS": f"{self.log} {self.audit}/absent.log",
            "LIMIT": "1000",
            "PAUSE": "0.1",
            "GRACE": str(grace),
        }
        text = script(said).replace("while sleep", 'echo "watching"\nwhile sleep')
        process = self._run([*shell, "-c", text])
        assert process.stdout is not None
        assert process.stdout.readline() == "watching\n"
        return process

    def _run(self, command: list[str]) -> "subprocess.Popen[str]":
        process = subprocess.Popen(command, cwd=self._root, stdout=subprocess.PIPE, text=True)
        self._processes.append(process)
        return process

    def stop(self) -> None:
        """End every process."""
        for process in self._processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    running = Pod(tmp_path)
    yield running
    running.stop()


def _said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_a_new_certificate_is_told_to_the_server(pod: Pod, shell: list[str]) -> None:
    server = pod.start()
    beside = pod.watch(shell)

    (pod.tls / "tls.crt").write_text("second")

    assert _said(server) == "reloaded\n"
    assert _said(beside) == "reloaded: certificate\n"


def test_a_server_that_comes_later_is_not_told_of_what_it_reads_by_itself(pod: Pod) -> None:
    pod.watch(SHELLS[-1])
    (pod.tls / "tls.crt").write_text("second")
    pod.several_rounds()

    server = pod.start()
    pod.several_rounds()

    server.terminate()
    assert _said(server) == ""


def test_a_server_that_has_just_been_started_is_told_later(pod: Pod) -> None:
    """It would die of the signal before it listens to signals. What it is told is not forgotten."""
    started = time.monotonic()
    server = pod.start()
    pod.watch(SHELLS[-1], grace=2)

    pod.log.write_text("x" * 1001)

    assert _said(server) == "reloaded\n"
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("name", ["bao", "vault"])
def test_the_server_is_known_by_either_name(pod: Pod, name: str) -> None:
    server = pod.start(name)
    pod.watch(SHELLS[-1])

    (pod.tls / "tls.key").write_text("second")

    assert _said(server) == "reloaded\n"


def test_no_other_process_is_told(pod: Pod) -> None:
    """Neither the shell that started the server, with the same arguments, nor a client: a signal would end them."""
    other = pod.start("dumb-init")
    server = pod.start()
    pod.watch(SHELLS[-1])

    (pod.tls / "tls.crt").write_text("second")

    assert _said(server) == "reloaded\n"
    other.terminate()
    assert _said(other) == ""


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_an_audit_log_that_has_grown_is_put_aside(pod: Pod, shell: list[str]) -> None:
    server = pod.start()
    pod.watch(shell)

    pod.log.write_text("x" * 1001)

    assert _said(server) == "reloaded\n"
    _until(lambda: not pod.log.exists())
    assert pod.log.with_name("audit-0.log.1").read_text() == "x" * 1001


def test_what_has_not_grown_stays(pod: Pod) -> None:
    server = pod.start()
    pod.watch(SHELLS[-1])
    pod.log.write_text("x" * 1000)

    (pod.tls / "tls.crt").write_text("second")

    assert _said(server) == "reloaded\n"
    assert pod.log.read_text() == "x" * 1000


def test_both_generations_of_both_logs_fit_on_the_volume() -> None:
    of = pods(audit_storage=Volume(size="10Gi"))

    command = sidecar(of, {}, [])["command"][-1]

    limit = int(command.split("LIMIT='")[1].split("'")[0])
    assert limit * 4 < of.audit_storage.bytes
    assert limit * 4 > of.audit_storage.bytes / 2


def test_the_script_is_no_longer_than_a_shell_can_be_given() -> None:
    assert len(sidecar(pods(), {}, [])["command"][-1]) < 4096
