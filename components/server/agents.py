"""The official chart in a cluster without servers: injector and CSI provider, which reach Vault elsewhere. Pure."""

from dataclasses import dataclass
from typing import Any, Literal

from components.server.injection import csi_values, injector_values
from components.server.pods import Csi, Injector

Document = dict[str, Any]

RELEASE = "vault"


@dataclass(frozen=True, kw_only=True)
class Agents:
    """What brings secrets into pods there.

    Raises:
        ValueError: naming the field that would leave nothing, or an address that agents could not verify.

    """

    address: str
    """Vault's, as pods of that cluster reach it."""
    login_mount: str
    """Where they log in."""
    injector: Injector | None = None
    csi: Csi | None = None
    log_format: Literal["json", "standard"] = "json"
    priority_class: str | None = None
    spread: bool = True
    """Several injectors are each on a node of their own."""

    def __post_init__(self) -> None:
        if not self.address.startswith("https://"):
            raise ValueError(f"address must begin with https://; it is {self.address!r}")
        if self.injector is None and self.csi is None:
            raise ValueError("injector or csi must be given: a release without both is empty")


def agents_values(agents: Agents, ca_certificate: str) -> Document:
    """Give the chart's values. `ca_certificate` is PEM, of what answers at the address."""
    return {
        "fullnameOverride": RELEASE,
        "global": {
            "tlsDisable": False,
            # Without it the chart makes agents look for servers beside them.
            "externalVaultAddr": agents.address,
            "serverTelemetry": {"prometheusOperator": False},
        },
        # The chart would make the servers' ServiceAccount and let it ask about tokens, external address or not.
        "server": {
            "enabled": False,
            "serviceAccount": {"create": False},
            "authDelegator": {"enabled": False},
        },
        "ui": {"enabled": False},
        "injector": injector_values(agents, ca_certificate),
        "csi": csi_values(agents),
        "serverTelemetry": {
            "serviceMonitor": {"enabled": False},
            "prometheusRules": {"enabled": False},
        },
    }
