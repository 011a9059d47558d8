"""The stand-in `aws`, put together."""

from sandbox.plugins.aws.client import SETTINGS, Aws
from sandbox.plugins.aws.table import KINDS
from sandbox.plugins.servicer import Plugin


def plugin(version: str) -> Plugin[Aws]:
    """Give the plugin; `version` is the installed SDK's."""
    return Plugin(
        name="aws",
        version=version,
        settings=SETTINGS,
        kinds=KINDS,
        connect=Aws,
        invokes={
            "aws:index/getCallerIdentity:getCallerIdentity": lambda client, _: client.caller(),
            "aws:index/getRegion:getRegion": lambda client, _: {
                "id": client.region,
                "name": client.region,
                "region": client.region,
            },
        },
    )
