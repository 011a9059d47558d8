"""A Vault that somebody else runs: unsealed, initialised, with TLS; its owner has the root token and lends it."""

import secrets
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import hvac
import requests
from hvac.exceptions import VaultError

from sandbox import ports
from sandbox.layout import Layout
from tests.real.cluster import bao


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """Running."""

    address: str
    ca_file: Path
    root: str = field(repr=False)

    def client(self, token: str | None = None, namespace: str | None = None) -> hvac.Client:
        """Give a client with the root token, or another."""
        session = requests.Session()
        session.verify = str(self.ca_file)
        session.trust_env = False
        return hvac.Client(
            url=self.address, token=token or self.root, session=session, namespace=namespace
        )

    def token(self, acl: str, namespace: str | None = None, policies: Sequence[str] = ()) -> str:
        """Give a token that may do what this acl says."""
        client = self.client(namespace=namespace)
        client.sys.create_or_update_policy("lent", acl)
        made = client.auth.token.create(policies=["lent", *policies], ttl="10m")
        token: str = made["auth"]["client_token"]
        return token


@contextmanager
def running_foreign(directory: Path, command: str | None = None) -> Iterator[Foreign]:
    """Start it, stop it at the end. `command` is another server than OpenBao's."""
    layout = Layout(checkout=directory)
    layout.prepare()
    address = f"127.0.0.1:{ports.remembered(layout, nodes=1).vault[0]}"
    root = secrets.token_urlsafe(24)
    process = subprocess.Popen(
        [
            command or bao(),
            "server",
            "-dev",
            "-dev-tls",
            f"-dev-tls-cert-dir={layout.tls}",
            f"-dev-root-token-id={root}",
            f"-dev-listen-address={address}",
            "-dev-no-store-token",
        ],
        env={"HOME": str(directory)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        foreign = Foreign(
            address=f"https://{address}", ca_file=layout.tls / "vault-ca.pem", root=root
        )
        _wait(process, foreign)
        yield foreign
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], foreign: Foreign) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the server has ended")
        try:
            if foreign.ca_file.exists() and not foreign.client().sys.is_sealed():
                return
        except (requests.RequestException, VaultError):
            pass
        time.sleep(0.1)
    raise RuntimeError("the server does not answer")
