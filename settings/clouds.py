"""What the settings say about the cloud, as the components take it. Pure."""

from components.cloud.alicloud.arguments import AlicloudCloudArgs
from components.cloud.aws.arguments import AwsApplicationsArgs, AwsCloudArgs
from settings.cloud import Aws, identity_of
from settings.helm import Helm
from settings.model import Settings
from settings.server import Processes


def cloud_of(
    settings: Settings, server: Processes | Helm, stack: str, now: float
) -> AwsCloudArgs | AlicloudCloudArgs:
    """Give the cloud's arguments. `now` is Unix seconds; it decides which of two keys is the current one."""
    cloud, custody = settings.own_cloud, settings.custody
    if isinstance(cloud, Aws):
        return AwsCloudArgs(
            stack=stack,
            region=cloud.region,
            account_id=cloud.account_id,
            endpoint=cloud.endpoint,
            pod_endpoint=cloud.pod_endpoint,
            seal_identity=identity_of(cloud, in_pods=settings.in_pods),
            oidc_provider=cloud.oidc_provider,
            cluster_name=cloud.cluster_name,
            instance_role=cloud.instance_role,
            bucket=cloud.bucket,
            tls_only=cloud.tls_only,
            write_once=cloud.write_once,
            deletion_window_days=cloud.deletion_window_days,
            prefix=custody.prefix,
            writers=custody.writers,
            readers=custody.readers,
            namespace=server.namespace,
            service_account=server.service_account,
            unsealer=settings.unsealer.service_account if settings.unsealer else None,
            releases=settings.releases,
            keep=settings.keep,
        )
    return AlicloudCloudArgs(
        stack=stack,
        region=cloud.region,
        account_id=cloud.account_id,
        now=now,
        kms_instance=cloud.kms_instance,
        kms_protection=cloud.kms_protection,
        key_rotation_days=cloud.key_rotation_days,
        network=cloud.network,
        seal_identity=cloud.seal_identity,
        seal_key_days=cloud.seal_key_days,
        instance_role=cloud.instance_role,
        cluster_id=cloud.cluster_id,
        program_service_account=cloud.program_service_account,
        bucket=cloud.bucket,
        deletion_window_days=cloud.deletion_window_days,
        prefix=custody.prefix,
        writers=custody.writers,
        readers=custody.readers,
        releases=settings.releases,
        keep=settings.keep,
    )


def applications_of(settings: Settings, stack: str) -> AwsApplicationsArgs | None:
    """Give applications' credentials alone, where seal and custody are somebody else's; None without a cloud."""
    cloud = settings.cloud
    if not isinstance(cloud, Aws):
        return None
    return AwsApplicationsArgs(
        stack=stack,
        region=cloud.region,
        account_id=cloud.account_id,
        endpoint=cloud.endpoint,
        tls_only=cloud.tls_only,
        keep=settings.keep,
    )
