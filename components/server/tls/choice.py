"""The kinds of certificate, and the one that is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.server.tls.cert_manager import CertManagerArgs, CertManagerCertificate
from components.server.tls.contract import Certificate
from components.server.tls.given import GivenCertificate, GivenCertificateArgs
from components.server.tls.names import Names
from components.server.tls.own import OwnCertificate, OwnCertificateArgs


@dataclass(frozen=True, kw_only=True)
class OwnTls:
    """A CA of our own."""


@dataclass(frozen=True, kw_only=True)
class CertManagerTls:
    """An issuer of cert-manager."""

    issuer: str
    ca_certificate: str
    """PEM."""
    issuer_kind: str = "ClusterIssuer"
    issuer_group: str = "cert-manager.io"


@dataclass(frozen=True, kw_only=True)
class GivenTls:
    """A Secret in the servers' namespace."""

    secret: str
    ca_certificate: str
    """PEM."""


Tls = OwnTls | CertManagerTls | GivenTls


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a certificate of any kind is for."""

    names: Names
    namespace: pulumi.Input[str]
    """The servers', known once it is there."""
    trusting: Mapping[str, pulumi.Input[str]]
    """Namespaces that get the CA, the servers' among them; see `TrustArgs`."""
    keep: bool = True


def certificate(
    name: str, tls: Tls, args: CertificateArgs, opts: pulumi.ResourceOptions
) -> Certificate:
    """Declare the certificate of the chosen kind."""
    if isinstance(tls, CertManagerTls):
        return CertManagerCertificate(
            name,
            CertManagerArgs(
                names=args.names,
                namespace=args.namespace,
                issuer=tls.issuer,
                issuer_kind=tls.issuer_kind,
                issuer_group=tls.issuer_group,
                ca_certificate=tls.ca_certificate,
            ),
            opts,
        )
    if isinstance(tls, GivenTls):
        return GivenCertificate(
            name,
            GivenCertificateArgs(
                secret=tls.secret, ca_certificate=tls.ca_certificate, trusting=args.trusting
            ),
            opts,
        )
    return OwnCertificate(
        name,
        OwnCertificateArgs(
            names=args.names, namespace=args.namespace, trusting=args.trusting, keep=args.keep
        ),
        opts,
    )
