"""`tls.kind: secret`: a certificate that you keep. It must have every name that `names.py` gives."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.server.tls.contract import Expiry
from components.server.tls.trust import Trust, TrustArgs


@dataclass(frozen=True, kw_only=True)
class GivenCertificateArgs:
    """Where it is."""

    secret: str
    """Of type kubernetes.io/tls, in the servers' namespace."""
    ca_certificate: str
    """PEM."""
    trusting: Mapping[str, pulumi.Input[str]]
    """Namespaces that get the CA, the servers' among them; see `TrustArgs`."""


class GivenCertificate(pulumi.ComponentResource):
    """Fulfils `components.server.tls.contract.Certificate`."""

    secret: pulumi.Output[str]
    ca_certificate: pulumi.Output[str]
    expiry: Expiry | None = None
    """Whoever makes the Secret watches it."""

    def __init__(
        self, name: str, args: GivenCertificateArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:server:GivenCertificate", name, {}, opts)
        trust = Trust(
            f"{name}-trust",
            TrustArgs(ca_certificate=args.ca_certificate, namespaces=args.trusting),
            pulumi.ResourceOptions(parent=self),
        )
        # Not read here: its key would lie in the state.
        self.secret = pulumi.Output.from_input(args.secret)
        self.ca_certificate = trust.ca_certificate
        self.register_outputs({"ca_certificate": self.ca_certificate})
