"""Vault's servers as pods: what the official Helm chart is told."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mistakes.shapes import Cidr, FilePath, Label, Text, Url, Whole, YesNo, refuse, shape
from reach.pods import PORT, Pods
from settings.base import NODES, Finding, Model, miscounted
from settings.database import Database, database_findings
from settings.monitoring import Monitoring

Context = Annotated[
    Text,
    shape(
        r"^[A-Za-z0-9][A-Za-z0-9@:/._+-]*$",
        "a kubeconfig context's name: letters, digits and @ : / . _ + -",
        "kind-vault",
        253,
    ),
]
# The chart's Services bear this name, and a Service's begins with a letter; pods and labels add to it.
Release = Annotated[
    Text,
    shape(
        r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$",
        "a release's name: at most 40 lower-case letters, digits and hyphens, a letter in front",
        "vault",
    ),
]
Repository = Annotated[
    Text,
    shape(
        r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?/)?"
        r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?(/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)*$",
        "an image's name without its tag",
        "hashicorp/vault",
        255,
    ),
]
# No `latest`: what runs is what was reviewed.
Tag = Annotated[
    Text,
    shape(
        r"^[0-9]+\.[0-9]+\.[0-9]+([A-Za-z0-9._-]*[A-Za-z0-9])?(@sha256:[0-9a-f]{64})?$",
        "a full version in quotes, and its digest if you like",
        "2.0.4",
        200,
    ),
]
ChartVersion = Annotated[
    Text,
    shape(
        r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$",
        "one version of the chart, no range",
        "0.34.1",
        60,
    ),
]
Size = Annotated[Text, shape(r"^[1-9][0-9]{0,5}[MGT]i$", "a size in Mi, Gi or Ti", "10Gi")]
Memory = Annotated[Text, shape(r"^[1-9][0-9]{0,5}[MG]i$", "an amount in Mi or Gi", "512Mi")]
Cpu = Annotated[
    Text, shape(r"^[1-9][0-9]{0,5}m?$", "processors, in quotes, or thousandths of one", "250m")
]
HostName = Annotated[
    Text,
    shape(
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$",
        "a host's full name in lower case",
        "vault.example.com",
        253,
    ),
]
ObjectName = Annotated[
    Text,
    shape(
        r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        "a Kubernetes object's name: lower-case letters, digits, hyphens and dots",
        "vault-ca",
        253,
    ),
]
AnnotationName = Annotated[
    Text,
    shape(
        r"^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$",
        "an annotation's name",
        "example.com/name",
        253,
    ),
]
Annotations = Annotated[
    dict[AnnotationName, Text], Field(description="Further annotations; they win over ours.")
]
Port = Annotated[Whole, Field(ge=1024, le=65535, examples=[18200])]


def _counted(count: int) -> int:
    if why := miscounted(count):
        raise refuse(f"is {count}: {why}", "write 1, 3 or 5")
    return count


class Chart(Model):
    """Where the chart comes from."""

    repository: Annotated[Url, Field(description="The chart's repository.")] = (
        "https://helm.releases.hashicorp.com"
    )
    version: Annotated[ChartVersion, Field(description="The chart's version.")] = "0.34.1"
    directory: Annotated[
        FilePath | None,
        Field(description="The unpacked chart instead of the repository.", examples=["vault-helm"]),
    ] = None

    def findings(self) -> Iterator[Finding]:
        """One source."""
        if self.directory is not None:
            for name in sorted({"repository", "version"} & self.model_fields_set):
                yield (name,), "means nothing beside a directory", "delete it"


class Image(Model):
    """An image; what isn't given is what this version of the program was written for."""

    repository: Annotated[Repository | None, Field(description="Its name without the tag.")] = None
    tag: Annotated[Tag | None, Field(description="Its version.")] = None

    def over(self, repository: str, tag: str) -> "Image":
        """Fill in what isn't given."""
        return Image(repository=self.repository or repository, tag=self.tag or tag)


SERVER_IMAGES = {"vault": ("hashicorp/vault", "2.0.4"), "openbao": ("openbao/openbao", "2.6.2")}
INJECTOR_IMAGE = ("hashicorp/vault-k8s", "1.7.6")
CSI_IMAGE = ("hashicorp/vault-csi-provider", "1.7.4")
_NO_AWSKMS = (2, 7)
"""The first OpenBao without awskms and alicloudkms built in."""


