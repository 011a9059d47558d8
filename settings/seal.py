"""What seals Vault, and what sealed it before."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from mistakes.shapes import FilePath, Label, Text, Url, shape
from settings.base import Finding, Model

Path = Annotated[
    Text,
    shape(
        r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$",
        "letters, digits, dots, underscores, hyphens and single slashes between them",
        "transit",
        255,
    ),
]
KeyName = Annotated[
    Text,
    shape(
        r"^[A-Za-z0-9_-]([A-Za-z0-9._-]*[A-Za-z0-9_-])?$",
        "a key's name: letters, digits, dots, underscores and hyphens",
        "strongroom",
        128,
    ),
]


class KmsSeal(Model):
    """A key of the cloud's KMS, which the program makes."""

    kind: Annotated[Literal["awskms", "alicloudkms"], Field(description="What seals Vault.")]


class TransitSeal(Model):
    """A key in a transit engine of another Vault, the keeper."""

    kind: Annotated[Literal["transit"], Field(description="What seals Vault.")]
    address: Annotated[
        Url, Field(description="The keeper's, https.", examples=["https://keeper.example.com:8200"])
    ]
    key_name: Annotated[KeyName, Field(description="The key's name.")]
    mount_path: Annotated[Path, Field(description="Where the engine is mounted.")] = "transit"
    namespace: Annotated[
        Path | None, Field(description="The keeper's namespace in which the engine is.")
    ] = None
    ca: Annotated[
        FilePath,
        Field(
            description="The CA that signed the keeper's certificate, a PEM file.",
            examples=["keeper-ca.pem"],
        ),
    ]
    token_file: Annotated[
        FilePath | None,
        Field(
            description="A file with the servers' token, periodic and good for this key only (`python -m ops"
            " transit-acl`). Otherwise the stack secret strongroom:sealToken.",
            examples=["keeper-token"],
        ),
    ] = None

    def findings(self) -> Iterator[Finding]:
        """Hold that the token is seen by nobody on its way."""
        if not self.address.startswith("https://"):
            yield ("address",), "is plain http", "begin it with https://"


class Unsealer(Model):
    """Pods that run `ops unseal --watch`, with an AWS identity of their own (IRSA)."""

    image: Annotated[
        Text,
        shape(
            r"^[a-z0-9][a-z0-9._/:-]*:[A-Za-z0-9._-]+(@sha256:[0-9a-f]{64})?$",
            "an image with its tag",
            "registry.example.com/strongroom:1.0.0",
            400,
        ),
        Field(description="An image of this program (docs/seals.md)."),
    ]
    service_account: Annotated[Label, Field(description="Their ServiceAccount.")] = "vault-unseal"


class ShamirSeal(Model):
    """Keys that custody holds: the bootstrap unseals with them, later `python -m ops unseal`."""

    kind: Annotated[Literal["shamir"], Field(description="What seals Vault.")]
    unsealer: Annotated[
        Unsealer | None,
        Field(
            description="Pods beside the servers that unseal them. Otherwise somebody runs"
            " `python -m ops unseal`."
        ),
    ] = None


Seal = Annotated[KmsSeal | TransitSeal | ShamirSeal, Field(discriminator="kind")]
"""What seals Vault, by `kind`."""


OF_CLOUD = {"aws": "awskms", "alicloud": "alicloudkms"}
"""The cloud's kind -> its KMS's."""


def seal_findings(cloud: str, seal: Seal | None, former: Seal | None) -> Iterator[Finding]:
    """Hold whose key it is, and what a migration can be."""
    own = OF_CLOUD[cloud]
    for name, each in (("seal", seal), ("formerSeal", former)):
        if isinstance(each, KmsSeal) and each.kind != own:
            wrong = (
                f"is {each.kind}, and the cloud is {cloud}, where the program makes the seal's key"
            )
            yield (name, "kind"), wrong, f"write {own}, transit or shamir"
    kind = own if seal is None else seal.kind
    if former is not None and former.kind == kind:
        wrong = f"is {former.kind}, and so is seal: servers can't tell one from the other"
        yield ("formerSeal", "kind"), wrong, "migrate by way of another kind, or delete formerSeal"
