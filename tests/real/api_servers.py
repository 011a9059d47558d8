"""Kubernetes API servers as plain processes: each with a CA, a ServiceAccount key and an issuer of its own.

No node and no pod: what judges tokens (TokenRequest, TokenReview, discovery, RBAC) needs neither. The binaries are
nowhere in the package registries; a built cluster of `tests.e2e.kubernetes.lab` leaves them in its cache.
"""

import contextlib
import datetime as dt
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from components.server.tls.authority import Signed, issue, new_authority
from components.server.tls.names import Names
from sandbox.layout import write_private

_CACHE = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "vault-lab"
_SECONDS = 90.0
# Of the controllers only those without which ServiceAccounts have no tokens and deletions never end.
_CONTROLLERS = (
    "serviceaccount-token-controller", "serviceaccount-controller", "namespace-controller",
    "garbage-collector-controller",
)  # fmt: skip


def binaries() -> tuple[str, str, str]:
    """Give etcd, kube-apiserver and kube-controller-manager; skips where one is missing."""
    built = sorted(_CACHE.glob("kubernetes-*"))
    path = os.pathsep.join([os.environ["PATH"], *map(str, built)])
    found = [
        shutil.which(n, path=path) for n in ("etcd", "kube-apiserver", "kube-controller-manager")
    ]
    etcd, server, controllers = found
    if etcd is None or server is None or controllers is None:
        pytest.skip(
            "etcd, kube-apiserver or kube-controller-manager is nowhere here: no two API servers"
        )
    return etcd, server, controllers


