"""Where init's answer goes on Alibaba Cloud: a key, a bucket, and two roles that each can do half.

Versions never expire: there is no lifecycle rule, and none is ever added here. Why versions and no retention policy
stands in custody/alicloud.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.cloud.alicloud import documents, names
from components.cloud.alicloud.granted import GrantedRole, GrantedRoleArgs
from components.cloud.alicloud.private_bucket import PrivateBucket, PrivateBucketArgs


@dataclass(frozen=True, kw_only=True)
class CustodyArgs:
    """Which stack's custody, in which bucket, under which key, and who may take its roles."""

    stack: str
    region: str
    account_id: str
    key_id: pulumi.Output[str]
    bucket: str
    prefix: str
    writers: Sequence[pulumi.Input[str]]
    """ARNs; empty: whoever the account's RAM lets."""
    readers: Sequence[pulumi.Input[str]]
    keep: bool
    released: tuple[str, ...] = ()
    """Names of keys that may be hidden, while they are given the name of another role."""


class Custody(pulumi.ComponentResource):
    """Bucket and roles. Vault's pods have no part in it."""

    bucket: pulumi.Output[str]
    """Its name, known once versions are kept."""
    writer_role: pulumi.Output[str]
    """ARN."""
    reader_role: pulumi.Output[str]
    """ARN."""

    def __init__(
        self, name: str, args: CustodyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:Custody", name, {}, opts)
        bucket = names.bucket_arn(args.account_id, args.bucket)
        self.bucket = PrivateBucket(
            name,
            PrivateBucketArgs(
                bucket=args.bucket,
                policy=documents.custody_bucket_policy(
                    bucket=bucket, prefix=args.prefix, released=args.released
                ),
                versions=True,
                keep=args.keep,
            ),
            pulumi.ResourceOptions(parent=self),
        ).ready
        key = args.key_id.apply(lambda id_: names.key_arn(args.region, args.account_id, id_))
        self.writer_role = self._role(
            f"{name}-writer",
            args,
            "Encrypts and stores what Vault's init returned; reads nothing",
            args.writers,
            key.apply(
                lambda arn: documents.custody_writer(
                    key=arn, bucket=bucket, prefix=args.prefix, released=args.released
                )
            ),
        )
        self.reader_role = self._role(
            f"{name}-reader",
            args,
            "Reads what Vault's init returned; writes nothing",
            args.readers,
            key.apply(
                lambda arn: documents.custody_reader(key=arn, bucket=bucket, prefix=args.prefix)
            ),
        )
        self.register_outputs({"bucket": self.bucket})

    def _role(
        self,
        name: str,
        args: CustodyArgs,
        description: str,
        principals: Sequence[pulumi.Input[str]],
        grant: pulumi.Output[documents.Document],
    ) -> pulumi.Output[str]:
        return GrantedRole(
            name,
            GrantedRoleArgs(
                account_id=args.account_id,
                role=names.ram_name(args.stack, f"custody-{name.rpartition('-')[2]}"),
                description=description,
                trust=pulumi.Output.all(
                    *(principals or [names.account_arn(args.account_id)])
                ).apply(documents.role_trust),
                grant=grant,
                keep=args.keep,
            ),
            pulumi.ResourceOptions(parent=self),
        ).arn
