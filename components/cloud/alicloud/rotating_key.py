"""A KMS key that rotates by itself: one seals Vault, one encrypts custody.

It has no key policy. A shared key can bear none; on a key of a KMS instance an Allow in either the key's policy or
RAM's suffices, so the key's could take nothing away from whoever RAM lets. Hence the least that RAM allows is all that
there is: an administrator with `kms:*` can use both keys, unlike on AWS.
Source: https://help.aliyun.com/en/kms/key-management-service/security-and-compliance/overview-of-key-policies
"""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_alicloud as alicloud


@dataclass(frozen=True, kw_only=True)
class RotatingKeyArgs:
    """What the key is for, where it lies, and how long a deleted one stays recoverable."""

    description: str
    alias: str
    """`alias/...`; for people, nothing refers to it."""
    instance: str | None
    """A KMS instance; None: a shared key."""
    protection: Literal["software", "hardware"]
    rotation_days: int
    deletion_window_days: int
    keep: bool


class RotatingKey(pulumi.ComponentResource):
    """A symmetric key. Losing it is losing all that it encrypts."""

    key_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: RotatingKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:RotatingKey", name, {}, opts)
        # Keys of a hardware instance can't rotate.
        rotates = args.protection == "software"
        key = alicloud.kms.Key(
            f"{name}-key",
            description=args.description,
            key_spec="Aliyun_AES_256",
            key_usage="ENCRYPT/DECRYPT",
            dkms_instance_id=args.instance,
            # Said for hardware, because otherwise every run would want another key.
            protection_level="SOFTWARE" if rotates else "HSM",
            automatic_rotation="Enabled" if rotates else "Disabled",
            rotation_interval=f"{args.rotation_days}d" if rotates else None,
            pending_window_in_days=args.deletion_window_days,
            deletion_protection="Enabled" if args.keep else "Disabled",
            deletion_protection_description=args.description if args.keep else None,
            opts=pulumi.ResourceOptions(parent=self, protect=args.keep),
        )
        alicloud.kms.Alias(
            f"{name}-alias",
            alias_name=args.alias,
            key_id=key.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.key_id = key.id
        self.register_outputs({"key_id": self.key_id})
