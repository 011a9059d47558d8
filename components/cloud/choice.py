"""Which cloud: by its arguments. Each one's SDK takes seconds to import, so only the chosen one's is."""

from importlib.util import find_spec

import pulumi

from components.cloud.alicloud.arguments import AlicloudCloudArgs
from components.cloud.aws.arguments import AwsApplicationsArgs, AwsCloudArgs
from components.cloud.contract import Applications, Cloud


def cloud(
    name: str, args: AwsCloudArgs | AlicloudCloudArgs, opts: pulumi.ResourceOptions | None = None
) -> Cloud:
    """Declare the cloud."""
    match args:
        case AwsCloudArgs():
            from components.cloud.aws.cloud import AwsCloud  # noqa: PLC0415  see above

            return AwsCloud(name, args, opts)
        case AlicloudCloudArgs():
            if find_spec("pulumi_alicloud") is None:
                wrong = "Alibaba Cloud's packages are not installed; run `make alicloud`"
                raise pulumi.RunError(wrong)
            from components.cloud.alicloud.cloud import AlicloudCloud  # noqa: PLC0415  see above

            return AlicloudCloud(name, args, opts)


def applications(name: str, args: AwsApplicationsArgs | None) -> Applications | None:
    """Declare what services get from a cloud, beside a Vault that somebody else runs; None: they get nothing."""
    if args is None:
        return None
    from components.cloud.aws.applications import AwsApplications  # noqa: PLC0415  see above

    return AwsApplications(name, args)
