"""A database that the servers keep everything in, instead of raft. Pure.

MySQL for HashiCorp Vault and PostgreSQL for OpenBao, which make their tables themselves. What raft brings is gone with
it: snapshots (back up the database) and autopilot. Sources:
https://developer.hashicorp.com/vault/docs/configuration/storage/mysql,
https://openbao.org/docs/configuration/storage/postgresql
"""

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    # Settings read this module, and importing Pulumi takes longer than all that they do.
    import pulumi

    from components.server.contract import Flavour

Kind = Literal["mysql", "postgresql"]
KINDS: "dict[Flavour, Kind]" = {"vault": "mysql", "openbao": "postgresql"}
PORTS: dict[Kind, int] = {"mysql": 3306, "postgresql": 5432}
TABLES: dict[Kind, tuple[str, ...]] = {
    "mysql": ("vault", "vault_lock"),
    "postgresql": ("openbao_kv_store", "openbao_ha_locks"),
}
"""What the servers make: the data, and who leads."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """Where it is and as whom the servers use it. TLS, verified, always."""

    kind: Kind
    host: str
    """A name or address that its certificate has."""
    port: int
    name: str
    username: str
    ca_certificate: str
    """PEM."""
    password: "pulumi.Input[str]" = field(repr=False)
    """A secret."""
    cidrs: tuple[str, ...] = ()
    """Its networks, where the servers are pods behind a NetworkPolicy."""

    def refuse_flavour(self, flavour: "Flavour") -> None:
        """Hold who can use it.

        Raises:
            ValueError: if the flavour's servers use the other.

        """
        if KINDS[flavour] != self.kind:
            raise ValueError(f"database must be {KINDS[flavour]} for {flavour}, not {self.kind}")


def wipe_command(database: Database) -> str:
    """Give what empties the database of a Vault, for a shell; it asks for the password."""
    drop = f"DROP TABLE IF EXISTS {', '.join(TABLES[database.kind])}"
    where = [f"--host={database.host}", f"--port={database.port}"]
    if database.kind == "mysql":
        user = [f"--user={database.username}", "--password"]
        return shlex.join(["mysql", *where, *user, f"--execute={drop}", database.name])
    user = [f"--username={database.username}", f"--dbname={database.name}"]
    return shlex.join(["psql", *where, *user, f"--command={drop}"])


def what_is_lost(database: Database) -> str:
    """Say what a preview must say."""
    return (
        f"the servers keep their data in {database.kind} at {database.host}: no raft snapshots (`ops roll` takes none"
        " before a new version: back up the database) and no autopilot"
    )