@dataclass(kw_only=True)
class ApiServer:
    """One cluster's; `name` is its context in the kubeconfig."""

    name: str
    directory: Path
    kubeconfig: Path
    port: int
    command: Sequence[str]
    ca: Signed = field(repr=False)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def issuer(self) -> str:
        """What its tokens say that they are from."""
        return f"https://{self.name}.example.com"

    @property
    def core(self) -> client.CoreV1Api:
        """A client of its administrator's."""
        of = config.new_client_from_config(str(self.kubeconfig), context=self.name)
        return client.CoreV1Api(of)

    def start(self) -> None:
        """Start it and wait until it answers that it is ready."""
        with (self.directory / "apiserver.log").open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command), stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + _SECONDS
        while not self._is_ready():
            assert self.process.poll() is None, (self.directory / "apiserver.log").read_text()[
                -2000:
            ]
            assert time.monotonic() < deadline, f"API server {self.name} is not ready"
            time.sleep(0.2)

    def _is_ready(self) -> bool:
        try:
            answer = self.core.api_client.call_api(
                "/readyz", "GET", auth_settings=["BearerToken"], response_type="str",
                _return_http_data_only=True, _request_timeout=2,
            )  # fmt: skip
        except (ApiException, HTTPError):
            return False
        return str(answer) == "ok"

    def stop(self) -> None:
        """End it; what it knows stays in etcd."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def rotate(self) -> None:
        """Give it another ServiceAccount key and forget the old one, as whoever lost it must."""
        self.stop()
        _new_key(self.directory)
        self.start()

    def namespace(self, name: str) -> None:
        """Make a namespace."""
        self.core.create_namespace({"metadata": {"name": name}})

    def token(self, service: str, audience: str = "vault") -> str:
        """Give what the kubelet would project into a pod of `namespace/name`."""
        namespace, _, name = service.partition("/")
        asked = client.AuthenticationV1TokenRequest(
            spec=client.V1TokenRequestSpec(audiences=[audience], expiration_seconds=600)
        )
        made = self.core.create_namespaced_service_account_token(name, namespace, asked)
        return str(made.status.token)


@contextlib.contextmanager
def running_api_servers(directory: Path, *names: str) -> Iterator[dict[str, ApiServer]]:
    """Start one for each name, all in one kubeconfig; stop everything at the end."""
    etcd, server, controllers = binaries()
    kubeconfig = directory / "kubeconfig"
    etcd_port, peer_port, *ports = _free(2 + len(names))
    made = {
        name: _prepared(directory / name, kubeconfig, name, port, server, etcd_port)
        for name, port in zip(names, ports, strict=True)
    }
    _write_kubeconfig(kubeconfig, made)
    with contextlib.ExitStack() as stack:
        url, peer = f"http://127.0.0.1:{etcd_port}", f"http://127.0.0.1:{peer_port}"
        _run(
            stack, directory / "etcd.log", etcd, f"--data-dir={directory / 'etcd'}",
            f"--listen-client-urls={url}", f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}", "--unsafe-no-fsync",
        )  # fmt: skip
        for each in made.values():
            stack.callback(each.stop)
            each.start()
            _run(
                stack, each.directory / "controllers.log", controllers,
                f"--kubeconfig={each.directory / 'kubeconfig'}",
                f"--service-account-private-key-file={each.directory / 'sa.key'}",
                f"--root-ca-file={each.directory / 'ca.crt'}", "--leader-elect=false",
                "--secure-port=0", f"--controllers={','.join(_CONTROLLERS)}",
            )  # fmt: skip
        yield made


def _run(stack: contextlib.ExitStack, log: Path, *command: str) -> None:
    with log.open("ab") as opened:
        process = subprocess.Popen(command, stdout=opened, stderr=opened, stdin=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)


def _prepared(
    directory: Path, kubeconfig: Path, name: str, port: int, server: str, etcd_port: int
) -> ApiServer:
    directory.mkdir(parents=True)
    now = dt.datetime.now(dt.UTC)
    ca = new_authority(now)
    serving = issue(ca, Names(dns=("localhost",), ips=("127.0.0.1",)), now)
    _new_key(directory)
    token = secrets.token_hex(24)
    for file, text in {
        "ca.crt": ca.certificate,
        "tls.crt": serving.certificate,
        "tls.key": serving.key,
        "tokens.csv": f'{token},admin,admin,"system:masters"\n',
    }.items():
        write_private(directory / file, text)
    return ApiServer(
        name=name, directory=directory, kubeconfig=kubeconfig, port=port, ca=ca,
        command=(
            server, f"--etcd-servers=http://127.0.0.1:{etcd_port}", f"--etcd-prefix=/{name}",
            "--bind-address=127.0.0.1", f"--secure-port={port}", "--advertise-address=192.0.2.1",
            "--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16",
            f"--tls-cert-file={directory / 'tls.crt'}",
            f"--tls-private-key-file={directory / 'tls.key'}",
            f"--token-auth-file={directory / 'tokens.csv'}", "--authorization-mode=RBAC",
            f"--service-account-key-file={directory / 'sa.key'}",
            f"--service-account-signing-key-file={directory / 'sa.key'}",
            f"--service-account-issuer=https://{name}.example.com",
            f"--cert-dir={directory / 'certificates'}",
        ),
    )  # fmt: skip


def _new_key(directory: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    write_private(directory / "sa.key", pem)


def _write_kubeconfig(file: Path, servers: dict[str, ApiServer]) -> None:
    """All contexts in one file, none of them the current one; and one file each for its controllers."""

    def document(*of: ApiServer) -> dict[str, object]:
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": each.name,
                    "cluster": {
                        "server": each.address,
                        "certificate-authority": str(each.directory / "ca.crt"),
                    },
                }
                for each in of
            ],
            "users": [{"name": each.name, "user": {"token": _token(each)}} for each in of],
            "contexts": [
                {"name": each.name, "context": {"cluster": each.name, "user": each.name}}
                for each in of
            ],
        }

    write_private(file, json.dumps(document(*servers.values())))
    for each in servers.values():
        alone = {**document(each), "current-context": each.name}
        write_private(each.directory / "kubeconfig", json.dumps(alone))


def _token(server: ApiServer) -> str:
    return (server.directory / "tokens.csv").read_text().partition(",")[0]


def _free(how_many: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(how_many)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
