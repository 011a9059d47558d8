"""A private CA and the certificates that it signs. Pure: the time is an argument.

A CA is followed by the next one long before its end, and both are trusted for a while before the new one signs:
clients that were told once in that time notice nothing.
"""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from components.server.tls.names import Names

CA_LIFE, CA_RENEW_BEFORE = dt.timedelta(days=3650), dt.timedelta(days=365)
CA_PUBLISHED = dt.timedelta(days=30)
"""How long a new CA is trusted before it signs."""
LIFE, RENEW_BEFORE = dt.timedelta(days=180), dt.timedelta(days=90)
"""Of a server's certificate: whoever runs the program once in three months never sees one end."""
_SKEW = dt.timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A certificate and its private key, both PEM."""

    certificate: str
    key: str = field(repr=False)

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate, read."""
        return x509.load_pem_x509_certificate(self.certificate.encode())


def new_authority(now: dt.datetime) -> Signed:
    """Make a CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    # The day tells one CA from the next.
    name = _name(f"Strongroom CA {now:%Y-%m-%d}")
    certificate = (
        _builder(name, key, now, now + CA_LIFE)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _signed(certificate, key)


def issue(authority: Signed, names: Names, now: dt.datetime) -> Signed:
    """Make a server's certificate."""
    issuer = authority.parsed
    signer = serialization.load_pem_private_key(authority.key.encode(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key must be one of an elliptic curve")
    key = ec.generate_private_key(ec.SECP256R1())
    subject_names: list[x509.GeneralName] = [x509.DNSName(name) for name in names.dns]
    subject_names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in names.ips]
    certificate = (
        _builder(_name("vault"), key, now, min(now + LIFE, issuer.not_valid_after_utc))
        .issuer_name(issuer.subject)
        .add_extension(x509.SubjectAlternativeName(subject_names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        # Python 3.13 verifies strictly: without it the chain is refused.
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    return _signed(certificate, key)


def kept(authorities: Sequence[Signed], now: dt.datetime) -> tuple[Signed, ...]:
    """Give the CAs that are to be trusted, oldest first: without ended ones, with the next one in time."""
    living = [each for each in authorities if each.parsed.not_valid_after_utc > now]
    if not living or living[-1].parsed.not_valid_after_utc - now <= CA_RENEW_BEFORE:
        living.append(new_authority(now))
    return tuple(living)


def signer(authorities: Sequence[Signed], now: dt.datetime) -> Signed:
    """Give the newest CA that has been trusted for long enough; the oldest if none has."""
    known = [each for each in authorities if now - each.parsed.not_valid_before_utc >= CA_PUBLISHED]
    return known[-1] if known else authorities[0]


def is_due(authorities: Sequence[Signed], certificate: str, names: Names, now: dt.datetime) -> bool:
    """Say whether CAs or certificate must be made anew."""
    if kept(authorities, now) != tuple(authorities):
        return True
    present = x509.load_pem_x509_certificate(certificate.encode())
    found = present.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    ips = tuple(sorted(map(str, found.get_values_for_type(x509.IPAddress))))
    return (
        present.not_valid_after_utc - now <= RENEW_BEFORE
        or present.issuer != signer(authorities, now).parsed.subject
        or Names(dns=tuple(sorted(found.get_values_for_type(x509.DNSName))), ips=ips) != names
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, now: dt.datetime, until: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(until)
    )


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Sign certificates, or what a connection is set up with, and nothing else."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Signed:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    return Signed(certificate=pem.decode(), key=private.decode())