class Injector(Model):
    """The agent injector: secrets into pods by annotation."""

    enabled: Annotated[YesNo, Field(description="Whether it runs.")] = True
    image: Annotated[Image, Field(description="Its image.")] = Image()
    agent_image: Annotated[
        Image, Field(description="What it puts into pods; the servers' image by default.")
    ] = Image()
    replicas: Annotated[Whole, Field(ge=1, le=9, description="How many pods of it.")] = 2


class Csi(Model):
    """Vault's provider for the Secrets Store CSI driver, which must be in the cluster."""

    enabled: Annotated[YesNo, Field(description="Whether it runs.")] = False
    image: Annotated[Image, Field(description="Its image.")] = Image()


class Volume(Model):
    """One volume of every server."""

    size: Annotated[Size, Field(description="Its size; Kubernetes refuses a later change.")] = (
        "10Gi"
    )
    storage_class: Annotated[
        ObjectName | None, Field(description="Its class; the cluster's default if not given.")
    ] = None


class Amounts(Model):
    """Processor and memory."""

    cpu: Annotated[Cpu | None, Field(description="Processors.")] = None
    memory: Annotated[Memory | None, Field(description="Memory.")] = None


class Resources(Model):
    """What a server asks for and may take."""

    requests: Annotated[Amounts, Field(description="What the scheduler sets aside.")] = Amounts(
        cpu="250m", memory="512Mi"
    )
    limits: Annotated[Amounts, Field(description="Above which it is slowed or ended.")] = Amounts(
        memory="2Gi"
    )


class Network(Model):
    """A NetworkPolicy for the servers. It takes effect where the cluster's network enforces policies."""

    enabled: Annotated[YesNo, Field(description="Whether there is one.")] = True
    egress_cidrs: Annotated[
        tuple[Cidr, ...],
        Field(
            description="Where the seal's cloud answers (on AWS: KMS and STS), on port 443.",
            examples=[["10.0.0.0/16"]],
        ),
    ] = ()
    api_server_cidrs: Annotated[
        tuple[Cidr, ...],
        Field(
            description="Where the API server answers: its own addresses, and its Service's.",
            examples=[["10.0.0.0/16"]],
        ),
    ] = ()
    clients: Annotated[
        tuple[Label, ...],
        Field(
            description="Namespaces that reach Vault besides the catalogue's: an ingress controller's,"
            " say, or monitoring's.",
            examples=[["ingress-nginx"]],
        ),
    ] = ()
    client_cidrs: Annotated[
        tuple[Cidr, ...],
        Field(
            description="Networks that reach Vault from outside the cluster.",
            examples=[["10.0.0.0/16"]],
        ),
    ] = ()

    def findings(self) -> Iterator[Finding]:
        """A policy that would cut the servers off, or that lets everybody in."""
        named = {
            "egressCidrs": (self.egress_cidrs, "the seal", "write the networks of KMS and STS"),
            "apiServerCidrs": (self.api_server_cidrs, "the API server", "write its networks"),
        }
        for name, (cidrs, what, cure) in named.items():
            if self.enabled and not cidrs:
                yield (name,), f"is missing: the servers would not reach {what}", cure
        for index, cidr in enumerate(self.client_cidrs):
            if cidr.endswith("/0"):
                yield ("clientCidrs", index), "lets everybody in", "write the clients' networks"
        if not self.enabled:
            given = {"egress_cidrs", "api_server_cidrs", "clients"} & self.model_fields_set
            for name in sorted(given):
                alias = str(type(self).model_fields[name].alias)
                yield (alias,), "means nothing where enabled is false", "delete it"


class NoExposure(Model):
    """Reached from inside the cluster, and by a tunnel through its API server."""

    kind: Annotated[Literal["none"], Field(description="How Vault is reached from outside.")]


class InternalLoadBalancer(Model):
    """A load balancer with an address of the private network, in front of the active server."""

    kind: Annotated[
        Literal["internal-load-balancer"], Field(description="How Vault is reached from outside.")
    ]
    annotations: Annotations = {}  # noqa: RUF012  pydantic copies defaults, and the model is frozen


