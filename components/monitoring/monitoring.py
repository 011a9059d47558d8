"""Monitoring: what Prometheus' operator and Grafana's sidecar find by themselves."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components.monitoring.dashboard import dashboard
from components.monitoring.rules import RulesArgs, rule_spec
from components.monitoring.scrape import job, leader_alone, monitor_spec
from components.server.pods import Pods, Scrape
from components.server.tls.contract import Expiry

_API = "monitoring.coreos.com/v1"
_DASHBOARD = {"grafana_dashboard": "1"}
"""The label by which Grafana's sidecar finds dashboards."""


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """Whose servers, and by whom they are watched."""

    pods: Pods
    scrape: Scrape
    namespace: pulumi.Input[str]
    """The servers', known once it is there."""
    expiry: Expiry | None
    """When the servers' certificate ends."""


class Monitoring(pulumi.ComponentResource):
    """ServiceMonitor, PrometheusRule and dashboard, in the servers' namespace. Their kinds must be in the cluster."""

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:monitoring:Monitoring", name, {}, opts)
        pods, child = args.pods, pulumi.ResourceOptions(parent=self)
        metadata = {
            "name": pods.release, "namespace": args.namespace, "labels": dict(args.scrape.labels),
        }  # fmt: skip
        kubernetes.apiextensions.CustomResource(
            f"{name}-servers",
            api_version=_API,
            kind="ServiceMonitor",
            metadata=metadata,
            spec=monitor_spec(pods, args.scrape),
            opts=child,
        )
        ends = None if args.expiry is None else args.expiry.expression
        kubernetes.apiextensions.CustomResource(
            f"{name}-alerts",
            api_version=_API,
            kind="PrometheusRule",
            metadata=metadata,
            spec=pulumi.Output.from_input(ends).apply(lambda known: self._rules(args, known)),
            opts=child,
        )
        kubernetes.core.v1.ConfigMap(
            f"{name}-dashboard",
            metadata={
                "name": f"{pods.release}-dashboard",
                "namespace": args.namespace,
                "labels": _DASHBOARD,
            },
            data={"vault.json": dashboard(job=job(pods), namespace=pods.namespace)},
            opts=child,
        )
        self.register_outputs({})

    @staticmethod
    def _rules(args: MonitoringArgs, expiry: str | None) -> dict[str, object]:
        pods = args.pods
        return rule_spec(
            RulesArgs(
                job=job(pods),
                namespace=pods.namespace,
                replicas=pods.replicas,
                raft=pods.database is None,
                leader_alone=leader_alone(pods),
                expiry=expiry,
                expiry_warning_seconds=args.expiry.warning_seconds if args.expiry else 0,
            )
        )
