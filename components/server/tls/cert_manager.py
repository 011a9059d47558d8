"""`tls.kind: cert-manager`: its Certificate, renewed every day, and its CA in every namespace by trust-manager.

Source: https://cert-manager.io/docs/reference/api-docs/ and https://cert-manager.io/docs/trust/trust-manager/
Not run against either here: held to their custom resources' schemas.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.server.tls.contract import Expiry
from components.server.tls.names import Names
from reach.certificate import KEY as CA_KEY
from reach.certificate import NAME as CONFIG_MAP

SECRET = "vault-tls"  # noqa: S105  an object's name
_LIFE, _RENEW_BEFORE = "72h", "48h"
"""A day's certificate that survives two days without cert-manager."""


@dataclass(frozen=True, kw_only=True)
class CertManagerArgs:
    """Which issuer, and what the certificate is for."""

    names: Names
    namespace: pulumi.Input[str]
    """The servers', known once it is there."""
    issuer: str
    issuer_kind: str
    issuer_group: str
    ca_certificate: str
    """The issuer's CA, PEM. Said and not read from what it signed: that is what trust begins with."""


def certificate_spec(args: CertManagerArgs) -> dict[str, Any]:
    """Give a Certificate's spec."""
    return {
        "secretName": SECRET,
        "duration": _LIFE,
        "renewBefore": _RENEW_BEFORE,
        # A new key each time: one that leaked is worth nothing the day after.
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["digital signature", "server auth"],
        "dnsNames": list(args.names.dns),
        "ipAddresses": list(args.names.ips),
        "issuerRef": {
            "name": args.issuer,
            "kind": args.issuer_kind,
            "group": args.issuer_group,
        },
    }


def bundle_spec(ca_certificate: str) -> dict[str, Any]:
    """Give a Bundle's spec: the CA in every namespace, also in those that come later."""
    return {
        "sources": [{"inLine": ca_certificate}],
        "target": {"configMap": {"key": CA_KEY}, "namespaceSelector": {}},
    }


class CertManagerCertificate(pulumi.ComponentResource):
    """Fulfils `components.server.tls.contract.Certificate`."""

    secret: pulumi.Output[str]
    ca_certificate: pulumi.Output[str]
    expiry: Expiry | None

    def __init__(
        self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:server:CertManagerCertificate", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = kubernetes.apiextensions.CustomResource(
            f"{name}-certificate",
            api_version="cert-manager.io/v1",
            kind="Certificate",
            # The Secret is there when the certificate is ready, and not before.
            metadata={"name": SECRET, "namespace": args.namespace, "annotations": _until("Ready")},
            spec=certificate_spec(args),
            opts=child,
        )
        bundle = kubernetes.apiextensions.CustomResource(
            f"{name}-bundle",
            api_version="trust.cert-manager.io/v1alpha1",
            kind="Bundle",
            # A Bundle's ConfigMaps bear its name.
            metadata={"name": CONFIG_MAP, "annotations": _until("Synced")},
            spec=bundle_spec(args.ca_certificate),
            opts=child,
        )
        self.secret = certificate.id.apply(lambda _: SECRET)
        # cert-manager's own metric. It renews two days before the end.
        self.expiry = Expiry(
            expression=pulumi.Output.from_input(args.namespace).apply(
                lambda namespace: (
                    "certmanager_certificate_expiration_timestamp_seconds"
                    f'{{namespace="{namespace}",name="{SECRET}"}}'
                )
            ),
            warning_seconds=86400,
        )
        self.ca_certificate = bundle.id.apply(lambda _: args.ca_certificate)
        self.register_outputs({"ca_certificate": self.ca_certificate})


def _until(condition: str) -> dict[str, str]:
    return {"pulumi.com/waitFor": f"condition={condition}"}