class Ingress(Model):
    """An ingress that passes TLS through to the active server."""

    kind: Annotated[Literal["ingress"], Field(description="How Vault is reached from outside.")]
    host: Annotated[HostName, Field(description="The name that clients use.")]
    ingress_class: Annotated[ObjectName, Field(alias="class", description="The ingress class.")]
    annotations: Annotations = {}  # noqa: RUF012  as above


class OwnTls(Model):
    """A CA that this program makes and renews."""

    kind: Annotated[Literal["own"], Field(description="Who signs the servers' certificate.")]


class Issuer(Model):
    """An issuer of cert-manager."""

    name: Annotated[ObjectName, Field(description="Its name.")]
    kind: Annotated[
        Literal["ClusterIssuer", "Issuer"], Field(description="Its kind; an Issuer is Vault's own.")
    ] = "ClusterIssuer"
    group: Annotated[HostName, Field(description="Its API group.")] = "cert-manager.io"


class CertManagerTls(Model):
    """A certificate from cert-manager; trust-manager gives its CA to every namespace."""

    kind: Annotated[
        Literal["cert-manager"], Field(description="Who signs the servers' certificate.")
    ]
    issuer: Annotated[Issuer, Field(description="Which issuer signs.")]
    ca: Annotated[FilePath, Field(description="The issuer's CA, a PEM file.", examples=["ca.pem"])]


class SecretTls(Model):
    """A Secret of yours, of type kubernetes.io/tls, in the servers' namespace."""

    kind: Annotated[Literal["secret"], Field(description="Who signs the servers' certificate.")]
    name: Annotated[ObjectName, Field(description="Its name.", examples=["vault-server"])]
    ca: Annotated[
        FilePath, Field(description="The CA that signed it, a PEM file.", examples=["ca.pem"])
    ]


