"""Alerts on Vault's own metrics, as a PrometheusRule's spec. Pure.

Names are those of `/v1/sys/metrics`, which OpenBao and HashiCorp Vault share (`vault_...`, OpenBao's too), held against
a real server by a test. A gauge is told once with an empty label `cluster` and once with the cluster's name, the former
from before the server knew it and never changed again: hence `max`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Document = dict[str, Any]
Severity = Literal["critical", "warning"]


@dataclass(frozen=True, kw_only=True)
class RulesArgs:
    """What alerts are told apart by, and where they begin."""

    job: str
    """The scrape job's name: the Service's."""
    namespace: str
    """The servers'."""
    replicas: int
    raft: bool = True
    """False: a database is the storage, and there is no autopilot."""
    leader_alone: bool = False
    """Whether the leader alone is read (`components.monitoring.scrape`); else each server is."""
    leases: int = 100_000
    """From how many leases on something leaks: each is a line of raft, and a restart walks them all."""
    raft_lag: int = 1_000
    """Entries that a follower may be behind."""
    expiry: str | None = None
    """PromQL of the moment, in Unix seconds, at which the servers' certificate ends; None: nobody here knows it."""
    expiry_warning_seconds: int = 30 * 86400


def rule_spec(args: RulesArgs) -> Document:
    """Give a PrometheusRule's spec: one group, the worst first."""
    return {"groups": [{"name": f"strongroom.{args.job}", "rules": list(_rules(args))}]}


def _rules(args: RulesArgs) -> Iterator[Document]:
    of = f'{{job="{args.job}",namespace="{args.namespace}"}}'
    yield _rule(
        "VaultNoLeader",
        f"absent(max(vault_core_active{of}) == 1)",
        "2m",
        "critical",
        "No Vault server leads: nothing can be read or written",
        "Servers are sealed or down, raft has no quorum, or Prometheus' token is refused by all."
        " `make status` or `vault status` on each pod says which.",
    )
    yield from _sealed(args, of)
    yield _rule(
        "VaultSealErrors",
        f"{_grew(f'vault_seal_encrypt_error{of}')} or {_grew(f'vault_seal_decrypt_error{of}')}"
        f" or max(vault_seal_unreachable_time{of}) > 0",
        "0m",
        "critical",
        "The seal's KMS refuses or does not answer",
        "A server that restarts now stays sealed, and a snapshot may not be restorable: take none before it is mended.",
    )
    yield _rule(
        "VaultAuditFailing",
        f"sum by (pod) (increase(vault_audit_log_request_failure{of}[5m])"
        f" + increase(vault_audit_log_response_failure{of}[5m])) > 0",
        "0m",
        "critical",
        "{{ $labels.pod }} could not write its audit log",
        "Where no device takes a request, Vault refuses it. Most often a volume is full.",
    )
    if args.replicas > 1 and args.raft:
        yield from _raft(args, of)
    yield _rule(
        "VaultManyLeases",
        f"max(vault_expire_num_leases{of}) > {args.leases}",
        "15m",
        "warning",
        f"More than {args.leases:,} leases are held",
        "Somebody logs in for every request, or tokens live too long: shorten their TTL, or reuse them.",
    )
    yield _rule(
        "VaultIrrevocableLeases",
        f"max(vault_expire_num_irrevocable_leases{of}) > 0",
        "15m",
        "warning",
        "Leases can't be revoked",
        "What they were made for may still work. `vault list sys/leases/lookup` and the log name them.",
    )
    if args.expiry is not None:
        yield _rule(
            "VaultCertificateEnds",
            f"{args.expiry} - time() < {args.expiry_warning_seconds}",
            "1h",
            "critical",
            "The servers' certificate ends in {{ $value | humanizeDuration }}",
            "A CA of the program's own: run `pulumi up`, which renews it. cert-manager: see its Certificate.",
        )


def _sealed(args: RulesArgs, of: str) -> Iterator[Document]:
    if args.leader_alone:
        if not args.raft or args.replicas == 1:
            # Nobody tells; of a single server, VaultNoLeader does.
            return
        gone, which = f"max by (node_id) (vault_autopilot_node_healthy{of}) == 0", "node_id"
        seen = "Raft's autopilot does not hear of it: it is sealed, down or cut off."
    else:
        gone, which = f"up{of} == 0", "pod"
        seen = "A sealed server answers /v1/sys/metrics with 503."
    server = f"{{{{ $labels.{which} }}}}"
    yield _rule(
        "VaultServerSealed",
        gone,
        "2m",
        "warning",
        f"{server} is sealed or down",
        f"{seen} It unseals itself where KMS answers; see its log.",
    )
    yield _rule(
        "VaultUnsealFailing",
        gone,
        "10m",
        "critical",
        f"{server} has not unsealed for ten minutes",
        "Its seal key is refused or out of reach (see VaultSealErrors), or its storage is. Do not restart the others.",
    )


def _raft(args: RulesArgs, of: str) -> Iterator[Document]:
    yield _rule(
        "VaultRaftUnhealthy",
        f"min(vault_autopilot_failure_tolerance{of}) < 1",
        "5m",
        "critical",
        "One more server down, and Vault stops",
        "Raft's leader counts a server as unhealthy: sealed, down, or behind.",
    )
    yield _rule(
        "VaultRaftLag",
        f"max by (peer_id) (vault_raft_storage_follower_applied_index_delta{of}) > {args.raft_lag}",
        "5m",
        "warning",
        "{{ $labels.peer_id }} is {{ $value }} entries behind",
        "Its disk or its network is too slow. It must not lead, and must not be rolled with.",
    )
    yield _rule(
        "VaultRaftSilent",
        f"max by (peer_id) (vault_raft_storage_follower_last_heartbeat_ms{of}) > 10000",
        "2m",
        "warning",
        "{{ $labels.peer_id }} has not been heard of for ten seconds",
        "Sealed, down, or port 8201 does not lead to it.",
    )


def _grew(counter: str) -> str:
    """Whether a counter grew, or began: Vault tells one only once it has counted something."""
    return f"sum(increase({counter}[10m])) > 0 or sum({counter} unless {counter} offset 10m) > 0"


def _rule(
    alert: str, expression: str, wait: str, severity: Severity, summary: str, description: str
) -> Document:
    return {
        "alert": alert,
        "expr": expression,
        "for": wait,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }
