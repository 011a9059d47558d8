"""A private CA and one certificate for the servers of this machine."""

import datetime as dt
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from components.server.tls.authority import key_usage
from sandbox.layout import Layout, write_private

_LIFE = dt.timedelta(days=365)
_RENEW_BEFORE = dt.timedelta(days=30)


def ensure(layout: Layout, host: str = "127.0.0.1") -> bool:
    """Make CA and certificate unless they are there and good for another 30 days; say whether made."""
    certificate = layout.tls / "server.pem"
    if certificate.exists() and _lasts(certificate.read_bytes()):
        return False
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Strongroom sandbox CA")])
    ca = _builder(ca_name, ca_name, ca_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    ca = ca.add_extension(key_usage(signs_certificates=True), critical=True)
    ca = ca.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False
    )
    signed_ca = ca.sign(ca_key, hashes.SHA256())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vault")])
    names: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(host)), x509.DNSName("localhost"),
    ]  # fmt: skip
    leaf = (
        _builder(name, ca_name, key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        # Python 3.13 verifies strictly: without it the chain is refused.
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
    )
    signed = leaf.sign(ca_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    write_private(layout.tls / "ca.pem", signed_ca.public_bytes(pem))
    write_private(layout.tls / "server-key.pem", _private(key))
    # The CA's key is not kept: renewal makes a new CA.
    write_private(certificate, signed.public_bytes(pem))
    return True


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + _LIFE)
    )


def _lasts(pem: bytes) -> bool:
    until = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    return until - dt.datetime.now(dt.UTC) > _RENEW_BEFORE


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
