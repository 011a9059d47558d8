"""What every kind of certificate gives to the servers."""

from dataclasses import dataclass
from typing import Protocol

import pulumi


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """When a certificate ends, as Prometheus is told."""

    expression: pulumi.Input[str]
    """PromQL; Unix seconds."""
    warning_seconds: int
    """So long before, somebody must look: what renews it should have done so already."""


class Certificate(Protocol):
    """A certificate for `names.server_names`, in the servers' namespace."""

    secret: pulumi.Output[str]
    """Name of the Secret with tls.crt and tls.key; known once it is there."""
    ca_certificate: pulumi.Output[str]
    """PEM, one certificate or several; known once the servers' namespace has it as ConfigMap `vault-tls`."""

    @property
    def expiry(self) -> Expiry | None:
        """Say when it ends; None where nobody here knows."""
        ...
