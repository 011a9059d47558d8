"""AWS as the rest of the program sees it."""

import pulumi
import pulumi_aws as aws

from components.cloud.aws import documents, names
from components.cloud.aws.application_credential import (
    ApplicationCredential,
    ApplicationCredentialArgs,
)
from components.cloud.aws.arguments import LABEL, SUBDOMAIN, AwsCloudArgs
from components.cloud.aws.custody import Custody, CustodyArgs
from components.cloud.aws.private_bucket import PrivateBucket, PrivateBucketArgs
from components.cloud.aws.rotating_key import RotatingKey, RotatingKeyArgs
from components.cloud.aws.seal_identity import SealIdentity, SealIdentityArgs, principal
from components.cloud.contract import BucketGrant, CustodyPlace, Seal, WebIdentity

__all__ = ["AwsCloud", "AwsCloudArgs"]


class AwsCloud(pulumi.ComponentResource):
    """Seal key, custody, the servers' identity and applications' credentials in one account and region.

    Fulfils `components.cloud.contract.Cloud`.
    """

    seal: Seal
    custody: CustodyPlace
    unsealer: WebIdentity | None
    """Of the pod that unseals the servers, where one does."""

    def __init__(
        self, name: str, args: AwsCloudArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:AwsCloud", name, {}, opts)
        self._name = name
        self._args = args
        # Of those who don't run here: servers and services.
        self._endpoint = args.pod_endpoint or args.endpoint
        self._buckets: dict[str, PrivateBucket] = {}
        self._child = pulumi.ResourceOptions(
            parent=self,
            provider=_provider(f"{name}-aws", args, pulumi.ResourceOptions(parent=self)),
        )

        seal_key = self._seal_key()
        identity = SealIdentity(
            f"{name}-unseal", SealIdentityArgs(cloud=args, key=seal_key.arn), self._child
        )
        custody = Custody(
            f"{name}-custody",
            CustodyArgs(
                stack=args.stack,
                region=args.region,
                account_id=args.account_id,
                bucket=args.custody_bucket,
                prefix=args.prefix,
                writers=args.writers,
                readers=args.readers,
                tls_only=args.tls_only,
                write_once=args.write_once,
                deletion_window_days=args.deletion_window_days,
                keep=args.keep,
                unsealer_trust=_unsealer_trust(args),
                released=() if args.releases is None else (documents.KEYS[args.releases],),
            ),
            self._child,
        )

        reads = custody.unsealer_role
        self.unsealer = None if reads is None else WebIdentity(role_arn=reads, audience=_AUDIENCE)
        parameters: dict[str, pulumi.Input[str]] = {
            "region": args.region,
            # Known once the servers may use it: one that starts before then can't unseal.
            "kms_key_id": pulumi.Output.all(seal_key.arn, identity.ready).apply(
                lambda known: str(known[0])
            ),
        }
        if self._endpoint is not None:
            parameters["endpoint"] = self._endpoint
        self.seal = Seal(
            kind="awskms",
            parameters=parameters,
            environment=identity.environment,
            secret_environment=identity.secret_environment,
            annotations=identity.annotations,
            web_identity=identity.web_identity,
        )
        self.custody = CustodyPlace(
            kind="aws",
            region=args.region,
            endpoint=args.endpoint,
            prefix=args.prefix,
            bucket=custody.bucket,
            custody_key=custody.key,
            seal_key=seal_key.arn,
            writer_role=custody.writer_role,
            reader_role=custody.reader_role,
            seal_role=identity.role,
            seal_credentials=identity.secret_environment,
        )
        self.register_outputs({"seal_key": seal_key.arn, "custody_bucket": custody.bucket})

    def application_credentials(
        self, grant: BucketGrant, *, now: float
    ) -> pulumi.Output[dict[str, str]]:
        """Declare a service's credential for a bucket, and the bucket unless another grant did.

        Gives bucket, region, access_key_id and secret_access_key (and endpoint at an emulator), secret.
        `now` is Unix seconds; it decides which of the two keys is the current one.

        Raises:
            ValueError: naming the field of the grant that doesn't fit into names or documents.

        """
        _check_grant(grant)
        owner = f"{grant.service.replace('/', '.')}.{grant.name}"
        bucket = names.application_bucket(self._args.account_id, self._args.stack, grant.bucket)
        return ApplicationCredential(
            f"{self._name}-{owner}",
            ApplicationCredentialArgs(
                stack=self._args.stack,
                region=self._args.region,
                endpoint=self._endpoint,
                owner=owner,
                bucket=self._bucket(grant.bucket, bucket).ready,
                bucket_arn=names.bucket_arn(self._args.region, bucket),
                access=grant.access,
                rotate_seconds=grant.rotate_seconds,
                now=now,
                keep=self._args.keep,
            ),
            self._child,
        ).fields

    def _seal_key(self) -> RotatingKey:
        """Declare the seal key, for the servers' own identity and nobody else."""
        args = self._args
        return RotatingKey(
            f"{self._name}-seal",
            RotatingKeyArgs(
                description="Seals Vault",
                alias=names.key_alias(args.stack, "seal"),
                policy=documents.key_policy(
                    account=names.account_arn(args.region, args.account_id),
                    uses={principal(args): documents.SEAL_ACTIONS},
                ),
                deletion_window_days=args.deletion_window_days,
                keep=args.keep,
            ),
            self._child,
        )

    def _bucket(self, name: str, bucket: str) -> PrivateBucket:
        """Declare an application's bucket once, however many services use it."""
        if name not in self._buckets:
            arn = names.bucket_arn(self._args.region, bucket)
            self._buckets[name] = PrivateBucket(
                f"{self._name}-bucket-{name}",
                PrivateBucketArgs(
                    bucket=bucket,
                    policy=(
                        documents.application_bucket_policy(bucket=arn)
                        if self._args.tls_only
                        else None
                    ),
                    keep=self._args.keep,
                ),
                self._child,
            )
        return self._buckets[name]


_AUDIENCE = "sts.amazonaws.com"


def _unsealer_trust(args: AwsCloudArgs) -> documents.Document | None:
    if args.unsealer is None or args.oidc_provider is None:
        return None
    return documents.pod_trust(
        oidc_provider=names.oidc_provider_arn(args.region, args.account_id, args.oidc_provider),
        issuer=args.oidc_provider,
        namespace=args.namespace,
        service_account=args.unsealer,
    )


def _provider(name: str, args: AwsCloudArgs, opts: pulumi.ResourceOptions) -> aws.Provider:
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


def _check_grant(grant: BucketGrant) -> None:
    namespace, _, service = grant.service.partition("/")
    # Only the service's own name may hold dots: `namespace.service.grant` then reads one way only.
    if not (LABEL.fullmatch(namespace) and SUBDOMAIN.fullmatch(service)):
        raise ValueError(f"service must be namespace/name; it is {grant.service!r}")
    if not LABEL.fullmatch(grant.name):
        raise ValueError(
            f"name must be lower-case letters, digits and hyphens; it is {grant.name!r}"
        )
    if not LABEL.fullmatch(grant.bucket):
        raise ValueError(
            f"bucket must be lower-case letters, digits and hyphens; it is {grant.bucket!r}"
        )
    if grant.access not in ("read", "read-write"):
        raise ValueError(f"access must be read or read-write; it is {grant.access!r}")
    if grant.rotate_seconds <= 0:
        raise ValueError(f"rotate_seconds must be positive; it is {grant.rotate_seconds}")
