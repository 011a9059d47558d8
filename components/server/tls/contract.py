"""What every kind of certificate gives to the servers."""

from typing import Protocol

import pulumi


class Certificate(Protocol):
    """A certificate for `names.server_names`, in the servers' namespace."""

    secret: pulumi.Output[str]
    """Name of the Secret with tls.crt and tls.key; known once it is there."""
    ca_certificate: pulumi.Output[str]
    """PEM, one certificate or several; known once the servers' namespace has it as ConfigMap `vault-tls`."""
