"""Alibaba Cloud as the rest of the program sees it."""

import pulumi
import pulumi_alicloud as alicloud

from components.cloud import kept
from components.cloud.alicloud import documents, names
from components.cloud.alicloud.application_credential import (
    ApplicationCredential,
    ApplicationCredentialArgs,
)
from components.cloud.alicloud.arguments import AlicloudCloudArgs
from components.cloud.alicloud.custody import Custody, CustodyArgs
from components.cloud.alicloud.pod_role import PodRole, PodRoleArgs
from components.cloud.alicloud.private_bucket import PrivateBucket, PrivateBucketArgs
from components.cloud.alicloud.rotating_key import RotatingKey, RotatingKeyArgs
from components.cloud.alicloud.seal_identity import SealIdentity, SealIdentityArgs
from components.cloud.contract import BucketGrant, CustodyPlace, Seal, UnsealerIdentity
from components.cloud.grants import check_grant

__all__ = ["AlicloudCloud", "AlicloudCloudArgs"]


class AlicloudCloud(pulumi.ComponentResource):
    """Seal key, custody, the servers' identity and applications' credentials in one account and region.

    Fulfils `components.cloud.contract.Cloud`.
    """

    seal: Seal
    custody: CustodyPlace
    unsealer: UnsealerIdentity | None = None

    def __init__(
        self, name: str, args: AlicloudCloudArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:AlicloudCloud", name, {}, opts)
        self._name = name
        self._args = args
        self._buckets: dict[str, PrivateBucket] = {}
        self._pods: dict[str, PodRole] = {}
        provider = alicloud.Provider(
            f"{name}-alicloud",
            region=args.region,
            account_id=args.account_id,
            protocol="HTTPS",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._child = pulumi.ResourceOptions(parent=self, provider=provider)

        seal_key = self._key("seal", "Seals Vault")
        custody_key = self._key("custody", "Encrypts what Vault's init returned")
        identity = SealIdentity(
            f"{name}-unseal",
            SealIdentityArgs(
                cloud=args,
                key=seal_key.apply(lambda id_: names.key_arn(args.region, args.account_id, id_)),
            ),
            self._child,
        )
        program = self._program()
        custody = Custody(
            f"{name}-custody",
            CustodyArgs(
                stack=args.stack,
                region=args.region,
                account_id=args.account_id,
                key_id=custody_key,
                bucket=args.custody_bucket,
                prefix=args.prefix,
                writers=[*args.writers, *program],
                readers=[*args.readers, *program],
                keep=args.keep,
                released=kept.released(args.releases),
            ),
            self._child,
        )
        # Known once the servers may use it: one that starts before then can't unseal.
        usable = pulumi.Output.all(seal_key, identity.ready).apply(lambda known: str(known[0]))
        domain = f"kms-vpc.{args.region}.aliyuncs.com" if args.network == "vpc" else None
        self.seal = Seal(
            kind="alicloudkms",
            parameters={
                "region": args.region,
                "kms_key_id": usable,
                **({} if domain is None else {"domain": domain}),
            },
            environment={"ALICLOUD_REGION": args.region, **identity.environment},
            secret_environment=identity.secret_environment,
        )
        self.custody = CustodyPlace(
            kind="alicloud",
            region=args.region,
            endpoint=None,
            prefix=args.prefix,
            bucket=custody.bucket,
            custody_key=custody_key,
            seal_key=seal_key,
            writer_role=custody.writer_role,
            reader_role=custody.reader_role,
            seal_role=identity.role,
            seal_credentials=identity.secret_environment,
        )
        self.register_outputs({"seal_key": seal_key, "custody_bucket": custody.bucket})

    def application_credentials(
        self, grant: BucketGrant, *, now: float
    ) -> pulumi.Output[dict[str, str]]:
        """Declare a service's credential for a bucket, and the bucket unless another grant did.

        Gives bucket, region, access_key_id and secret_access_key, secret. Where the cluster has RRSA, the service's
        own ServiceAccount gets a role with the same rights. `now` is Unix seconds; it decides which of the two keys
        is the current one.

        Raises:
            ValueError: naming the field of the grant that doesn't fit into names or documents.

        """
        check_grant(grant)
        args, owner = self._args, f"{grant.service.replace('/', '.')}.{grant.name}"
        bucket = names.application_bucket(args.account_id, args.stack, grant.bucket)
        document = documents.application_grant(
            bucket=names.bucket_arn(args.account_id, bucket), access=grant.access
        )
        self._let_pod(grant, document)
        return ApplicationCredential(
            f"{self._name}-{owner}",
            ApplicationCredentialArgs(
                stack=args.stack,
                region=args.region,
                owner=owner,
                bucket=self._bucket(grant.bucket, bucket).ready,
                grant=document,
                rotate_seconds=grant.rotate_seconds,
                now=now,
                keep=args.keep,
            ),
            self._child,
        ).fields

    def _key(self, what: str, description: str) -> pulumi.Output[str]:
        """Declare a key, give its id."""
        args = self._args
        return RotatingKey(
            f"{self._name}-{what}",
            RotatingKeyArgs(
                description=description,
                alias=names.key_alias(args.stack, what),
                instance=args.kms_instance,
                protection=args.kms_protection,
                rotation_days=args.key_rotation_days,
                deletion_window_days=args.deletion_window_days,
                keep=args.keep,
            ),
            self._child,
        ).key_id

    def _program(self) -> list[pulumi.Output[str]]:
        """Declare the role of the pod that runs this program, if one does: it may take custody's roles."""
        args = self._args
        if args.program_service_account is None:
            return []
        role = self._pod_role("program", args.program_service_account, "This program's own pod")
        custody = ("custody-writer", "custody-reader")
        takes = [names.role_arn(args.account_id, names.ram_name(args.stack, r)) for r in custody]
        role.may("custody", documents.may_assume(roles=takes))
        return [role.arn]

    def _let_pod(self, grant: BucketGrant, document: documents.Document) -> None:
        if self._args.cluster_id is None:
            return
        if grant.service not in self._pods:
            self._pods[grant.service] = self._pod_role(
                grant.service.replace("/", "."), grant.service, f"Pods of {grant.service}"
            )
        self._pods[grant.service].may(grant.name, document)

    def _pod_role(self, what: str, service_account: str, description: str) -> PodRole:
        args = self._args
        namespace, _, name = service_account.partition("/")
        return PodRole(
            f"{self._name}-{what}-pod",
            PodRoleArgs(
                account_id=args.account_id,
                region=args.region,
                cluster_id=args.cluster_id or "",
                namespace=namespace,
                service_account=name,
                role=names.ram_name(args.stack, what, "-pod"),
                description=description,
                keep=args.keep,
            ),
            self._child,
        )

    def _bucket(self, name: str, bucket: str) -> PrivateBucket:
        """Declare an application's bucket once, however many services use it."""
        if name not in self._buckets:
            arn = names.bucket_arn(self._args.account_id, bucket)
            self._buckets[name] = PrivateBucket(
                f"{self._name}-bucket-{name}",
                PrivateBucketArgs(
                    bucket=bucket,
                    policy=documents.application_bucket_policy(bucket=arn),
                    versions=False,
                    keep=self._args.keep,
                ),
                self._child,
            )
        return self._buckets[name]
