"""What makes statsd_exporter tell the metrics that alerts and dashboard ask for, under the same names. Pure.

A server sends to statsd what it tells at `/v1/sys/metrics`, but a label as one more part of the name, without saying
which: `vault.core.active.<cluster>.<host>`. The exporter is told here which part is what. No label's value has a dot;
a host's name may, but for the seal's counters: a pod's has none.
Source: https://github.com/prometheus/statsd_exporter and StatsdSink in hashicorp/go-metrics, which both servers use.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Document = dict[str, Any]

_SOON, _CHECKED, _DAY = "1m", "15m", "24h"
"""How long the last value is believed. Most gauges are sent every ten seconds: a server that is gone must not go on
leading. Others at a check, or when something changes; a day is what the servers' own endpoint believes them."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One name on the wire, without `vault.`; `vault_` and underscores at Prometheus."""

    key: str
    kind: Literal["gauge", "counter", "observer"]
    """`observer` is what statsd calls a timer: told as a summary, with `_count` and `_sum`."""
    labels: tuple[str, ...] = ()
    """What the parts behind the name are, in order."""
    optional: bool = False
    """Whether those parts are missing at OpenBao."""
    believed: str = _SOON
    """Of a gauge."""

    @property
    def name(self) -> str:
        """Prometheus' name."""
        return f"vault_{self.key.replace('.', '_')}"

    @property
    def match(self) -> str:
        """What it looks like on the wire, as a regular expression; the last group is the host."""
        # A value that the server didn't know yet is empty.
        label = r"(?:\.([^.]*))?" if self.optional else r"\.([^.]*)"
        return rf"^vault\.{re.escape(self.key)}{label * len(self.labels)}\.(.+)$"


METRICS = (
    Metric(key="core.active", kind="gauge", labels=("cluster",)),
    Metric(key="core.handle_request", kind="observer"),
    Metric(key="core.handle_login_request", kind="observer"),
    Metric(key="runtime.alloc_bytes", kind="gauge"),
    Metric(key="audit.log_request", kind="observer"),
    Metric(key="audit.log_request_failure", kind="counter"),
    Metric(key="audit.log_response_failure", kind="counter"),
    Metric(key="expire.num_leases", kind="gauge"),
    Metric(key="expire.num_irrevocable_leases", kind="gauge"),
    Metric(key="autopilot.failure_tolerance", kind="gauge"),
    Metric(key="autopilot.node.healthy", kind="gauge", labels=("node_id",)),
    Metric(key="raft.peers", kind="gauge", believed=_DAY),
    Metric(key="raft.commitTime", kind="observer"),
    Metric(key="raft_storage.follower.applied_index_delta", kind="gauge", labels=("peer_id",)),
    Metric(key="raft_storage.follower.last_heartbeat_ms", kind="gauge", labels=("peer_id",)),
    Metric(key="seal.unreachable.time", kind="gauge", believed=_CHECKED),
    # The first that matches is taken: `error` would be a label's value below.
    *(
        Metric(
            key=f"seal.{what}", kind="counter", labels=("seal_wrapper_name",), optional=True
        )
        for what in ("encrypt.error", "decrypt.error", "encrypt", "decrypt")
    ),
)  # fmt: skip


def statsd_mapping(*, job: str, namespace: str) -> Document:
    """Give statsd_exporter's configuration (`--statsd.mapping-config`).

    `job` and `namespace` become labels, as Prometheus gives them to servers that it reads itself, and `pod` is the host
    that sent: read the exporter with `honor_labels`. What nobody asks for is dropped.
    """
    return {
        "defaults": {"match_type": "regex", "observer_type": "summary"},
        "mappings": [*_mappings(job, namespace), {"match": ".", "action": "drop", "name": "dropped"}],
    }  # fmt: skip


def _mappings(job: str, namespace: str) -> Iterator[Document]:
    for metric in METRICS:
        parts = [*metric.labels, "pod"]
        mapping: Document = {
            "match": metric.match,
            "match_metric_type": metric.kind,
            "name": metric.name,
            "labels": {
                **{label: f"${number}" for number, label in enumerate(parts, 1)},
                "job": job,
                "namespace": namespace,
            },
        }
        if metric.kind == "gauge":
            mapping["ttl"] = metric.believed
        if metric.kind == "observer":
            # Milliseconds on the wire, which the exporter takes for seconds; the servers tell milliseconds.
            mapping["scale"] = 1000
            # As the servers summarise.
            mapping["summary_options"] = {
                "quantiles": [
                    {"quantile": quantile, "error": error}
                    for quantile, error in ((0.5, 0.05), (0.9, 0.01), (0.99, 0.001))
                ],
                "max_age": "10s",
            }
        yield mapping
