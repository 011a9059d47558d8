"""Other Kubernetes clusters whose services use this Vault."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from catalog.model import HOME
from mistakes.document import Path
from mistakes.shapes import ClusterName, FilePath, Label, MountName, Url, is_loopback
from settings.base import Finding, Model
from settings.external import External
from settings.helm import Chart, Context, Csi, Helm, Ingress, Injector
from settings.login import Access, Audience, TokenSeconds
from settings.server import Server

VAULT = "vault"
_WITHIN = (".svc", ".svc.cluster.local")


class OtherAccess(Model):
    """How services of that cluster log in, at a mount of their own."""

    method: Annotated[
        Literal["jwt", "kubernetes"],
        Field(
            description="jwt: ServiceAccount tokens judged by the cluster's public keys, trusted until"
            " they expire. kubernetes: by that cluster's API server, which Vault must reach."
        ),
    ]
    mount: Annotated[
        MountName | None,
        Field(description="Where they log in; kubernetes-<the cluster's name> by default."),
    ] = None
    audience: Audience = VAULT
    token_ttl_seconds: TokenSeconds = 600
    issuer: Annotated[
        Url | None,
        Field(
            description="jwt: the tokens' issuer. By default what the API server says; said here, an API"
            " server that says otherwise is refused."
        ),
    ] = None
    keys: Annotated[
        tuple[FilePath, ...],
        Field(
            description="jwt: the cluster's public keys, PEM files. By default they are fetched from its"
            " API server, at every `up`.",
            examples=[["edge.pem"]],
        ),
    ] = ()
    host: Annotated[
        Url | None,
        Field(
            description="kubernetes: the API server's address as Vault reaches it.",
            examples=["https://edge.example.com:6443"],
        ),
    ] = None
    ca: Annotated[
        FilePath | None,
        Field(
            description="kubernetes: a PEM file of the API server's CA; by default what the cluster gives"
            " to its own ServiceAccounts."
        ),
    ] = None
    reviewer: Annotated[
        Literal["service-account", "client"] | None,
        Field(
            description="kubernetes: who asks the API server about a token. service-account: one made there"
            " for it, whose long-lived token Vault keeps. client: whoever logs in, with the very token."
            " service-account by default."
        ),
    ] = None

    def findings(self) -> Iterator[Finding]:
        """Each method has what it needs and nothing of the other's."""
        foreign: dict[str, object]
        if self.method == "jwt":
            if self.keys and not self.issuer:
                wrong = "is missing beside keys of your own"
                yield ("issuer",), wrong, "write the tokens' issuer, or delete keys"
            foreign = {"host": self.host, "ca": self.ca, "reviewer": self.reviewer}
        else:
            yield from self._reviewed()
            foreign = {"issuer": self.issuer, "keys": self.keys or None}
        for name, value in foreign.items():
            if value is not None:
                yield (name,), f"means nothing with method {self.method}", "delete it"
        if self.mount == "token":
            yield ("mount",), "is Vault's own login mount", "delete it"

    def _reviewed(self) -> Iterator[Finding]:
        if self.host is None:
            wrong = "is missing with method kubernetes"
            yield ("host",), wrong, "write the API server's URL as Vault reaches it"
        elif not self.host.startswith("https://"):
            yield ("host",), "is plain http", "begin it with https://"
        elif _is_within(self.host):
            wrong = "is a name within a cluster: Vault would ask its own cluster's API server"
            yield ("host",), wrong, "write the other API server's address"
        if self.reviewer == "client":
            if self.ca is None:
                yield (
                    ("ca",),
                    "is missing with reviewer client",
                    "write the API server's CA, a PEM file",
                )
            if self.audience == VAULT:
                wrong = "is vault with reviewer client: an API server takes no token made for Vault only"
                yield ("audience",), wrong, "write the API server's own audience, often its issuer"


