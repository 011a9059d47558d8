"""Where init's answer goes on AWS: a key, a bucket, and two roles that each can do half.

The key encrypts the objects themselves (custody's own calls) and the bucket under them (S3's). Versions
never expire: there is no lifecycle rule, and none is ever added here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.cloud.aws import documents, names
from components.cloud.aws.granted_role import GrantedRole, GrantedRoleArgs
from components.cloud.aws.granted_user import GrantedUserArgs, UserKey, granted_user
from components.cloud.aws.private_bucket import PrivateBucket, PrivateBucketArgs
from components.cloud.aws.rotating_key import RotatingKey, RotatingKeyArgs


@dataclass(frozen=True, kw_only=True)
class CustodyArgs:
    """Which stack's custody, in which bucket, and who may take its roles."""

    stack: str
    region: str
    account_id: str
    bucket: str
    prefix: str
    writers: Sequence[str]
    """ARNs; empty: whoever the account's IAM lets."""
    readers: Sequence[str]
    tls_only: bool
    write_once: bool
    """Both off at an emulator that applies a denial without its condition; what has none stays in force."""
    deletion_window_days: int
    keep: bool
    unsealer: documents.Document | Literal["key"] | None = None
    """Who may take the role that reads unseal keys and nothing else, as a trust policy; `key`: a user with an access
    key does, and no role; None: nobody."""
    released: tuple[str, ...] = ()
    """Names of keys that may be hidden, while they are given the name of another role."""


class Custody(pulumi.ComponentResource):
    """Key, bucket and roles. Vault's pods have no part in it."""

    bucket: pulumi.Output[str]
    """Its name, known once versions are kept and objects are encrypted."""
    key: pulumi.Output[str]
    """ARN."""
    writer_role: pulumi.Output[str]
    """ARN."""
    reader_role: pulumi.Output[str]
    """ARN."""
    unsealer_role: pulumi.Output[str] | None = None
    """ARN."""
    unsealer_key: UserKey | None = None

    def __init__(
        self, name: str, args: CustodyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:Custody", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = names.account_arn(args.region, args.account_id)
        bucket_arn = names.bucket_arn(args.region, args.bucket)
        writer = names.iam_name(args.stack, "custody-writer")
        reader = names.iam_name(args.stack, "custody-reader")
        reads = names.role_arn(args.region, args.account_id, reader)

        key = RotatingKey(
            name,
            RotatingKeyArgs(
                description="Encrypts what Vault's init returned",
                alias=names.key_alias(args.stack, "custody"),
                policy=documents.key_policy(
                    account=account,
                    uses={
                        names.role_arn(args.region, args.account_id, writer): (
                            documents.WRITER_KEY_ACTIONS
                        ),
                        **dict.fromkeys(
                            [reads, *_unsealer_arns(args)], documents.READER_KEY_ACTIONS
                        ),
                    },
                ),
                deletion_window_days=args.deletion_window_days,
                keep=args.keep,
            ),
            child,
        )
        bucket = PrivateBucket(
            name,
            PrivateBucketArgs(
                bucket=args.bucket,
                policy=documents.custody_bucket_policy(
                    bucket=bucket_arn,
                    prefix=args.prefix,
                    tls_only=args.tls_only,
                    write_once=args.write_once,
                    released=args.released,
                ),
                keep=args.keep,
            ),
            child,
        )
        versions = aws.s3.BucketVersioning(
            f"{name}-versions",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            opts=child,
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[_encrypted_with(key.arn)],
            opts=child,
        )

        self.bucket = pulumi.Output.all(bucket.ready, versions.id, encryption.id).apply(
            lambda known: str(known[0])
        )
        self.key = key.arn
        self.writer_role = GrantedRole(
            f"{name}-writer",
            GrantedRoleArgs(
                role=writer,
                description="Encrypts and stores what Vault's init returned; reads nothing",
                trust=documents.role_trust(args.writers or [account]),
                grant=key.arn.apply(
                    lambda arn: documents.custody_writer(
                        key=arn,
                        bucket=bucket_arn,
                        prefix=args.prefix,
                        region=args.region,
                        released=args.released,
                    )
                ),
            ),
            child,
        ).arn
        self.reader_role = GrantedRole(
            f"{name}-reader",
            GrantedRoleArgs(
                role=reader,
                description="Reads what Vault's init returned; writes nothing",
                trust=documents.role_trust(args.readers or [account]),
                grant=key.arn.apply(
                    lambda arn: documents.custody_reader(
                        key=arn, bucket=bucket_arn, prefix=args.prefix, region=args.region
                    )
                ),
            ),
            child,
        ).arn
        if args.unsealer is not None:
            grant = key.arn.apply(
                lambda arn: documents.custody_unsealer(
                    key=arn, bucket=bucket_arn, prefix=args.prefix, region=args.region
                )
            )
            self._reads_unseal_keys(f"{name}-unsealer", args, args.unsealer, grant, child)
        self.register_outputs({"bucket": self.bucket, "key": self.key})

    def _reads_unseal_keys(
        self,
        name: str,
        args: CustodyArgs,
        who: documents.Document | Literal["key"],
        grant: pulumi.Output[documents.Document],
        child: pulumi.ResourceOptions,
    ) -> None:
        if who == "key":
            user = GrantedUserArgs(user=_unsealer_name(args), grant=grant, keep=args.keep)
            self.unsealer_key = granted_user(name, user, child)
            return
        role = GrantedRoleArgs(
            role=_unsealer_name(args),
            description="Reads the keys that unseal Vault; writes nothing",
            trust=who,
            grant=grant,
        )
        self.unsealer_role = GrantedRole(name, role, child).arn


def _unsealer_name(args: CustodyArgs) -> str:
    return names.iam_name(args.stack, "custody-unsealer")


def _unsealer_arns(args: CustodyArgs) -> list[str]:
    """Give the identity that reads unseal keys, where there is one: the custody key's policy names it."""
    if args.unsealer is None:
        return []
    arn = names.user_arn if args.unsealer == "key" else names.role_arn
    return [arn(args.region, args.account_id, _unsealer_name(args))]


def _encrypted_with(
    key: pulumi.Input[str],
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgs:
    default = (
        aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
    )
    return aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
        apply_server_side_encryption_by_default=default(
            sse_algorithm="aws:kms", kms_master_key_id=key
        ),
        # The roles' conditions on S3's calls to KMS rest on it: see documents.py.
        bucket_key_enabled=True,
    )
