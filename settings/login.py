"""Who logs in: the account that configures Vault, services, people."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from mistakes.shapes import Cidr, FilePath, Label, MountName, Text, Url, Whole, shape
from settings.base import Finding, Model

Audience = Annotated[
    Text,
    shape(r"^[!#-\[\]-~]{1,256}$", "printable text without blanks and quotes", "vault"),
    Field(description="The audience that their tokens must be made for."),
]
TokenSeconds = Annotated[
    Whole, Field(ge=60, le=86400, description="How long a service's Vault token lives.")
]


class Account(Model):
    """The limited account that configures Vault. Its password: `passwordFile`, or secret `accountPassword`."""

    mount: Annotated[MountName, Field(description="Its own userpass mount.")] = "strongroom"
    name: Annotated[Label, Field(description="Its name, and its acl's.")] = "strongroom"
    password_file: Annotated[
        FilePath | None,
        Field(
            description="A file with its password, which then never enters the state. Otherwise the"
            " stack secret strongroom:accountPassword."
        ),
    ] = None
    cidrs: Annotated[
        tuple[Cidr, ...],
        Field(
            min_length=1,
            description="From which networks it may log in.",
            examples=[["127.0.0.1/32"]],
        ),
    ]

    def findings(self) -> Iterator[Finding]:
        """Its acl is written by nobody else."""
        if self.name in ("root", "default") or self.name.startswith(("svc-", "team-")):
            yield ("name",), "is the name of another acl", "write strongroom, say"


class Access(Model):
    """How services log in."""

    method: Annotated[
        Literal["jwt", "kubernetes"],
        Field(
            description="jwt: ServiceAccount tokens judged by the cluster's public keys, trusted until"
            " they expire. kubernetes: by the API server."
        ),
    ]
    mount: Annotated[MountName, Field(description="Where services log in.")] = "kubernetes"
    audience: Audience = "vault"
    issuer: Annotated[Url | None, Field(description="jwt: the tokens' issuer.")] = None
    keys: Annotated[
        tuple[FilePath, ...],
        Field(description="jwt: the cluster's public keys, PEM files.", examples=[["cluster.pem"]]),
    ] = ()
    host: Annotated[Url | None, Field(description="kubernetes: the API server's address.")] = None
    ca: Annotated[
        FilePath | None,
        Field(
            description="kubernetes: a PEM file of its CA, unless Vault runs inside the cluster."
        ),
    ] = None
    token_ttl_seconds: TokenSeconds = 600

    def findings(self) -> Iterator[Finding]:
        """Each method has what it needs and nothing of the other's."""
        if self.method == "jwt":
            if not self.issuer:
                yield ("issuer",), "is missing with method jwt", "write the tokens' issuer"
            if not self.keys:
                yield ("keys",), "is missing with method jwt", "write the cluster's PEM key files"
            foreign: dict[str, object] = {"host": self.host, "ca": self.ca}
        else:
            if not self.host:
                yield ("host",), "is missing with method kubernetes", "write the API server's URL"
            foreign = {"issuer": self.issuer, "keys": self.keys or None}
        for name, value in foreign.items():
            if value is not None:
                yield (name,), f"means nothing with method {self.method}", "delete it"
        if self.mount == "token":
            yield ("mount",), "is Vault's own login mount", "write kubernetes, say"


class People(Model):
    """How people log in."""

    mount: Annotated[MountName, Field(description="The userpass mount of teams' members.")] = (
        "people"
    )
    cidrs: Annotated[
        tuple[Cidr, ...],
        Field(
            description="From which networks they may log in; none: from anywhere, which the policy pack"
            " lets pass in local only.",
            examples=[["127.0.0.1/32"]],
        ),
    ] = ()
