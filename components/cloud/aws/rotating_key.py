"""A KMS key that rotates by itself: one seals Vault, one encrypts custody."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.cloud.aws.documents import Document, to_json


@dataclass(frozen=True, kw_only=True)
class RotatingKeyArgs:
    """What the key is for, who may use it, and how long a deleted one stays recoverable."""

    description: str
    alias: str
    """`alias/...`; for people, nothing refers to it."""
    policy: Document
    deletion_window_days: int
    keep: bool


class RotatingKey(pulumi.ComponentResource):
    """A symmetric key, rotated every year. Losing it is losing all that it encrypts."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: RotatingKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:RotatingKey", name, {}, opts)

        key = aws.kms.Key(
            f"{name}-key",
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_window_days,
            policy=to_json(args.policy),
            opts=pulumi.ResourceOptions(parent=self, protect=args.keep),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=args.alias,
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )

        self.arn = key.arn
        self.register_outputs({"arn": self.arn})
