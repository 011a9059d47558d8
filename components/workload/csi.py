"""The Secrets Store CSI driver, with Vault's provider.

Source: https://developer.hashicorp.com/vault/docs/platform/k8s/csi/configurations
"""

from typing import Any

import yaml

from catalog.model import Service, WorkloadChoice
from components.workload.access import PodAccess

Document = dict[str, Any]

API_VERSION = "secrets-store.csi.x-k8s.io/v1"
_VOLUME = "vault-secrets"


def secret_provider_class(service: Service, access: PodAccess, choice: WorkloadChoice) -> Document:
    """Give the SecretProviderClass: one file for each field.

    Vault's address and CA are the provider's own, in whose pod the login takes place: a path of a CA in this
    document would be one of that pod.

    Raises:
        ValueError: for a file that is a whole secret, which the provider wraps in Vault's answer.

    """
    objects = []
    for name, file in service.files(choice).items():
        if file.format != "field":
            raise ValueError(f"file {name} is a whole secret, and csi gives single fields only")
        path = access.data_path(file.path)
        objects.append({"objectName": name, "secretPath": path, "secretKey": file.field})
    return {
        "apiVersion": API_VERSION,
        "kind": "SecretProviderClass",
        "metadata": {"name": service.name, "namespace": service.namespace},
        "spec": {
            "provider": "vault",
            "parameters": {
                "roleName": service.role,
                "vaultAuthMountPath": access.login_mount,
                **({"vaultNamespace": access.vault_namespace} if access.vault_namespace else {}),
                "audience": access.audience,
                # The driver takes text only.
                "objects": yaml.safe_dump(objects, sort_keys=False),
            },
        },
    }


def pod_template(service: Service) -> Document:
    """Give what a pod template needs: ServiceAccount and volume."""
    volume = {
        "name": _VOLUME,
        "csi": {
            "driver": "secrets-store.csi.k8s.io",
            "readOnly": True,
            "volumeAttributes": {"secretProviderClass": service.name},
        },
    }
    return {"spec": {"serviceAccountName": service.name, "volumes": [volume]}}
