"""An S3 bucket that nobody outside the account can reach: custody's, and each application's."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.cloud.aws.documents import Document, to_json


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """A bucket's name, and what nobody may do to it."""

    bucket: str
    policy: Document | None
    """None: no bucket policy; IAM alone decides."""
    keep: bool


class PrivateBucket(pulumi.ComponentResource):
    """A bucket without ACLs and without public access."""

    bucket: pulumi.Output[str]
    """Its name, for what configures it further."""
    ready: pulumi.Output[str]
    """Its name, known once it is closed to the public: for whoever writes objects."""

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:PrivateBucket", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)

        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=args.bucket,
            force_destroy=not args.keep,
            opts=pulumi.ResourceOptions(parent=self, protect=args.keep),
        )
        closed = aws.s3.BucketPublicAccessBlock(
            f"{name}-closed",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        owned = aws.s3.BucketOwnershipControls(
            f"{name}-owned",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        parts: list[pulumi.Output[str]] = [closed.id, owned.id]
        if args.policy is not None:
            policy = aws.s3.BucketPolicy(
                f"{name}-policy",
                bucket=bucket.bucket,
                policy=to_json(args.policy),
                # S3 answers two changes to one bucket's access at a time with a conflict.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[closed, owned]),
            )
            parts.append(policy.id)

        self.bucket = bucket.bucket
        self.ready = pulumi.Output.all(bucket.bucket, *parts).apply(lambda known: str(known[0]))
        self.register_outputs({"bucket": self.bucket})
