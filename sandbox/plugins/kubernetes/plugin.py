"""The stand-in `kubernetes`, put together."""

from sandbox.plugins.kubernetes.client import SETTINGS, Cluster
from sandbox.plugins.kubernetes.table import KINDS, custom
from sandbox.plugins.servicer import Plugin


def plugin(version: str) -> Plugin[Cluster]:
    """Give the plugin; `version` is the installed SDK's."""
    return Plugin(
        name="kubernetes",
        version=version,
        settings=SETTINGS,
        kinds=KINDS,
        connect=Cluster,
        others=custom,
        nulls=True,
        cancel=lambda cluster: cluster.cancelled.set(),
        close=Cluster.close,
    )
