"""A Vault that somebody else runs: where it is, and whom this program trusts to be it."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from mistakes.shapes import FilePath, Text, Url, refuse, shape
from settings.alicloud import Alicloud
from settings.base import Finding, Model
from settings.cloud import Aws

_RESERVED = ("root", "sys", "audit", "auth", "cubbyhole", "identity")
"""Source: https://developer.hashicorp.com/vault/docs/enterprise/namespaces and OpenBao's."""


def _not_reserved(namespace: str) -> str:
    if set(namespace.split("/")) & set(_RESERVED):
        raise refuse(f"has a part that is Vault's own ({', '.join(_RESERVED)})", "write another")
    return namespace


VaultNamespace = Annotated[
    Text,
    shape(
        r"^[A-Za-z0-9_-]([A-Za-z0-9._-]*[A-Za-z0-9_-])?(/[A-Za-z0-9_-]([A-Za-z0-9._-]*[A-Za-z0-9_-])?)*$",
        "a namespace of Vault's, no slash at either end: letters, digits, dots, underscores and hyphens,"
        " a slash between parts",
        "teams/platform",
        256,
    ),
    AfterValidator(_not_reserved),
]


class External(Model):
    """A Vault that somebody else runs, unsealed and initialised: HCP, a machine, a container."""

    kind: Annotated[Literal["external"], Field(description="What runs the servers.")]
    flavour: Annotated[Literal["openbao", "vault"], Field(description="Whose server it is.")]
    address: Annotated[Url, Field(description="Its address, https.")]
    ca: Annotated[
        FilePath | None,
        Field(
            description="The CA that signed its certificate, a PEM file; otherwise the CAs that this"
            " machine trusts.",
            examples=["ca.pem"],
        ),
    ] = None
    vault_namespace: Annotated[
        VaultNamespace | None,
        Field(
            description="A namespace of OpenBao's, Vault Enterprise's or HCP's, which is there:"
            " everything lives in it, and the account can't leave it."
        ),
    ] = None

    def findings(self) -> Iterator[Finding]:
        """A password and a token go there."""
        if not self.address.startswith("https://"):
            yield ("address",), "is plain http", "begin it with https://"


_OF_SEAL_AND_CUSTODY = (
    "pod_endpoint", "seal_identity", "oidc_provider", "cluster_name", "instance_role", "bucket",
    "write_once", "deletion_window_days",
)  # fmt: skip


def external_findings(cloud: Aws | Alicloud | None, *, has_custody: bool) -> Iterator[Finding]:
    """Refuse what is said of a seal and of custody, which are the owner's; paths begin at the settings."""
    if has_custody:
        wrong = "means nothing with server.kind external, whose keys somebody else holds"
        yield ("custody",), wrong, "delete it"
    if isinstance(cloud, Alicloud):
        wrong = "is alicloud, and beside somebody else's Vault services get buckets of aws only"
        yield ("cloud", "kind"), wrong, "write aws, or delete cloud and the services' cloud entries"
        return
    said = frozenset[str]() if cloud is None else cloud.model_fields_set
    for name in _OF_SEAL_AND_CUSTODY:
        if name in said:
            alias = str(Aws.model_fields[name].alias)
            wrong = "means nothing with server.kind external, which has a seal of its own"
            yield ("cloud", alias), wrong, "delete it"
