"""What every cloud gives to the rest of the program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pulumi

SealKind = Literal["awskms", "alicloudkms", "transit", "shamir"]
"""Vault's names; what each wants of a server is written in components/server: `seal_stanza`, `environment`."""


@dataclass(frozen=True, kw_only=True)
class WebIdentity:
    """A role that a pod takes with its own ServiceAccount token, made for `audience`."""

    role_arn: pulumi.Input[str]
    audience: str


@dataclass(frozen=True, kw_only=True)
class Seal:
    """The seal as one value: a server writes `seal "<kind>" { <parameters> }` and knows no cloud.

    Besides, it gives its processes the environment, and nothing else that belongs to the cloud: the identity
    that unseals is the servers' own, never that of whoever runs the program.
    """

    kind: SealKind
    """`shamir` has no stanza: its servers are unsealed with keys from custody."""
    parameters: Mapping[str, pulumi.Input[str]]
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Plain variables of every server's process."""
    secret_environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Secret ones; none where the identity comes from the pod or the machine."""
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """What Vault's ServiceAccount carries so that its pods get their identity."""
    web_identity: WebIdentity | None = None
    """Where it is given, a server's pod mounts such a token and writes `role_arn` and
    `web_identity_token_file` into the stanza."""
    ca_file: str | None = None
    """Of the CA that signed the certificate of whoever keeps the key, where that is a Vault: a path on this machine.
    Every server has it as a file, which its stanza names (`tls_ca_cert`)."""
    former: "Seal | None" = None
    """The seal that this one takes over from: its stanza stands there disabled until every server has migrated."""


@dataclass(frozen=True, kw_only=True)
class CustodyPlace:
    """Where custody of init's answer lives, the two roles that reach it, and as whom the seal is proven."""

    kind: Literal["aws", "alicloud"]
    """Whose ARNs, calls and objects they are: see custody/aws.py and custody/alicloud.py."""
    region: str
    endpoint: str | None
    """The emulator's address; None at the real cloud."""
    prefix: str
    bucket: pulumi.Input[str]
    custody_key: pulumi.Input[str]
    """ARN (Alibaba Cloud: id) of the key that encrypts custody's objects."""
    seal_key: pulumi.Input[str]
    """ARN (Alibaba Cloud: id) of the key that seals Vault; only proven here, before init."""
    writer_role: pulumi.Input[str]
    """ARN. May encrypt, put, list; may delete versions of vault-root and vault-test only."""
    reader_role: pulumi.Input[str]
    """ARN. May decrypt and get. Break-glass, and the bootstrap until the cluster is owned."""
    seal_role: pulumi.Input[str] | None = None
    """ARN of the servers' own role, which is taken for the proof: with a token of their ServiceAccount where
    `Seal.web_identity` says so, else (AWS) by whoever runs the program, or (Alibaba Cloud) with their key."""
    seal_credentials: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Secret. The servers' own access key, where they have one: the seal is proven with it."""


@dataclass(frozen=True, kw_only=True)
class UnsealerIdentity:
    """As whom the pod that unseals Shamir's servers reads custody: by a role, or with a key of its own."""

    web_identity: WebIdentity | None = None
    secret_environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Secret variables of its process; none with a role."""
    endpoint: str | None = None
    """The emulator's address as pods reach it; None at the real cloud."""


@dataclass(frozen=True, kw_only=True)
class BucketGrant:
    """What one service may do with one bucket, and how often its key changes."""

    service: str
    """`namespace/name`."""
    name: str
    """The grant's name in the service's catalogue file."""
    bucket: str
    access: Literal["read", "read-write"]
    rotate_seconds: int


class Applications(Protocol):
    """What services get from a cloud."""

    def application_credentials(
        self, grant: BucketGrant, *, now: float
    ) -> pulumi.Output[dict[str, str]]:
        """Declare a bucket, its least-privilege user and two overlapping access keys.

        Returns the fields that go into the service's own KV path, secret:
        bucket, region, access_key_id, secret_access_key (and endpoint at an emulator).
        `now` is Unix seconds; it decides which of the two keys is the current one.
        """
        ...


class Cloud(Applications, Protocol):
    """A cloud, as the wiring sees it."""

    seal: Seal
    custody: CustodyPlace
    unsealer: UnsealerIdentity | None
    """Of the pod that unseals Shamir's servers, where one does."""
