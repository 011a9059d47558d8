"""Where init's answer goes on AWS: a key, a bucket, and two roles that each can do half.

The key encrypts the objects themselves (custody's own calls) and the bucket under them (S3's). Versions
never expire: there is no lifecycle rule, and none is ever added here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.cloud.aws import documents, names
from components.cloud.aws.granted_role import GrantedRole, GrantedRoleArgs
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
    unsealer_trust: documents.Document | None = None
    """Who may take the role that reads unseal keys and nothing else; None: there is no such role."""
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

    def __init__(
        self, name: str, args: CustodyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:Custody", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = names.account_arn(args.region, args.account_id)
        bucket_arn = names.bucket_arn(args.region, args.bucket)
        writer = names.iam_name(args.stack, "custody-writer")
        reader = names.iam_name(args.stack, "custody-reader")

        unsealer = names.iam_name(args.stack, "custody-unsealer")
        readers = [reader] if args.unsealer_trust is None else [reader, unsealer]

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
                        **{
                            names.role_arn(args.region, args.account_id, each): (
                                documents.READER_KEY_ACTIONS
                            )
                            for each in readers
                        },
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
        if args.unsealer_trust is not None:
            self.unsealer_role = GrantedRole(
                f"{name}-unsealer",
                GrantedRoleArgs(
                    role=unsealer,
                    description="Reads the keys that unseal Vault; writes nothing",
                    trust=args.unsealer_trust,
                    grant=key.arn.apply(
                        lambda arn: documents.custody_unsealer(
                            key=arn, bucket=bucket_arn, prefix=args.prefix, region=args.region
                        )
                    ),
                ),
                child,
            ).arn
        self.register_outputs({"bucket": self.bucket, "key": self.key})


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
