"""The stand-in `vault`, put together."""

from sandbox.plugins.servicer import Plugin
from sandbox.plugins.vault.client import SETTINGS, Vault
from sandbox.plugins.vault.table import KINDS


def plugin(version: str) -> Plugin[Vault]:
    """Give the plugin; `version` is the installed SDK's."""
    return Plugin(
        name="vault",
        version=version,
        settings=SETTINGS,
        kinds=KINDS,
        connect=Vault,
        close=Vault.close,
    )
