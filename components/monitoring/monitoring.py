"""Monitoring: what Prometheus' operator and Grafana's sidecar find by themselves."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components.monitoring.dashboard import dashboard
from components.monitoring.rules import RulesArgs, rule_spec
from components.monitoring.scrape import job, leader_alone, monitor_spec
from components.monitoring.statsd import statsd_mapping
from components.server.pods import Pods, Scrape, Statsd
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
    """ServiceMonitor, PrometheusRule and dashboard, in the servers' namespace. Their kinds must be in the cluster.

    Where the servers send to a statsd_exporter, its configuration in its own namespace in place of the first.
    """

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:monitoring:Monitoring", name, {}, opts)
        pods, child = args.pods, pulumi.ResourceOptions(parent=self)
        metadata = {
            "name": pods.release, "namespace": args.namespace, "labels": dict(args.scrape.labels),
        }  # fmt: skip
        if args.scrape.statsd is not None:
            self._statsd(name, pods, args.scrape.statsd)
        else:
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

    def _statsd(self, name: str, pods: Pods, statsd: Statsd) -> None:
        mapping = statsd_mapping(job=job(pods), namespace=pods.namespace)
        kubernetes.core.v1.ConfigMap(
            f"{name}-statsd",
            metadata={"name": f"{pods.release}-statsd", "namespace": statsd.namespace},
            # JSON is YAML.
            data={"statsd.yaml": json.dumps(mapping, indent=2)},
            opts=pulumi.ResourceOptions(parent=self),
        )

    @staticmethod
    def _rules(args: MonitoringArgs, expiry: str | None) -> dict[str, object]:
        pods = args.pods
        return rule_spec(
            RulesArgs(
                job=job(pods),
                namespace=pods.namespace,
                replicas=pods.replicas,
                raft=pods.database is None,
                # `up` says nothing of a server that nobody reads.
                leader_alone=leader_alone(pods) or args.scrape.statsd is not None,
                expiry=expiry,
                expiry_warning_seconds=args.expiry.warning_seconds if args.expiry else 0,
            )
        )
