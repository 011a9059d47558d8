"""`tls.kind: own`: a CA that this program makes and keeps, and the servers' certificate, renewed before its end."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from cryptography import x509
from pulumi import dynamic

from components.server.tls.authority import RENEW_BEFORE, Signed, is_due, issue, kept, signer
from components.server.tls.contract import Expiry
from components.server.tls.names import Names
from components.server.tls.trust import Trust, TrustArgs

SECRET = "vault-tls"  # noqa: S105  an object's name


@dataclass(frozen=True, kw_only=True)
class OwnCertificateArgs:
    """What the certificate is for."""

    names: Names
    namespace: pulumi.Input[str]
    """The servers', known once it is there."""
    trusting: Mapping[str, pulumi.Input[str]]
    """Namespaces that get the CA, the servers' among them; see `TrustArgs`."""
    keep: bool = True


class AuthorityProvider(dynamic.ResourceProvider):
    """Makes and renews. The private keys are secret outputs: encrypted in the state, and nowhere else."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Make CA and certificate."""
        return dynamic.CreateResult(id_="authority", outs=_renewed((), props, _now()))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Say that it changes where names did, or where it is time."""
        due = is_due(_authorities(olds), olds["certificate"], _names(news), _now())
        return dynamic.DiffResult(changes=due)

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Make the certificate anew, and a CA where it is time; clients keep trusting the one before."""
        return dynamic.UpdateResult(outs=_renewed(_authorities(olds), news, _now()))


_SECRET_OUTPUTS = ["authority_keys", "key"]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _names(props: Mapping[str, Any]) -> Names:
    return Names(dns=tuple(props["dns_names"]), ips=tuple(props["ip_addresses"]))


def _authorities(props: Mapping[str, Any]) -> tuple[Signed, ...]:
    pairs = zip(props["authority_certificates"], props["authority_keys"], strict=True)
    return tuple(Signed(certificate=certificate, key=key) for certificate, key in pairs)


def _renewed(
    authorities: tuple[Signed, ...], props: Mapping[str, Any], now: dt.datetime
) -> dict[str, Any]:
    trusted = kept(authorities, now)
    leaf = issue(signer(trusted, now), _names(props), now)
    return {
        "dns_names": props["dns_names"],
        "ip_addresses": props["ip_addresses"],
        "authority_certificates": [each.certificate for each in trusted],
        "authority_keys": [each.key for each in trusted],
        "ca_certificate": "".join(each.certificate for each in trusted),
        "certificate": leaf.certificate,
        "key": leaf.key,
        # For people: the first `up` from then on renews.
        "renew_from": f"{leaf.parsed.not_valid_after_utc - RENEW_BEFORE:%Y-%m-%d}",
    }


class OwnCertificate(pulumi.ComponentResource):
    """Fulfils `components.server.tls.contract.Certificate`."""

    secret: pulumi.Output[str]
    ca_certificate: pulumi.Output[str]

    def __init__(
        self, name: str, args: OwnCertificateArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:server:OwnCertificate", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        authority = _Authority(
            f"{name}-authority",
            {"dns_names": list(args.names.dns), "ip_addresses": list(args.names.ips)},
            pulumi.ResourceOptions(
                # Another CA would be unknown to every client.
                parent=self,
                protect=args.keep,
                additional_secret_outputs=_SECRET_OUTPUTS,
            ),
        )
        trust = Trust(
            f"{name}-trust",
            TrustArgs(ca_certificate=authority.ca_certificate, namespaces=args.trusting),
            child,
        )
        key: pulumi.Output[str] = pulumi.Output.secret(authority.key)
        secret = kubernetes.core.v1.Secret(
            f"{name}-secret",
            metadata={"name": SECRET, "namespace": args.namespace},
            type="kubernetes.io/tls",
            string_data={"tls.crt": authority.certificate, "tls.key": key},
            opts=child,
        )
        self.secret = secret.id.apply(lambda _: SECRET)
        self.ca_certificate = trust.ca_certificate
        self._certificate = authority.certificate
        self.register_outputs({"ca_certificate": self.ca_certificate})

    @property
    def expiry(self) -> Expiry | None:
        """Every `up` in its second half renews it: a month before its end nobody has run one for long."""
        return Expiry(expression=self._certificate.apply(_ends), warning_seconds=30 * 86400)


def _ends(certificate: str) -> str:
    ends = x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc
    return f"vector({int(ends.timestamp())})"


class _Authority(dynamic.Resource, module="strongroom", name="Authority"):
    """The dynamic resource behind it."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]
    ca_certificate: pulumi.Output[str]

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        # Declared as outputs: what the provider returns beyond the inputs is dropped otherwise.
        outputs = (
            "authority_certificates", "authority_keys", "ca_certificate", "certificate", "key",
            "renew_from",
        )  # fmt: skip
        super().__init__(AuthorityProvider(), name, {**dict.fromkeys(outputs), **props}, opts)
