"""Buckets of applications, and the credentials that lead to them: all of AWS that a Vault of somebody else's needs."""

import pulumi
import pulumi_aws as aws

from components.cloud.aws import documents, names
from components.cloud.aws.application_credential import (
    ApplicationCredential,
    ApplicationCredentialArgs,
)
from components.cloud.aws.arguments import AwsApplicationsArgs
from components.cloud.aws.private_bucket import PrivateBucket, PrivateBucketArgs
from components.cloud.contract import BucketGrant
from components.cloud.grants import check_grant

__all__ = ["AwsApplications", "AwsApplicationsArgs"]


class AwsApplications(pulumi.ComponentResource):
    """Applications' credentials in one account and region.

    Fulfils `components.cloud.contract.Applications`.
    """

    def __init__(
        self,
        name: str,
        args: AwsApplicationsArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        type_: str = "strongroom:cloud:AwsApplications",
    ) -> None:
        super().__init__(type_, name, {}, opts)
        self._name = name
        self._account = args
        # Of those who don't run here: servers and services.
        self._endpoint = args.pod_endpoint or args.endpoint
        self._buckets: dict[str, PrivateBucket] = {}
        self._child = pulumi.ResourceOptions(
            parent=self,
            provider=_provider(f"{name}-aws", args, pulumi.ResourceOptions(parent=self)),
        )
        if type(self) is AwsApplications:
            self.register_outputs({})

    def application_credentials(
        self, grant: BucketGrant, *, now: float
    ) -> pulumi.Output[dict[str, str]]:
        """Declare a service's credential for a bucket, and the bucket unless another grant did.

        Gives bucket, region, access_key_id and secret_access_key (and endpoint at an emulator), secret.
        `now` is Unix seconds; it decides which of the two keys is the current one.

        Raises:
            ValueError: naming the field of the grant that doesn't fit into names or documents.

        """
        check_grant(grant)
        owner = f"{grant.service.replace('/', '.')}.{grant.name}"
        bucket = names.application_bucket(
            self._account.account_id, self._account.stack, grant.bucket
        )
        return ApplicationCredential(
            f"{self._name}-{owner}",
            ApplicationCredentialArgs(
                stack=self._account.stack,
                region=self._account.region,
                endpoint=self._endpoint,
                owner=owner,
                bucket=self._bucket(grant.bucket, bucket).ready,
                bucket_arn=names.bucket_arn(self._account.region, bucket),
                access=grant.access,
                rotate_seconds=grant.rotate_seconds,
                now=now,
                keep=self._account.keep,
            ),
            self._child,
        ).fields

    def _bucket(self, name: str, bucket: str) -> PrivateBucket:
        """Declare an application's bucket once, however many services use it."""
        if name not in self._buckets:
            arn = names.bucket_arn(self._account.region, bucket)
            self._buckets[name] = PrivateBucket(
                f"{self._name}-bucket-{name}",
                PrivateBucketArgs(
                    bucket=bucket,
                    policy=(
                        documents.application_bucket_policy(bucket=arn)
                        if self._account.tls_only
                        else None
                    ),
                    keep=self._account.keep,
                ),
                self._child,
            )
        return self._buckets[name]


def _provider(name: str, args: AwsApplicationsArgs, opts: pulumi.ResourceOptions) -> aws.Provider:
    """Connect to the account that is meant, or to the emulator, never to whatever is at hand."""
    if args.endpoint is None:
        return aws.Provider(
            name, region=args.region, allowed_account_ids=[args.account_id], opts=opts
        )
    return aws.Provider(
        name,
        region=args.region,
        endpoints=[
            aws.ProviderEndpointArgs(
                iam=args.endpoint, kms=args.endpoint, s3=args.endpoint, sts=args.endpoint
            )
        ],
        # Every bucket would need a host name of its own otherwise.
        s3_use_path_style=True,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=True,
        opts=opts,
    )
