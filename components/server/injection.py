"""What brings secrets into pods: the chart's values of its agent injector and of its CSI provider. Pure."""

import base64
from typing import Any, Protocol

from components.server.pods import (
    CA_FILE,
    CONTAINER_SECURITY,
    POD_SECURITY,
    TLS,
    Csi,
    Injector,
)
from reach.certificate import KEY as CA_KEY
from reach.certificate import NAME as CONFIG_MAP

Document = dict[str, Any]

INJECT_LABEL = {"strongroom.io/inject": "enabled"}
"""On a namespace: no pod starts there while the injector can't be asked."""


class Injecting(Protocol):
    """What is said about injector and CSI provider: beside the servers, or in a cluster without them."""

    @property
    def injector(self) -> Injector | None: ...  # noqa: D102
    @property
    def csi(self) -> Csi | None: ...  # noqa: D102
    @property
    def login_mount(self) -> str: ...  # noqa: D102
    @property
    def log_format(self) -> str: ...  # noqa: D102
    @property
    def priority_class(self) -> str | None: ...  # noqa: D102
    @property
    def spread(self) -> bool: ...  # noqa: D102


def admission(agents: Injecting) -> dict[str, str]:
    """Give the labels of the namespace that they run in: what its pods may be."""
    # The CSI provider mounts a directory of its node, which the others must not.
    level = "privileged" if agents.csi is not None else "baseline"
    return {"pod-security.kubernetes.io/enforce": level}


def injector_values(pods: Injecting, ca_certificate: str) -> Document:
    """Give the chart's `injector`. `ca_certificate` is PEM."""
    injector = pods.injector
    if injector is None:
        return {"enabled": False}
    several = injector.replicas > 1
    ca = base64.b64encode(ca_certificate.encode()).decode()
    return {
        "enabled": True,
        "replicas": injector.replicas,
        "image": injector.image.values,
        "agentImage": {
            "repository": injector.agent_image.repository,
            "tag": injector.agent_image.tag,
        },
        "authPath": f"auth/{pods.login_mount}",
        "logFormat": pods.log_format,
        # Every agent verifies Vault with it, unless its pod names another.
        "extraEnvironmentVars": {"AGENT_INJECT_VAULT_CACERT_BYTES": ca},
        # One webhook, for namespaces with the label only, and it fails closed: a pod never starts there without its
        # secrets. A namespace without it is not even asked about, so the injector's outage stops nothing there. (The
        # chart has one webhook, hence one policy: open for some and closed for others can't be had without a label.)
        "webhook": {
            "failurePolicy": "Fail",
            "matchPolicy": "Exact",
            "timeoutSeconds": 10,
            "namespaceSelector": {"matchLabels": dict(INJECT_LABEL)},
        },
        "podDisruptionBudget": {"maxUnavailable": 1} if several else {},
        "securityContext": {"pod": POD_SECURITY, "container": CONTAINER_SECURITY},
        "resources": {"requests": {"cpu": "25m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "priorityClassName": pods.priority_class or "",
        # The chart's default wants a node for each.
        **({} if several and pods.spread else {"affinity": ""}),
    }


def csi_values(pods: Injecting) -> Document:
    """Give the chart's `csi`."""
    csi = pods.csi
    if csi is None:
        return {"enabled": False}
    ca = {"name": CONFIG_MAP, "items": [{"key": CA_KEY, "path": CA_KEY}]}
    return {
        "enabled": True,
        "image": csi.image.values,
        "volumes": [{"name": "ca", "configMap": ca}],
        "volumeMounts": [{"name": "ca", "mountPath": TLS, "readOnly": True}],
        # The provider asks Vault through this agent, over a socket.
        "agent": {
            "enabled": True,
            "image": csi.agent_image.values,
            "logFormat": pods.log_format,
            "extraArgs": [f"-ca-cert={CA_FILE}"],
        },
    }
