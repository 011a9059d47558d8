"""What the catalogue says, checked: every name is safe to put into a Vault path, every reference leads somewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

KEY_VALUE = "kv"
"""The KV v2 mount in which every service's path lies."""

HOME = "home"
"""What the servers' own cluster is called; others have the names that the settings give them."""

CREDENTIAL_FIELDS = ("access_key_id", "bucket", "region", "secret_access_key")
"""What the secret of a `cloud` entry holds, at every cloud."""

Access = Literal["read", "read-write"]
TeamAccess = Literal["read", "write"]
Delivery = Literal["injector", "csi", "external-secret"]


@dataclass(frozen=True, kw_only=True)
class CloudGrant:
    """One bucket that a service owns, and what it may do there."""

    bucket: str
    access: Access
    rotate_seconds: int
    """How long an access key is the current one."""


@dataclass(frozen=True, kw_only=True)
class SecretFile:
    """What one file in a pod is made of."""

    owner: str
    """The service (`namespace/name`) whose secret it is."""
    secret: str
    """Path below the owner's own."""
    format: Literal["json", "env", "field"] = "json"
    field: str = ""
    """The one field that is the content, with format `field`."""

    @property
    def path(self) -> str:
        """`shop/orders/mail`: the secret's path below the key-value mount."""
        return f"{self.owner}/{self.secret}"


@dataclass(frozen=True, kw_only=True)
class WorkloadChoice:
    """How a service's pod gets its secrets."""

    delivery: Delivery
    mode: Literal["sidecar", "init"] = "sidecar"
    """Injector only."""
    refresh_seconds: int = 300
    """How soon a changed secret is picked up, by a sidecar or an external secret."""
    files: Mapping[str, SecretFile] = field(default_factory=dict)
    """File -> what it is made of; none: every secret of the service's own."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What must be possible, or must not: held against the acls before anything changes."""

    allowed: bool
    capability: str
    path: str
    """As people write it, `kv/shop/orders/mail`, or the API's."""


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
    workload: WorkloadChoice | None = None
    """None: its pod reads its secrets itself."""
    clusters: tuple[str, ...] = (HOME,)
    """Where it lives: a role in each cluster's login mount, the same acl in all."""

    @property
    def id(self) -> str:
        """`shop/orders`: how people write it, and its path in the key-value mount."""
        return f"{self.namespace}/{self.name}"

    @property
    def slug(self) -> str:
        """`shop.orders`: where a slash can't stand. No label holds a dot, so no two services share one."""
        return f"{self.namespace}.{self.name}"

    @property
    def role(self) -> str:
        """`svc-shop.orders`: its role, and its acl."""
        return f"svc-{self.slug}"

    @property
    def fields(self) -> Mapping[str, tuple[str, ...]]:
        """Every path below the service's own -> the fields that the program writes there."""
        written = {path: tuple(fields) for path, fields in self.secrets.items()}
        return written | {f"cloud/{name}": CREDENTIAL_FIELDS for name in self.cloud}

    def default_files(self, delivery: Delivery) -> list[tuple[str, SecretFile]]:
        """Give every own secret as files: `mail.json`; `mail.password` where only single fields can be had.

        Two may have one name (`a/b` and `a-b`): the catalogue's reader refuses that.
        """
        return [
            (name, file)
            for path, fields in sorted(self.fields.items())
            for name, file in self._default(delivery, path, fields)
        ]

    def _default(
        self, delivery: Delivery, path: str, fields: tuple[str, ...]
    ) -> list[tuple[str, SecretFile]]:
        flat = path.replace("/", "-")
        if delivery != "csi":
            return [(f"{flat}.json", SecretFile(owner=self.id, secret=path))]
        return [
            (f"{flat}.{each}", SecretFile(owner=self.id, secret=path, format="field", field=each))
            for each in sorted(fields)
        ]

    def files(self, choice: WorkloadChoice) -> Mapping[str, SecretFile]:
        """Give what the pod gets: the files that were chosen, else every secret of the service's own."""
        return dict(sorted(choice.files.items())) or dict(self.default_files(choice.delivery))


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
class AdoptedMount:
    """A KV mount that was there before the program."""

    options: Mapping[str, str]
    description: str


@dataclass(frozen=True, kw_only=True)
class AdoptedMethod:
    """A login method that was there before the program."""

    kind: Literal["kubernetes", "jwt"]
    description: str
    roles: Mapping[str, Mapping[str, Any]]
    """Role -> its fields, in Vault's own words."""


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """What a Vault held before the program: imported as it is. By path, and by name."""

    mounts: Mapping[str, AdoptedMount] = field(default_factory=dict)
    methods: Mapping[str, AdoptedMethod] = field(default_factory=dict)
    acls: Mapping[str, str] = field(default_factory=dict)

    def without(self, mount: str) -> "Adopted":
        """Give the same without one mount."""
        return replace(self, mounts={p: each for p, each in self.mounts.items() if p != mount})


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything in the catalogue's directory, sorted by `id` and by name."""

    services: tuple[Service, ...] = ()
    teams: tuple[Team, ...] = ()
    adopted: Adopted = Adopted()

    def living_in(self, cluster: str) -> tuple[Service, ...]:
        """Give the services that live in a cluster."""
        return tuple(each for each in self.services if cluster in each.clusters)

    def config_keys(self) -> frozenset[str]:
        """Give the configuration keys that hold the catalogue's secrets."""
        return frozenset(
            [key for each in self.services for at in each.secrets.values() for key in at.values()]
            + [key for team in self.teams for key in team.members.values()]
        )
