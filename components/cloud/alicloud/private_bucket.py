"""An OSS bucket that nobody outside the account can reach: custody's, and each application's."""

from dataclasses import dataclass

import pulumi
import pulumi_alicloud as alicloud

from components.cloud.alicloud.documents import Document, to_json


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """A bucket's name, what nobody may do to it, and whether it keeps versions."""

    bucket: str
    policy: Document
    versions: bool
    keep: bool


class PrivateBucket(pulumi.ComponentResource):
    """A private bucket: encrypted, HTTPS only, without public access."""

    ready: pulumi.Output[str]
    """Its name, known once it is all of that: for whoever writes objects."""

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:PrivateBucket", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)

        bucket = alicloud.oss.Bucket(
            f"{name}-bucket",
            bucket=args.bucket,
            force_destroy=not args.keep,
            opts=pulumi.ResourceOptions(parent=self, protect=args.keep),
        )
        # A bucket's name is its id.
        made = bucket.id
        closed = alicloud.oss.BucketPublicAccessBlock(
            f"{name}-closed", bucket=made, block_public_access=True, opts=child
        )
        private = alicloud.oss.BucketAcl(f"{name}-acl", bucket=made, acl="private", opts=child)
        encryption = alicloud.oss.BucketServerSideEncryption(
            f"{name}-encryption",
            bucket=made,
            # By OSS's own keys. With KMS, whoever puts an object would need kms:Decrypt on the key as well, and
            # custody's writer must not have it; its objects are KMS's ciphertexts anyway.
            sse_algorithm="AES256",
            opts=child,
        )
        tls = alicloud.oss.BucketHttpsConfig(
            f"{name}-tls",
            bucket=made,
            enable=True,
            tls_versions=["TLSv1.2", "TLSv1.3"],
            opts=child,
        )
        policy = alicloud.oss.BucketPolicy(
            f"{name}-policy",
            bucket=made,
            policy=to_json(args.policy),
            # OSS answers two changes to one bucket's access at a time with a conflict.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed, private]),
        )
        parts: list[pulumi.Output[str]] = [each.id for each in (closed, private, encryption, tls)]
        parts.append(policy.id)
        if args.versions:
            versions = alicloud.oss.BucketVersioning(
                f"{name}-versions", bucket=made, status="Enabled", opts=child
            )
            parts.append(versions.id)
        self.ready = pulumi.Output.all(made, *parts).apply(lambda known: str(known[0]))
        self.register_outputs({"bucket": self.ready})