class Helm(Model):
    """Vault servers as pods, by the official Helm chart."""

    kind: Annotated[Literal["helm"], Field(description="What runs the servers.")]
    flavour: Annotated[Literal["openbao", "vault"], Field(description="Whose server it is.")] = (
        "vault"
    )
    context: Annotated[
        Context | None,
        Field(description="The kubeconfig's context; its current one if not given."),
    ] = None
    namespace: Annotated[Label, Field(description="The servers' namespace, made here.")] = "vault"
    service_account: Annotated[Label, Field(description="The servers' ServiceAccount.")] = "vault"
    release: Annotated[Release, Field(description="The Helm release's name.")] = "vault"
    chart: Annotated[Chart, Field(description="Where the chart comes from.")] = Chart()
    image: Annotated[Image, Field(description="The servers' image.")] = Image()
    replicas: Annotated[
        Whole,
        AfterValidator(_counted),
        Field(description="How many servers.", json_schema_extra={"enum": list(NODES)}),
    ] = 3
    storage: Annotated[Volume, Field(description="Raft's volume, one a server.")] = Volume()
    audit_storage: Annotated[Volume, Field(description="The audit logs' volume, one a server.")] = (
        Volume()
    )
    database: Annotated[
        Database | None, Field(description="Holds what the servers store; raft if not given.")
    ] = None
    resources: Annotated[Resources, Field(description="What a server asks for and may take.")] = (
        Resources()
    )
    priority_class: Annotated[
        ObjectName | None, Field(description="The servers' priority class.")
    ] = None
    spread: Annotated[
        YesNo,
        Field(
            description="Each server on a node of its own, spread over the zones that nodes are labelled"
            " with. Off on one node, or where nodes have no zone."
        ),
    ] = True
    network: Annotated[Network, Field(description="Who reaches the servers, and whom they reach.")]
    exposure: Annotated[
        NoExposure | InternalLoadBalancer | Ingress,
        Field(discriminator="kind", description="How Vault is reached from outside the cluster."),
    ] = NoExposure(kind="none")
    address: Annotated[
        Url | None,
        Field(
            description="Vault's address where the network reaches it. Otherwise a tunnel through the API"
            " server: `python -m ops tunnel`."
        ),
    ] = None
    local_port: Annotated[Port, Field(description="The tunnel's port on this machine.")] = 18200
    log_format: Annotated[
        Literal["json", "standard"], Field(description="How the servers' logs are written.")
    ] = "json"
    injector: Annotated[
        Injector, Field(description="The agent injector: secrets into pods by annotation.")
    ] = Injector()
    csi: Annotated[Csi, Field(description="Vault's provider for the Secrets Store CSI driver.")] = (
        Csi()
    )
    monitoring: Annotated[
        Monitoring | None, Field(description="Prometheus, by its operator; nobody by default.")
    ] = None
    tls: Annotated[
        OwnTls | CertManagerTls | SecretTls,
        Field(discriminator="kind", description="Who signs the servers' certificate."),
    ] = OwnTls(kind="own")

    @property
    def reach(self) -> Pods:
        """The servers' pods, as the API server leads to them."""
        names = tuple(f"{self.release}-{index}" for index in range(self.replicas))
        return Pods(context=self.context, namespace=self.namespace, names=names)

    @property
    def pod_address(self) -> str:
        """Where pods of the cluster reach Vault: the active server.

        A standby of OpenBao answers reads and logins by itself, and for half a minute after the login method was
        configured it refuses everybody.
        """
        return f"https://{self.release}-active.{self.namespace}.svc:{PORT}"

    @property
    def server_image(self) -> Image:
        """The servers' image, whole."""
        return self.image.over(*SERVER_IMAGES[self.flavour])

    @property
    def agent_image(self) -> Image:
        """What the injector puts into pods, whole."""
        server = self.server_image
        return self.injector.agent_image.over(str(server.repository), str(server.tag))

    def findings(self) -> Iterator[Finding]:
        """Hold what can't work together."""
        version = re.findall(r"[0-9]+", str(self.server_image.tag))[:2]
        if self.flavour == "openbao" and tuple(map(int, version)) >= _NO_AWSKMS:
            wrong = "is an OpenBao without the awskms and alicloudkms seals built in"
            yield ("image", "tag"), wrong, f"write {SERVER_IMAGES['openbao'][1]}"
        if self.address is not None:
            if not self.address.startswith("https://"):
                yield ("address",), "is plain http", "begin it with https://"
            if "local_port" in self.model_fields_set:
                yield ("localPort",), "means nothing beside an address", "delete it"
        if self.database is not None and "storage" in self.model_fields_set:
            yield ("storage",), "means nothing beside a database", "delete it"
        yield from database_findings(self.database, self.flavour, policy=self.network.enabled)
        yield from self._exposed()
        yield from self._watched()

    def _watched(self) -> Iterator[Finding]:
        if self.monitoring is None:
            return
        if {"token_file", "token_secret"} <= self.monitoring.model_fields_set:
            yield (
                ("monitoring", "tokenFile"),
                "means nothing beside tokenSecret",
                "delete one of them",
            )
        if self.monitoring.service_account is None:
            return
        watcher = self.monitoring.service_account.split("/")[0]
        if self.network.enabled and watcher not in self.network.clients:
            wrong = f"lacks {watcher}: Prometheus would not reach the servers"
            yield ("network", "clients"), wrong, f"add {watcher}"

    def _exposed(self) -> Iterator[Finding]:
        network = self.network
        if isinstance(self.exposure, InternalLoadBalancer) and not network.client_cidrs:
            wrong = "is missing: the load balancer would take everybody"
            yield ("network", "clientCidrs"), wrong, "write the networks of those who use it"
        if isinstance(self.exposure, Ingress) and network.enabled and not network.clients:
            wrong = "is missing: the ingress controller would not reach the servers"
            yield ("network", "clients"), wrong, "write the controller's namespace"


_TUNNEL = ipaddress.ip_address("127.0.0.1")


def tunnel_findings(helm: Helm, cidrs: tuple[str, ...]) -> Iterator[Finding]:
    """Hold the account's networks (paths begin at the account) against how the servers are reached.

    The kubelet makes a port-forward's connection inside the pod: its server sees 127.0.0.1.
    """
    if helm.address is None and not any(_TUNNEL in ipaddress.ip_network(each) for each in cidrs):
        wrong = "lacks 127.0.0.1/32, where what comes through the tunnel comes from"
        yield ("cidrs",), wrong, "add 127.0.0.1/32, or write server.address"
