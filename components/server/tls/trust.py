"""The CA of Vault's listeners, as ConfigMap `vault-tls` in the namespaces of those who verify it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from reach.certificate import KEY as CA_KEY
from reach.certificate import NAME as CONFIG_MAP


@dataclass(frozen=True, kw_only=True)
class TrustArgs:
    """Which CA, and who gets it."""

    ca_certificate: pulumi.Input[str]
    """PEM, one certificate or several."""
    namespaces: Mapping[str, pulumi.Input[str]]
    """Name -> the same, known once the namespace is there."""


class Trust(pulumi.ComponentResource):
    """One ConfigMap a namespace; its key is `ca.crt`."""

    ca_certificate: pulumi.Output[str]
    """The CA, known once every ConfigMap is there."""

    def __init__(
        self, name: str, args: TrustArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:server:Trust", name, {}, opts)
        maps = [
            kubernetes.core.v1.ConfigMap(
                f"{name}-{namespace}",
                metadata={"name": CONFIG_MAP, "namespace": there},
                data={CA_KEY: args.ca_certificate},
                opts=pulumi.ResourceOptions(parent=self),
            )
            for namespace, there in sorted(args.namespaces.items())
        ]
        self.ca_certificate = pulumi.Output.all(
            args.ca_certificate, *(each.id for each in maps)
        ).apply(lambda known: str(known[0]))
        self.register_outputs({})
