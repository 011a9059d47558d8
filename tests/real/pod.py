"""A pod without a cluster: the injector changes it, its directories are here, and its agent runs."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from catalog.model import Service, WorkloadChoice
from components.workload.injector import pod_template
from tests.real.cluster import bao
from tests.real.injector import injected
from tests.real.service_vault import ServiceVault

PATH = "/usr/bin:/bin"
TOKENS = "/var/run/secrets/vault.hashicorp.com/serviceaccount"
_DIRECTORIES = (TOKENS, "/vault/secrets", "/home/vault")

Pod = dict[str, Any]


class InPlace:
    """One pod's directories."""

    def __init__(self, root: Path, vault: ServiceVault, pod: Pod, token: str) -> None:
        self.root = root
        for directory in _DIRECTORIES:
            (root / directory[1:]).mkdir(parents=True)
        self.secrets = root / "vault/secrets"
        (root / TOKENS[1:] / "token").write_text(token)
        (root / TOKENS[1:] / "ca.crt").write_bytes(vault.ca_file.read_bytes())
        self.pod = pod

    def command(self, container: str) -> list[str]:
        """Give the agent's command with the configuration that the injector wrote, at these directories."""
        variables = {
            each["name"]: each.get("value") for each in container_of(self.pod, container)["env"]
        }
        text = base64.b64decode(variables["VAULT_CONFIG"]).decode()
        for directory in _DIRECTORIES:
            text = text.replace(directory, str(self.root / directory[1:]))
        path = self.root / f"{container}.json"
        path.write_text(text)
        return [bao(), "agent", f"-config={path}"]


def container_of(pod: Pod, name: str) -> dict[str, Any]:
    containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    (found,) = [each for each in containers if each["name"] == name]
    return dict(found)


def made(program: Path, vault: ServiceVault, service: Service, choice: WorkloadChoice) -> Pod:
    """Give the pod of a team that pasted what we print, as the injector changes it."""
    template = pod_template(service, vault.access, choice)
    return injected(
        program,
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "x", "namespace": service.namespace, **template["metadata"]},
            "spec": {**template["spec"], "containers": [{"name": "app", "image": "app"}]},
        },
    )


@contextmanager
def sidecar(place: InPlace) -> Iterator[None]:
    process = subprocess.Popen(
        place.command("vault-agent"),
        env={"HOME": str(place.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def run(place: InPlace) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        place.command("vault-agent-init"),
        env={"HOME": str(place.root)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def sourced(env_file: Path) -> dict[str, str]:
    """Source a file in a shell of nothing else, and give the variables that a child of it sees."""
    out = subprocess.run(
        ["sh", "-c", '. "$1"; exec env -0', "sh", str(env_file)],
        env={"PATH": PATH},
        check=True,
        capture_output=True,
    ).stdout
    pairs = (each.split(b"=", 1) for each in out.split(b"\0") if each)
    return {name.decode(): value.decode() for name, value in pairs}
