"""What the catalogue says, checked: every name is safe to put into a Vault path, every reference leads somewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Access = Literal["read", "read-write"]
TeamAccess = Literal["read", "write"]


@dataclass(frozen=True, kw_only=True)
class CloudGrant:
    """One bucket that a service owns, and what it may do there."""

    bucket: str
    access: Access
    rotate_seconds: int
    """How long an access key is the current one."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service: one ServiceAccount, one role, one acl, one key-value path."""

    namespace: str
    name: str
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Path below the service's own -> field -> configuration key of the stack secret."""
    cloud: Mapping[str, CloudGrant] = field(default_factory=dict)
    """Name -> grant; its access key is written to the service's path `cloud/<name>`."""
    shares: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Path below the service's own -> the services (`namespace/name`) that may read it too."""

    @property
    def id(self) -> str:
        """`shop/orders`: how people write it, and its path in the key-value mount."""
        return f"{self.namespace}/{self.name}"

    @property
    def slug(self) -> str:
        """`shop.orders`: where a slash can't stand. No label holds a dot, so no two services share one."""
        return f"{self.namespace}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Team:
    """People with one acl."""

    name: str
    administrator: bool = False
    members: Mapping[str, str] = field(default_factory=dict)
    """Person -> configuration key of the stack secret that holds the password."""
    services: Mapping[str, TeamAccess] = field(default_factory=dict)
    """Service (`namespace/name`) -> what the team may do with its key-value path."""


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything in the catalogue's directory, sorted by `id` and by name."""

    services: tuple[Service, ...] = ()
    teams: tuple[Team, ...] = ()

    def config_keys(self) -> frozenset[str]:
        """Give the configuration keys that hold the catalogue's secrets."""
        return frozenset(
            [key for each in self.services for at in each.secrets.values() for key in at.values()]
            + [key for team in self.teams for key in team.members.values()]
        )
