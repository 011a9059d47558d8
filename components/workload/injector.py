"""The agent injector's annotations, and what a pod must have beside them.

Source: https://developer.hashicorp.com/vault/docs/platform/k8s/injector/annotations, and vault-k8s 1.6.2's own
agent-inject/agent, which the tests run.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from catalog.model import SecretFile, Service, WorkloadChoice
from components.workload.access import TOKEN_SECONDS, PodAccess
from components.workload.templates import agent_template
from reach.certificate import KEY as CA_KEY
from reach.certificate import NAME as CA_CONFIG_MAP

Document = dict[str, Any]

TOKEN_VOLUME = "vault-token"  # noqa: S105  a volume's name
_TOKEN_DIRECTORY = "/var/run/secrets/vault.hashicorp.com/serviceaccount"  # noqa: S105
"""Where the injector mounts the volume that is named to it, into its own containers only."""

# The agent needs 13 MB of its own; the rest is its program, which the node can drop.
_RESOURCES = {
    "agent-requests-cpu": "25m",
    "agent-requests-mem": "64Mi",
    "agent-limits-mem": "128Mi",
}
# `vault`'s user and group in both servers' images. Named, they also switch the injector's security context on
# (non-root, read-only root, no capabilities) where its installation has it off.
_RUN_AS = {"agent-run-as-user": "100", "agent-run-as-group": "1000"}
_LONGEST_KEY = 63 - len("agent-inject-template-")
"""An annotation's name has at most 63 characters behind the slash."""


def pod_template(service: Service, access: PodAccess, choice: WorkloadChoice) -> Document:
    """Give what a pod template needs: annotations, ServiceAccount, the volume with token and CA."""
    return {
        "metadata": {"annotations": annotations(service, access, choice)},
        "spec": {"serviceAccountName": service.name, "volumes": [token_volume(access)]},
    }


def annotations(service: Service, access: PodAccess, choice: WorkloadChoice) -> dict[str, str]:
    """Give every annotation. Files come to /vault/secrets, in all of the pod's containers.

    What an injector's installation could say otherwise (address, CA, login) is said here: a manifest means the same
    in every cluster that has one.
    """
    chosen = {
        "agent-inject": "true",
        "service": access.address,
        **({"namespace": access.vault_namespace} if access.vault_namespace else {}),
        "ca-cert": f"{_TOKEN_DIRECTORY}/{CA_KEY}",
        # The kubernetes method posts role and token, which is what a jwt mount takes as well.
        "auth-type": "kubernetes",
        "auth-path": f"auth/{access.login_mount}",
        "role": service.role,
        "agent-service-account-token-volume-name": TOKEN_VOLUME,
        # Otherwise it grows to five minutes, and as long lasts an outage for pods that start during it.
        "auth-max-backoff": "30s",
        **_RESOURCES,
        **_RUN_AS,
        **_mode(choice),
        **_files(service.files(choice), access),
    }
    return {f"vault.hashicorp.com/{name}": value for name, value in chosen.items()}


def token_volume(access: PodAccess) -> Document:
    """Give the volume with the ServiceAccount's token for Vault and the CA of Vault's listeners.

    The token: the pod's default one is made for the API server and fails a role that is bound to an audience.
    The CA: the injector mounts Secrets only (`tls-secret`, `agent-extra-secret`), or all volumes of one of the team's
    containers, by its name (`agent-copy-volume-mounts`). But it mounts the token's volume whole, and a projected one
    takes the ConfigMap as a second source.
    """
    token = {"audience": access.audience, "expirationSeconds": TOKEN_SECONDS, "path": "token"}
    ca = {"name": CA_CONFIG_MAP, "items": [{"key": CA_KEY, "path": CA_KEY}]}
    sources = [{"serviceAccountToken": token}, {"configMap": ca}]
    return {"name": TOKEN_VOLUME, "projected": {"sources": sources}}


def _mode(choice: WorkloadChoice) -> Mapping[str, str]:
    if choice.mode == "init":
        return {"agent-pre-populate-only": "true"}
    return {"template-static-secret-render-interval": f"{choice.refresh_seconds}s"}


def _files(files: Mapping[str, SecretFile], access: PodAccess) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, file in files.items():
        data_path = access.data_path(file.path)
        key = _key(name, found)
        found[f"agent-inject-secret-{key}"] = data_path
        found[f"agent-inject-template-{key}"] = agent_template(file, data_path)
        if key != name:
            found[f"agent-inject-file-{key}"] = name
    return found


def _key(name: str, taken: Mapping[str, str]) -> str:
    """Give what annotations call a file: its name, unless that is no end of an annotation's."""
    key = name.lower().strip("._-")
    if len(key) > _LONGEST_KEY or f"agent-inject-secret-{key}" in taken:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        key = f"{key[: _LONGEST_KEY - len(digest) - 1]}-{digest}"
    return key
