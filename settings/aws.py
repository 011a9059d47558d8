"""What the settings say about AWS, as the components take it. Pure."""

from components.cloud.aws.arguments import AwsApplicationsArgs, AwsCloudArgs
from settings.cloud import Aws, identity_of
from settings.helm import Helm
from settings.model import Settings
from settings.server import Processes


def aws_cloud_of(settings: Settings, stack: str, server: Processes | Helm) -> AwsCloudArgs:
    """Give seal, custody and applications' credentials."""
    aws = settings.own_cloud
    return AwsCloudArgs(
        stack=stack,
        region=aws.region,
        account_id=aws.account_id,
        endpoint=aws.endpoint,
        pod_endpoint=aws.pod_endpoint,
        seal_identity=identity_of(aws, in_pods=settings.in_pods),
        oidc_provider=aws.oidc_provider,
        cluster_name=aws.cluster_name,
        instance_role=aws.instance_role,
        bucket=aws.bucket,
        tls_only=aws.tls_only,
        write_once=aws.write_once,
        deletion_window_days=aws.deletion_window_days,
        prefix=settings.custody.prefix,
        writers=settings.custody.writers,
        readers=settings.custody.readers,
        namespace=server.namespace,
        service_account=server.service_account,
        keep=settings.keep,
    )


def aws_applications_of(aws: Aws, stack: str, *, keep: bool) -> AwsApplicationsArgs:
    """Give applications' credentials alone: seal and custody are somebody else's."""
    return AwsApplicationsArgs(
        stack=stack,
        region=aws.region,
        account_id=aws.account_id,
        endpoint=aws.endpoint,
        tls_only=aws.tls_only,
        keep=keep,
    )
