"""A database that the servers keep everything in, instead of raft."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from components.server import database
from mistakes.shapes import Cidr, FilePath, Text, Whole, shape
from settings.base import Finding, Model

if TYPE_CHECKING:
    import pulumi

    from components.server.contract import Flavour

PASSWORD = "databasePassword"  # noqa: S105  the stack secret's key

_HOST = shape(
    r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
    "a host's name or IPv4 address, without a port",
    "db.example.com",
)
# What is written into SQL by the servers themselves, and into a shell's command by us.
_NAME = shape(
    r"^[A-Za-z_][A-Za-z0-9_]{0,31}$",
    "a name in the database: at most 32 letters, digits and underscores, no digit in front",
    "vault",
)


class Database(Model):
    """A database instead of raft. Its password is the stack secret strongroom:databasePassword."""

    kind: Annotated[
        Literal["mysql", "postgresql"],
        Field(description="mysql (or MariaDB): for HashiCorp Vault. postgresql: for OpenBao."),
    ]
    host: Annotated[Text, _HOST, Field(description="A name or address that its certificate has.")]
    port: Annotated[
        Whole | None, Field(ge=1, le=65535, description="Its port, if it is not the usual one.")
    ] = None
    name: Annotated[Text, _NAME, Field(description="Which of its databases.")] = "vault"
    username: Annotated[
        Text, _NAME, Field(description="As whom; he makes tables in that database.")
    ] = "vault"
    ca: Annotated[FilePath, Field(description="The CA that signed its certificate, a PEM file.")]
    cidrs: Annotated[
        tuple[Cidr, ...],
        Field(description="Its networks, where a NetworkPolicy keeps the servers."),
    ] = ()

    @property
    def its_port(self) -> int:
        """The port that was said, or the usual one."""
        return self.port or database.PORTS[self.kind]


_LACKS: "Mapping[Flavour, str]" = {
    "vault": "makes no tables there by itself",
    "openbao": "has no such storage",
}


def database_findings(
    said: Database | None, flavour: "Flavour", *, policy: bool
) -> Iterator[Finding]:
    """Hold the database (paths begin at the server) against whose servers use it.

    `policy`: whether a NetworkPolicy keeps them.
    """
    if said is None:
        return
    theirs = database.KINDS[flavour]
    if said.kind != theirs:
        wrong = f"is {said.kind}, and flavour {flavour} {_LACKS[flavour]}"
        cure = f"write {theirs}, or delete server.database for raft"
        yield ("database", "kind"), wrong, cure
    if policy and not said.cidrs:
        wrong = "is missing: the servers' NetworkPolicy would keep them from their database"
        yield ("database", "cidrs"), wrong, "write the database's networks"
    if not policy and said.cidrs:
        wrong = "means nothing without a NetworkPolicy"
        yield ("database", "cidrs"), wrong, "delete it"


def database_of(
    said: Database | None, password: "Callable[[str], pulumi.Output[str]]"
) -> database.Database | None:
    """Give the database as components take it; reads the file of its CA. None: raft."""
    if said is None:
        return None
    return database.Database(
        kind=said.kind,
        host=said.host,
        port=said.its_port,
        name=said.name,
        username=said.username,
        ca_certificate=Path(said.ca).read_text(),
        password=password(PASSWORD),
        cidrs=said.cidrs,
    )