class OtherCluster(Model):
    """A cluster that uses this Vault and does not run it."""

    context: Annotated[Context, Field(description="The kubeconfig's context.")]
    address: Annotated[
        Url, Field(description="Vault's address as that cluster's pods reach it, https.")
    ]
    ca: Annotated[
        FilePath | None,
        Field(
            description="The CA of what answers there, a PEM file; the servers' own by default.",
            examples=["ca.pem"],
        ),
    ] = None
    access: Annotated[OtherAccess, Field(description="How services of that cluster log in.")]
    namespace: Annotated[
        Label,
        Field(description="Namespace of what is put there (injector, CSI, reviewer), made here."),
    ] = "strongroom"
    injector: Annotated[
        Injector, Field(description="The agent injector: secrets into pods by annotation.")
    ] = Injector()
    csi: Annotated[Csi, Field(description="Vault's provider for the Secrets Store CSI driver.")] = (
        Csi()
    )
    chart: Annotated[
        Chart | None,
        Field(description="Where the chart comes from; as for the servers by default."),
    ] = None

    @property
    def is_installed(self) -> bool:
        """Whether anything of the chart is put there."""
        return self.injector.enabled or self.csi.enabled

    @property
    def has_namespace(self) -> bool:
        """Whether anything at all is put there."""
        reviewed = self.access.method == "kubernetes" and self.access.reviewer != "client"
        return self.is_installed or reviewed

    def findings(self) -> Iterator[Finding]:
        """Refuse an address that only the servers' cluster knows, and what would be put nowhere."""
        if not self.address.startswith("https://"):
            yield ("address",), "is plain http", "begin it with https://"
        elif is_loopback(self.address):
            wrong = "is a loopback address, which in a pod is the pod itself"
            yield ("address",), wrong, "write Vault's address as that cluster reaches it"
        elif _is_within(self.address):
            wrong = "is a name within the servers' own cluster"
            yield ("address",), wrong, "write Vault's address as that cluster reaches it"
        given = self.model_fields_set
        if "namespace" in given and not self.has_namespace:
            yield ("namespace",), "means nothing: nothing is put there", "delete it"
        if self.chart is not None and not self.is_installed:
            yield ("chart",), "means nothing without injector and csi", "delete it"


Clusters = dict[ClusterName, OtherCluster]


def mount_of(name: str, cluster: OtherCluster) -> str:
    """Give where services of that cluster log in."""
    return cluster.access.mount or f"kubernetes-{name}"


def cluster_findings(
    clusters: Mapping[str, OtherCluster], access: Access, server: Server
) -> Iterator[Finding]:
    """Hold the clusters against each other, against the servers' own, and against what runs the servers."""
    if HOME in clusters:
        yield ("clusters", HOME), f"is {HOME}, the servers' own cluster", "write another name"
    yield from _twice(clusters, access, server)
    if isinstance(server, External) and server.ca is None:
        for name, cluster in clusters.items():
            if cluster.ca is None:
                wrong = "is missing, and so is server.ca: its pods would not know whom to trust"
                yield (
                    ("clusters", name, "ca"),
                    wrong,
                    "write the CA of what answers there, a PEM file",
                )
    if not isinstance(server, Helm):
        return
    for name, cluster in clusters.items():
        if cluster.access.host is not None and is_loopback(cluster.access.host):
            wrong = "is a loopback address, which in the servers' pods is the pod itself"
            at = ("clusters", name, "access", "host")
            yield at, wrong, "write the API server's address as Vault reaches it"
    network = server.network
    if clusters and network.enabled and not network.client_cidrs:
        if isinstance(server.exposure, Ingress):
            return
        wrong = "is missing: other clusters' pods would not reach the servers"
        yield ("server", "network", "clientCidrs"), wrong, "write their networks"


def _twice(
    clusters: Mapping[str, OtherCluster], access: Access, server: Server
) -> Iterator[Finding]:
    """Refuse what makes two clusters one: then a token of either would be the other's."""
    taken: dict[tuple[str, str], str] = {("key", key): HOME for key in access.keys}
    if access.host is not None:
        taken["host", access.host.rstrip("/")] = HOME
    if isinstance(server, Helm) and server.context is not None:
        taken["context", server.context] = HOME
    for name, cluster in clusters.items():
        claims: list[tuple[str, str, Path]] = [("context", cluster.context, ("context",))]
        said = cluster.access
        if said.host is not None:
            claims.append(("host", said.host.rstrip("/"), ("access", "host")))
        claims += [("key", key, ("access", "keys", i)) for i, key in enumerate(said.keys)]
        for kind, value, at in claims:
            owner = taken.setdefault((kind, value), name)
            if owner != name:
                wrong = f"is cluster {owner}'s already"
                yield ("clusters", name, *at), wrong, "write this cluster's own"


def _is_within(url: str) -> bool:
    return (urlsplit(url).hostname or "").rstrip(".").endswith(_WITHIN)
