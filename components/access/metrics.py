"""Who reads the servers' metrics: one ServiceAccount, one acl, and nothing in it but that."""

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from acl.grants import metrics_acl
from components.access.service_login import ServiceLogin


@dataclass(frozen=True, kw_only=True)
class MetricsReaderArgs:
    """Prometheus' ServiceAccount, and where it logs in."""

    namespace: str
    service_account: str
    login: ServiceLogin


class MetricsReader(pulumi.ComponentResource):
    """Role and acl `svc-metrics`: no service's, whose names have a dot."""

    ROLE = "svc-metrics"

    def __init__(
        self, name: str, args: MetricsReaderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:access:MetricsReader", name, {}, opts)
        acl = vault.Policy(
            f"{name}-acl",
            name=self.ROLE,
            policy=metrics_acl(),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        args.login.role(
            self.ROLE, namespace=args.namespace, service_account=args.service_account, acl=acl
        )
        self.register_outputs({})
