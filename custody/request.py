"""What a bootstrap is told: where the cluster is, where custody lives, whose it will be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from custody.secret import Secret

SealKind = Literal["auto", "shamir"]
"""How servers unseal: by themselves with somebody's key (awskms, transit, ...), or with keys from custody."""


@dataclass(frozen=True, kw_only=True)
class ClusterAddress:
    """How to reach every node of one cluster."""

    flavour: Literal["openbao", "vault"]
    members: tuple[str, ...]
    """One URL per node; the first is the one that is initialised."""
    generate_root_members: tuple[str, ...]
    """URLs on which generate-root is reachable, in the order of `members`."""
    ca_certificate: str
    """PEM; every connection is verified against it."""


@dataclass(frozen=True, kw_only=True)
class AwsCustody:
    """Custody on AWS: S3 and KMS. ARNs, names and addresses; of the servers' access key nothing shows itself."""

    region: str
    endpoint: str | None = None
    """None at the real cloud; a state holds no such key then, since Pulumi drops what is None."""
    bucket: str
    prefix: str
    custody_key: str
    seal_key: str
    writer_role: str
    reader_role: str | None
    """None: this process has that role's permissions itself, as the pod that unseals."""
    seal_role: str | None = None
    """ARN of the role that the servers have: the seal key is proven as that role. None, no credentials and no
    proof: as this process itself."""
    seal_token: Callable[[], Secret] | None = None
    """Gives a token of the servers' own, with which `seal_role` is taken as they take it; None: this process assumes
    the role. Called for the proof only; raises CustodyError."""
    seal_credentials: Mapping[str, Secret] = field(default_factory=dict)
    """The servers' own access key, where they have one: the seal key is proven with it. Named as in their
    environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if there is one, AWS_SESSION_TOKEN."""
    seal_proof: Callable[[], None] | None = None
    """Proves the seal key somewhere else, where nothing but a pod of the servers' own has their identity; raises
    CustodyError."""


@dataclass(frozen=True, kw_only=True)
class AlicloudCustody:
    """Custody on Alibaba Cloud: OSS and KMS. ARNs, names and ids; of the servers' access key nothing shows itself."""

    region: str
    endpoint: str | None = None
    """None at the real cloud, always; tests put a server of their own here."""
    bucket: str
    prefix: str
    custody_key: str
    """Id."""
    seal_key: str
    """Id."""
    writer_role: str
    reader_role: str
    seal_role: str | None = None
    """ARN of the role that the servers take with `seal_credentials`; None: the key itself unseals."""
    seal_credentials: Mapping[str, Secret] = field(default_factory=dict)
    """The servers' own access key, named as in their environment: ALICLOUD_ACCESS_KEY, ALICLOUD_SECRET_KEY. Without,
    and without a proof, the seal key is proven as this process itself."""
    seal_proof: Callable[[], None] | None = None
    """Proves the seal key somewhere else, where nothing but a pod of the servers' own has their identity; raises
    CustodyError."""


Place = AwsCustody | AlicloudCustody


def place_of(said: Mapping[str, Any], **proof: Any) -> Place:
    """Give the place that a state's `custody` says; `proof` is what it holds for the seal's."""
    fields = {name: value for name, value in said.items() if name != "kind"}
    # What AWS's states never said.
    kind = AlicloudCustody if said.get("kind") == "alicloud" else AwsCustody
    return kind(**fields, **proof)


@dataclass(frozen=True, kw_only=True)
class Account:
    """The limited account that configures Vault from then on."""

    mount: str
    """Its own userpass mount."""
    name: str
    password: Secret
    acl_name: str
    acl: str
    """The acl's text (HCL or JSON), as Vault reads it."""
    cidrs: tuple[str, ...]
    former_mount: str | None = None
    """The userpass mount that the account had before, to be taken away once the new one has proven itself."""
    token_ttl: str = "20m"  # noqa: S105  a duration
    token_max_ttl: str = "1h"  # noqa: S105  a duration


@dataclass(frozen=True, kw_only=True)
class AuditDevice:
    """One audit device to make by API. OpenBao takes none by API: there they stand in its configuration."""

    path: str
    kind: str
    options: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Request:
    """Everything that one bootstrap needs."""

    cluster: ClusterAddress
    custody: Place
    account: Account
    directory: Path
    """Where the local copy of the envelope lies until custody has been read back."""
    audit_devices: tuple[AuditDevice, ...] = ()
    raft_servers: int = 0
    """How many servers keep their data in raft; 0: a database holds it."""
    seal: SealKind = "auto"
    recovery_shares: int = 5
    """With Shamir: of the unseal keys, which take their place."""
    recovery_threshold: int = 3
    wipe_commands: tuple[str, ...] = ()
    """Shell commands that empty the servers' storage; printed for a cluster that nobody ever owned. Only the
    kind of server knows them: without any the message says it in words."""
    patience_seconds: float = 120.0
    """How long to wait for what settles by itself: members unsealing, and (30 s at most) new IAM permissions."""
