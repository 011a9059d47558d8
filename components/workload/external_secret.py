"""External Secrets: a Kubernetes Secret, written by its operator with the service's own login.

Source: https://external-secrets.io/latest/provider/hashicorp-vault/
"""

from typing import Any

from catalog.model import SecretFile, Service, WorkloadChoice
from components.workload.access import PodAccess
from components.workload.templates import external_secret_template
from reach.certificate import KEY as CA_KEY
from reach.certificate import NAME as CA_CONFIG_MAP

Document = dict[str, Any]

API_VERSION = "external-secrets.io/v1"
_VOLUME = "vault-secrets"


def secret_store(service: Service, access: PodAccess) -> Document:
    """Give the SecretStore: Vault, logged in as the service's ServiceAccount, which the operator asks a token for."""
    return {
        "apiVersion": API_VERSION,
        "kind": "SecretStore",
        "metadata": {"name": service.name, "namespace": service.namespace},
        "spec": {
            "provider": {
                "vault": {
                    "server": access.address,
                    **({"namespace": access.vault_namespace} if access.vault_namespace else {}),
                    "path": access.key_value,
                    "version": "v2",
                    "caProvider": {"type": "ConfigMap", "name": CA_CONFIG_MAP, "key": CA_KEY},
                    "auth": {
                        "kubernetes": {
                            "mountPath": access.login_mount,
                            "role": service.role,
                            "serviceAccountRef": {
                                "name": service.name,
                                "audiences": [access.audience],
                            },
                        }
                    },
                }
            }
        },
    }


def external_secret(service: Service, access: PodAccess, choice: WorkloadChoice) -> Document:
    """Give the ExternalSecret: one key for each file."""
    files = service.files(choice)
    target: Document = {"name": _secret(service)}
    env = {
        name: external_secret_template(file, name)
        for name, file in files.items()
        if file.format == "env"
    }
    if env:
        # Merge: what has no template stays as it was read.
        target["template"] = {"engineVersion": "v2", "mergePolicy": "Merge", "data": env}
    return {
        "apiVersion": API_VERSION,
        "kind": "ExternalSecret",
        "metadata": {"name": service.name, "namespace": service.namespace},
        "spec": {
            "refreshInterval": f"{choice.refresh_seconds}s",
            "secretStoreRef": {"kind": "SecretStore", "name": service.name},
            "target": target,
            "data": [_entry(name, file, access) for name, file in files.items()],
        },
    }


def pod_template(service: Service) -> Document:
    """Give what a pod template needs: ServiceAccount and volume."""
    volume = {"name": _VOLUME, "secret": {"secretName": _secret(service)}}
    return {"spec": {"serviceAccountName": service.name, "volumes": [volume]}}


def _secret(service: Service) -> str:
    return f"{service.name}-vault"


def _entry(name: str, file: SecretFile, access: PodAccess) -> Document:
    # The whole path: the operator strips mount and `data` in front, once, also where a namespace is called so.
    remote = {"key": access.data_path(file.path)}
    if file.format == "field":
        remote["property"] = file.field
    # Without `property` it is the whole secret as JSON.
    return {"secretKey": name, "remoteRef": remote}
