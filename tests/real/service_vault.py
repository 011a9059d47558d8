"""One real OpenBao with TLS, a KV v2 mount and a login for ServiceAccounts: what a pod's agent talks to."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hvac
import requests
from hvac.exceptions import VaultError

from acl.grants import service_acl
from catalog.model import KEY_VALUE, Service
from components.workload.access import PodAccess
from sandbox import issuer, ports
from sandbox.layout import Layout
from tests.real.cluster import bao

_ROOT = "root"


@dataclass(frozen=True, kw_only=True)
class ServiceVault:
    """Running; `client` may do everything."""

    client: hvac.Client
    access: PodAccess
    ca_file: Path
    layout: Layout

    def token(self, service: Service) -> str:
        """Give what the kubelet would project into the service's pod."""
        return issuer.token(self.layout, service.id, audience=self.access.audience)

    def write(self, path: str, fields: Mapping[str, object]) -> None:
        """Write one secret below the mount."""
        self.client.secrets.kv.v2.create_or_update_secret(path, dict(fields), mount_point=KEY_VALUE)


@contextmanager
def running_service_vault(directory: Path, services: tuple[Service, ...]) -> Iterator[ServiceVault]:
    """Start it, make role and acl of each service as the program does, stop it at the end."""
    layout = Layout(checkout=directory)
    layout.prepare()
    issuer.ensure(layout)
    address = f"127.0.0.1:{ports.remembered(layout, nodes=1).vault[0]}"
    process = subprocess.Popen(
        [
            bao(),
            "server",
            "-dev",
            "-dev-tls",
            f"-dev-tls-cert-dir={layout.tls}",
            f"-dev-root-token-id={_ROOT}",
            f"-dev-listen-address={address}",
            "-dev-no-store-token",
        ],
        env={"HOME": str(directory)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        access = PodAccess(address=f"https://{address}", login_mount="kubernetes", audience="vault")
        ca = layout.tls / "vault-ca.pem"
        client = _answering(process, access.address, ca)
        _configure(client, access, layout, services)
        yield ServiceVault(client=client, access=access, ca_file=ca, layout=layout)
    finally:
        process.terminate()
        process.wait()


def _answering(process: subprocess.Popen[bytes], address: str, ca: Path) -> hvac.Client:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the server has ended")
        try:
            if ca.exists():
                session = requests.Session()
                session.verify = str(ca)
                session.trust_env = False
                client = hvac.Client(url=address, token=_ROOT, session=session)
                if client.sys.is_initialized() and not client.sys.is_sealed():
                    return client
        except (requests.RequestException, VaultError):
            pass
        time.sleep(0.1)
    raise RuntimeError("the server does not answer")


def _configure(
    client: hvac.Client, access: PodAccess, layout: Layout, services: tuple[Service, ...]
) -> None:
    client.sys.enable_secrets_engine("kv", path=KEY_VALUE, options={"version": "2"})
    client.sys.enable_auth_method("jwt", path=access.login_mount)
    client.auth.jwt.configure(
        jwt_validation_pubkeys=[(layout.cluster / "public.pem").read_text()],
        bound_issuer=issuer.ISSUER,
        path=access.login_mount,
    )
    for service in services:
        client.sys.create_or_update_policy(service.role, service_acl(access.key_value, service.id))
        client.auth.jwt.create_role(
            name=service.role,
            role_type="jwt",
            user_claim="sub",
            allowed_redirect_uris=[],
            bound_audiences=[access.audience],
            bound_subject=f"system:serviceaccount:{service.namespace}:{service.name}",
            token_policies=[service.role],
            token_ttl="10m",
            path=access.login_mount,
        )
