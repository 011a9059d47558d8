"""A Deployment as a team writes it, with what `python -m ops workload` prints put into it."""

from pathlib import Path
from typing import Any

from catalog.model import Service
from components.workload import injector
from components.workload.access import PodAccess

Document = dict[str, Any]

EXAMPLES = ("shop/orders", "blog/web")
"""The services whose applications these are: a sidecar's and an init container's."""
STATUS = "/status/shown"
"""What the application shows, also in its log: `<file> <field> <bytes> <SHA-256>`, a line for each value."""

_SCRIPT = Path(__file__).with_name("show.sh")


def example_deployment(
    service: Service, access: PodAccess, *, image: str = "busybox:1.37"
) -> Document:
    """Give an application that is Ready once it has read every secret, and shows each change.

    `image` needs a shell, awk and sha256sum, such as busybox's.

    Raises:
        ValueError: if the service chose another way than the injector.

    """
    choice = service.workload
    if choice is None or choice.delivery != "injector":
        raise ValueError(f"{service.id} must have workload: {{as: injector}}")
    labels = {"app": service.name}
    template = injector.pod_template(service, access, choice)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": service.name, "namespace": service.namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {**template["metadata"], "labels": labels},
                "spec": {
                    **template["spec"],
                    "automountServiceAccountToken": False,
                    # Of the whole pod: the agent has none of its own, which strict namespaces refuse.
                    "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                    "terminationGracePeriodSeconds": 5,
                    "containers": [_container(service, image)],
                    "volumes": [*template["spec"]["volumes"], {"name": "status", "emptyDir": {}}],
                },
            },
        },
    }


def _container(service: Service, image: str) -> Document:
    return {
        "name": service.name,
        "image": image,
        "command": ["sh", "-c", _SCRIPT.read_text(), "show", "/vault/secrets", STATUS],
        "readinessProbe": {"exec": {"command": ["test", "-s", STATUS]}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "status", "mountPath": "/status"}],
    }
