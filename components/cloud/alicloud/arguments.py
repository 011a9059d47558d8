"""What AlicloudCloud is told, refused early where Alibaba Cloud would refuse it late or, worse, take it."""

import re
from dataclasses import dataclass
from typing import Literal

from components.cloud.alicloud import names
from components.cloud.naming import BUCKET, LABEL, PREFIX, STACK, SUBDOMAIN, matches

_REGION = re.compile(r"[a-z]{2}-[a-z]+(-[a-z0-9]+)*")
_ACCOUNT = re.compile(r"[0-9]{10,20}")
_INSTANCE = re.compile(r"kst-[A-Za-z0-9]+")
_CLUSTER = re.compile(r"c[0-9a-z]{1,63}")
_ROLE_NAME = re.compile(r"[A-Za-z0-9.-]{1,64}")
_PRINCIPAL = re.compile(r"acs:ram::[0-9]{10,20}:(root|(user|role)/[\w.@-]+)", re.ASCII)
_DAY = 86_400

SealKind = Literal["keys", "assumed-role", "instance-role"]
"""Where the servers' identity comes from; see seal_identity.py."""


@dataclass(frozen=True, kw_only=True)
class AlicloudCloudArgs:
    """Which account and region, whose pods unseal, and who takes custody.

    Raises:
        ValueError: naming the field that Alibaba Cloud, or the documents built from it, could not bear.

    """

    stack: str
    """Part of every name, so that stacks of one account don't meet."""
    region: str
    account_id: str
    now: float
    """Unix seconds: which of the seal user's two keys is the current one."""
    kms_instance: str | None = None
    """`kst-...`: keys are made in this KMS instance; None: shared ones, of which a region has few."""
    kms_protection: Literal["software", "hardware"] = "software"
    """The instance's kind. A hardware one's keys do not rotate."""
    key_rotation_days: int = 365
    """365 wherever keys are shared."""
    network: Literal["public", "vpc"] = "public"
    """How servers reach KMS: by its public address, or by the one within their VPC."""
    seal_identity: SealKind = "keys"
    seal_key_days: int = 90
    """How long a key of the seal user is the current one."""
    instance_role: str | None = None
    """instance-role: name of the machines' RAM role, made elsewhere. It is granted the seal key here."""
    cluster_id: str | None = None
    """The ACK cluster with RRSA, whose pods take roles: services', and the program's own."""
    program_service_account: str | None = None
    """`namespace/name` of the pod that runs this program, where one does."""
    bucket: str | None = None
    """Custody's; None: strongroom-custody-<account>-<stack>."""
    prefix: str = ""
    writers: tuple[str, ...] = ()
    """ARNs that may take custody's writer role; empty: whoever the account's RAM lets."""
    readers: tuple[str, ...] = ()
    releases: Literal["recovery", "unseal"] | None = None
    """Which of custody's keys lose their role in a migration of the seal that is under way."""
    deletion_window_days: int = 30
    keep: bool = True

    def __post_init__(self) -> None:
        matches("stack", self.stack, STACK, "lower-case letters, digits and hyphens, at most 31")
        matches("region", self.region, _REGION, "a region such as eu-central-1")
        matches("account_id", self.account_id, _ACCOUNT, "the account's number")
        if self.kms_instance is not None:
            matches("kms_instance", self.kms_instance, _INSTANCE, "a KMS instance such as kst-...")
        if self.kms_protection == "hardware" and self.kms_instance is None:
            raise ValueError("kms_protection must be software without kms_instance")
        _within("key_rotation_days", self.key_rotation_days, 7, 365)
        if self.kms_instance is None and self.key_rotation_days != 365:  # noqa: PLR2004  KMS's own
            raise ValueError("key_rotation_days must be 365 without kms_instance")
        _within("seal_key_days", self.seal_key_days, 1, 365)
        _within("deletion_window_days", self.deletion_window_days, 7, 366)
        self._check_identity()
        matches(
            "bucket", self.custody_bucket, BUCKET, "3 to 63 lower-case letters, digits and hyphens"
        )
        matches("prefix", self.prefix, PREFIX, "letters, digits and / _ . -")
        for field in ("writers", "readers"):
            for arn in getattr(self, field):
                wanted = "ARNs of users, roles or accounts, without wildcards"
                matches(field, arn, _PRINCIPAL, wanted)

    def _check_identity(self) -> None:
        kind = self.seal_identity
        if kind not in ("keys", "assumed-role", "instance-role"):
            raise ValueError(
                f"seal_identity must be keys, assumed-role or instance-role; it is {kind!r}"
            )
        if kind == "instance-role" or self.instance_role is not None:
            wanted = "the name of the machines' RAM role"
            matches("instance_role", self.instance_role or "", _ROLE_NAME, wanted)
        if self.cluster_id is not None:
            matches("cluster_id", self.cluster_id, _CLUSTER, "an ACK cluster's id")
        if self.program_service_account is not None:
            if self.cluster_id is None:
                raise ValueError("program_service_account must be absent without cluster_id")
            namespace, _, name = self.program_service_account.partition("/")
            if not (LABEL.fullmatch(namespace) and SUBDOMAIN.fullmatch(name)):
                raise ValueError("program_service_account must be namespace/name")

    @property
    def custody_bucket(self) -> str:
        """The name of custody's bucket."""
        return self.bucket or names.custody_bucket(self.account_id, self.stack)

    @property
    def seal_key_seconds(self) -> int:
        """How long a key of the seal user is the current one."""
        return self.seal_key_days * _DAY


def _within(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{field} must be between {least} and {most}; it is {value}")
