"""A dashboard for Grafana, as the JSON that its sidecar takes from a ConfigMap. Pure."""

import json
from typing import Any

Document = dict[str, Any]

_WIDTH, _HEIGHT, _PER_ROW = 8, 7, 3

# Title, unit, queries with what each line is called. $of is the job and the namespace.
PANELS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Servers",
        "none",
        (
            ("sum(up{$of})", "tell metrics"),
            ("max(vault_raft_peers{$of})", "in raft"),
            ("sum(max by (node_id) (vault_autopilot_node_healthy{$of}))", "healthy"),
        ),
    ),
    (
        "Leader",
        "none",
        (
            ("max by (pod) (vault_core_active{$of})", "{{pod}}"),
            ("min(vault_autopilot_failure_tolerance{$of})", "failures to spare"),
        ),
    ),
    (
        "Requests",
        "reqps",
        (
            ("sum by (pod) (rate(vault_core_handle_request_count{$of}[5m]))", "{{pod}}"),
            ("sum(rate(vault_core_handle_login_request_count{$of}[5m]))", "logins"),
        ),
    ),
    (
        "How long a request takes",
        "ms",
        (
            ('max(vault_core_handle_request{$of,quantile="0.5"})', "half"),
            ('max(vault_core_handle_request{$of,quantile="0.99"})', "99 of 100"),
        ),
    ),
    (
        "Audit",
        "ops",
        (
            ("sum(rate(vault_audit_log_request_count{$of}[5m]))", "requests"),
            ("sum(rate(vault_audit_log_request_failure{$of}[5m]))", "requests not written"),
            ("sum(rate(vault_audit_log_response_failure{$of}[5m]))", "answers not written"),
        ),
    ),
    (
        "Leases and tokens",
        "none",
        (
            ("max(vault_expire_num_leases{$of})", "leases"),
            ("max(vault_expire_num_irrevocable_leases{$of})", "irrevocable"),
        ),
    ),
    (
        "Raft: entries behind",
        "none",
        (
            (
                "max by (peer_id) (vault_raft_storage_follower_applied_index_delta{$of})",
                "{{peer_id}}",
            ),
        ),
    ),
    (
        "Raft: commit",
        "ms",
        (('max(vault_raft_commitTime{$of,quantile="0.99"})', "99 of 100"),),
    ),
    (
        "Seal",
        "ops",
        (
            ("sum(rate(vault_seal_encrypt{$of}[5m]))", "encrypt"),
            ("sum(rate(vault_seal_decrypt{$of}[5m]))", "decrypt"),
            ("sum(rate(vault_seal_encrypt_error{$of}[5m]))", "encrypt refused"),
            ("sum(rate(vault_seal_decrypt_error{$of}[5m]))", "decrypt refused"),
        ),
    ),
    (
        "Memory",
        "bytes",
        (("max by (pod) (vault_runtime_alloc_bytes{$of})", "{{pod}}"),),
    ),
)


def dashboard(*, job: str, namespace: str) -> str:
    """Give the dashboard's JSON."""
    of = f'job="{job}",namespace="{namespace}"'
    document = {
        "uid": f"strongroom-{namespace}"[:40],
        "title": f"Vault ({namespace})",
        "tags": ["vault", "strongroom"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": [
            _panel(number, title, unit, [(query.replace("$of", of), name) for query, name in lines])
            for number, (title, unit, lines) in enumerate(PANELS)
        ],
    }
    return json.dumps(document, indent=2)


def _panel(number: int, title: str, unit: str, lines: list[tuple[str, str]]) -> Document:
    row, column = divmod(number, _PER_ROW)
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "gridPos": {
            "x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + index), "expr": query, "legendFormat": name, "datasource": source}
            for index, (query, name) in enumerate(lines)
        ],
    }  # fmt: skip
