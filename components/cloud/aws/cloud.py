"""AWS as the rest of the program sees it."""

from typing import Literal

import pulumi

from components.cloud import kept
from components.cloud.aws import documents, names
from components.cloud.aws.applications import AwsApplications
from components.cloud.aws.arguments import AwsCloudArgs
from components.cloud.aws.custody import Custody, CustodyArgs
from components.cloud.aws.rotating_key import RotatingKey, RotatingKeyArgs
from components.cloud.aws.seal_identity import SealIdentity, SealIdentityArgs, principal
from components.cloud.contract import CustodyPlace, Seal, UnsealerIdentity, WebIdentity

__all__ = ["AwsCloud", "AwsCloudArgs"]


class AwsCloud(AwsApplications):
    """Seal key, custody, the servers' identity and applications' credentials in one account and region.

    Fulfils `components.cloud.contract.Cloud`.
    """

    seal: Seal
    custody: CustodyPlace
    unsealer: UnsealerIdentity | None
    """Of the pod that unseals the servers, where one does."""

    def __init__(
        self, name: str, args: AwsCloudArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts, type_="strongroom:cloud:AwsCloud")
        self._args = args
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
                unsealer=_unsealer(args),
                released=kept.released(args.releases),
            ),
            self._child,
        )

        self.unsealer = self._unsealer_identity(custody)
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

    def _unsealer_identity(self, custody: Custody) -> UnsealerIdentity | None:
        if custody.unsealer_role is not None:
            role = WebIdentity(role_arn=custody.unsealer_role, audience=_AUDIENCE)
            return UnsealerIdentity(web_identity=role)
        if custody.unsealer_key is not None:
            key = custody.unsealer_key.environment
            return UnsealerIdentity(secret_environment=key, endpoint=self._endpoint)
        return None


_AUDIENCE = "sts.amazonaws.com"


def _unsealer(args: AwsCloudArgs) -> documents.Document | Literal["key"] | None:
    if args.unsealer is None:
        return None
    if args.pod_endpoint is not None or args.oidc_provider is None:
        return "key"
    return documents.pod_trust(
        oidc_provider=names.oidc_provider_arn(args.region, args.account_id, args.oidc_provider),
        issuer=args.oidc_provider,
        namespace=args.namespace,
        service_account=args.unsealer,
    )
