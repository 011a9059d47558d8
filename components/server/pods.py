"""What is said about Vault's pods: plain values, from which the chart's values and everything around them follow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from components.cloud.contract import SealKind
from components.server.contract import Flavour
from components.server.database import Database
from reach.certificate import KEY as CA_KEY
from reach.pods import PORT

CLUSTER_PORT = 8201
DATA, AUDIT, TLS = "/vault/data", "/vault/audit", "/vault/tls"
"""Directories in a pod. TLS holds tls.crt, tls.key and ca.crt."""
DATABASE = "/vault/database"
"""With a database: holds `storage.hcl`, a configuration file with its password, and its ca.crt."""
STORAGE_FILE = "storage.hcl"
AUDIT_FILES = (f"{AUDIT}/audit-0.log", f"{AUDIT}/audit-1.log")
"""Two, because one that blocks would stop the server. The same on every node, so that each may lead."""
CA_FILE = f"{TLS}/{CA_KEY}"
UID, GID = 100, 1000
"""`vault`'s and `openbao`'s in their images."""
REPLICAS = (1, 3, 5)
POD_SECURITY: Mapping[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": UID,
    "runAsGroup": GID,
    # Makes volumes, certificate and the seal's token readable to the server.
    "fsGroup": GID,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


@dataclass(frozen=True, kw_only=True)
class Image:
    """What is pulled: `repository:tag`."""

    repository: str
    tag: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"

    @property
    def values(self) -> dict[str, str]:
        """As the chart takes it."""
        return {
            "repository": self.repository,
            "tag": self.tag,
            "pullPolicy": "IfNotPresent",
        }


@dataclass(frozen=True, kw_only=True)
class Volume:
    """One volume of every pod."""

    size: str
    """In Mi, Gi or Ti."""
    storage_class: str | None = None

    @property
    def bytes(self) -> int:
        """Its size in bytes."""
        return int(self.size[:-2]) << {"Mi": 20, "Gi": 30, "Ti": 40}[self.size[-2:]]


@dataclass(frozen=True, kw_only=True)
class Network:
    """Who reaches the servers, and whom they reach."""

    clients: tuple[str, ...] = ()
    """Namespaces."""
    client_cidrs: tuple[str, ...] = ()
    egress_cidrs: tuple[str, ...] = ()
    """Of the seal's cloud."""
    api_server_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class InternalLoadBalancer:
    """A load balancer of the private network, in front of the active server."""

    client_cidrs: tuple[str, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ingress:
    """An ingress that passes TLS through to the active server."""

    host: str
    ingress_class: str
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Injector:
    """The agent injector."""

    image: Image
    agent_image: Image
    """What it puts into pods."""
    replicas: int = 2


@dataclass(frozen=True, kw_only=True)
class Csi:
    """Vault's provider for the Secrets Store CSI driver."""

    image: Image
    agent_image: Image


TOKEN_FILE = "/vault/secrets/token"  # noqa: S105  a path


@dataclass(frozen=True, kw_only=True)
class Statsd:
    """A statsd_exporter of somebody's, to which the servers send."""

    service: str
    """The Service's name."""
    namespace: str
    port: int = 9125
    """UDP."""

    @property
    def address(self) -> str:
        """As the servers reach it."""
        return f"{self.service}.{self.namespace}.svc:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """How Prometheus gets the servers' metrics."""

    labels: Mapping[str, str]
    """By which it finds its ServiceMonitors and its rules."""
    statsd: Statsd | None = None
    """Servers send there, and nobody reads them; the rest means nothing then."""
    interval: str = "30s"
    token_file: str = TOKEN_FILE
    """In Prometheus' own pod, where an agent beside it writes the token that it keeps alive."""
    token_secret: str | None = None
    """A Secret in the servers' namespace with key `token`, instead of the file."""


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Vault's pods.

    Raises:
        ValueError: naming the field that raft or a seal could not bear.

    """

    flavour: Flavour
    image: Image
    replicas: int = 3
    release: str = "vault"
    """Name of the Helm release, the StatefulSet and the Services."""
    namespace: str = "vault"
    service_account: str = "vault"
    storage: Volume = Volume(size="10Gi")
    audit_storage: Volume = Volume(size="10Gi")
    database: Database | None = None
    """Holds what the servers store; None: raft, in `storage`."""
    requests: Mapping[str, str] = field(default_factory=dict)
    """cpu, memory."""
    limits: Mapping[str, str] = field(default_factory=dict)
    priority_class: str | None = None
    spread: bool = True
    """Each on a node of its own, spread over zones."""
    network: Network | None = None
    """None: no NetworkPolicy."""
    exposure: InternalLoadBalancer | Ingress | None = None
    log_format: Literal["json", "standard"] = "json"
    injector: Injector | None = None
    csi: Csi | None = None
    scrape: Scrape | None = None
    """Who reads the servers' metrics; None: nobody."""
    login_mount: str = "kubernetes"
    """Where pods of the cluster log in."""
    reviews_tokens: bool = True
    """Whether Vault asks the API server about ServiceAccount tokens (method kubernetes)."""

    unsealed_by_another: bool = False
    """Whether pods of `components.server.unsealer` unseal these."""

    def __post_init__(self) -> None:
        if self.database is not None:
            self.database.refuse_flavour(self.flavour)
        if self.replicas not in REPLICAS:
            raise ValueError(f"replicas must be 1, 3 or 5, not {self.replicas}")
        if not re.match(r"[0-9]+\.[0-9]+", self.image.tag):
            raise ValueError(f"image must have a version for its tag, not {self.image.tag!r}")

    @property
    def database_secret(self) -> str:
        """Name of the Secret with `storage.hcl` and the database's `ca.crt`."""
        return f"{self.release}-database"

    @property
    def names(self) -> tuple[str, ...]:
        """The pods', in order."""
        return tuple(f"{self.release}-{index}" for index in range(self.replicas))

    @property
    def major(self) -> int:
        """The server's major version."""
        return int(self.image.tag.split(".")[0])

    def url(self, pod: str, port: int = PORT) -> str:
        """Give a pod's URL within the cluster."""
        return f"https://{pod}.{self.release}-internal.{self.namespace}.svc:{port}"

    @property
    def labels(self) -> dict[str, str]:
        """What the chart selects the server's pods by; their volume claims carry it too."""
        return {
            "app.kubernetes.io/name": "vault",
            "app.kubernetes.io/instance": self.release,
            "component": "server",
        }

    @property
    def leader_labels(self) -> dict[str, str]:
        """What selects the active server's pod: each server labels its own (service_registration)."""
        return {**self.labels, f"{self.flavour}-active": "true"}


@dataclass(frozen=True, kw_only=True)
class PodSeal:
    """A `components.cloud.contract.Seal` whose values are known. Nothing here is secret."""

    kind: SealKind
    parameters: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_environment: tuple[str, ...] = ()
    """Names; the values lie in the Secret `seal_secret`."""
    seal_secret: str = "vault-seal"  # noqa: S105  an object's name
    keys_digest: str | None = None
    """Changes whenever what lies in `seal_secret` does; None without."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of the ServiceAccount."""
    role_arn: str | None = None
    """The role that the pod's token is exchanged for; None where the identity comes another way."""
    audience: str | None = None
    ca_certificate: str | None = None
    """PEM of the CA that signed the certificate of whoever keeps the key; lies in `seal_secret`."""
    former: "PodSeal | None" = None
    """The seal that is being left."""

    @property
    def both(self) -> tuple["PodSeal", ...]:
        """The seal and the one that is being left."""
        return (self,) if self.former is None else (self, self.former)

    @property
    def token(self) -> "PodSeal | None":
        """Which of both has a role that the pod's token is exchanged for."""
        return next((each for each in self.both if each.role_arn is not None), None)

    @property
    def from_agent(self) -> bool:
        """Whether an identity comes from within the node: EKS Pod Identity's agent, an ECS instance's metadata."""
        return any(
            each.kind in ("awskms", "alicloudkms")
            and each.role_arn is None
            and not each.secret_environment
            for each in self.both
        )
