"""What fires when, judged by Prometheus' own promtool."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.monitoring.rules import RulesArgs, rule_spec

ARGS = RulesArgs(
    job="vault-internal", namespace="vault", replicas=3, expiry="vector(2592000)",
    expiry_warning_seconds=86400,
)  # fmt: skip
BY_LEADER = replace(ARGS, job="vault-active", leader_alone=True)
PROMTOOL = shutil.which("promtool")
LABELS = 'job="vault-internal",namespace="vault"'


def _series(name: str, values: str, labels: str = "") -> dict[str, str]:
    return {"series": f"{name}{{{LABELS}{labels}}}", "values": values}


WELL = [
    _series("vault_core_active", "1+0x60", ',pod="vault-0",cluster="vault"'),
    _series("vault_core_active", "0+0x60", ',pod="vault-0",cluster=""'),
    _series("vault_core_active", "0+0x60", ',pod="vault-1",cluster=""'),
    *(_series("up", "1+0x60", f',pod="vault-{index}"') for index in range(3)),
    _series("vault_autopilot_failure_tolerance", "1+0x60", ',pod="vault-0"'),
    _series("vault_raft_storage_follower_applied_index_delta", "3+0x60", ',peer_id="vault-1"'),
    _series("vault_raft_storage_follower_last_heartbeat_ms", "800+0x60", ',peer_id="vault-1"'),
    _series("vault_audit_log_request_failure", "0+0x60", ',pod="vault-0"'),
    _series("vault_audit_log_response_failure", "0+0x60", ',pod="vault-0"'),
    _series("vault_expire_num_leases", "50+0x60", ',pod="vault-0"'),
    _series("vault_expire_num_irrevocable_leases", "0+0x60", ',pod="vault-0"'),
    _series("vault_seal_unreachable_time", "0+0x60", ',pod="vault-0"'),
]


def _but(**changed: str) -> list[dict[str, str]]:
    """The same with other values of a metric."""
    return [
        {**each, "values": changed.get(each["series"].split("{")[0], each["values"])}
        for each in WELL
    ]


def _with(*more: dict[str, str]) -> list[dict[str, str]]:
    added = {each["series"] for each in more}
    return [*(each for each in WELL if each["series"] not in added), *more]


ALERTS = [rule["alert"] for rule in rule_spec(ARGS)["groups"][0]["rules"]]
CASES: dict[str, tuple[list[dict[str, str]], set[str]]] = {
    "all is well": (WELL, set()),
    "nobody leads": (_but(vault_core_active="0+0x60"), {"VaultNoLeader"}),
    "nobody answers": ([], {"VaultNoLeader"}),
    "one is sealed": (
        _with(_series("up", "0+0x60", ',pod="vault-2"')),
        {"VaultServerSealed", "VaultUnsealFailing"},
    ),
    "one was sealed for five minutes": (
        _with(_series("up", "1+0x24 0+0x5", ',pod="vault-2"')),
        {"VaultServerSealed"},
    ),
    "the seal's KMS refuses": (
        _with(_series("vault_seal_decrypt_error", "0+0x25 1+0x10", ',pod="vault-0"')),
        {"VaultSealErrors"},
    ),
    "the seal's KMS refuses to encrypt": (
        _with(_series("vault_seal_encrypt_error", "0+0x25 3+0x10", ',pod="vault-0"')),
        {"VaultSealErrors"},
    ),
    "the seal's KMS refuses for the first time": (
        _with(_series("vault_seal_encrypt_error", "_x25 1+0x10", ',pod="vault-0"')),
        {"VaultSealErrors"},
    ),
    "the seal's KMS refused to encrypt once, and now to decrypt": (
        _with(
            _series("vault_seal_encrypt_error", "3+0x60", ',pod="vault-0"'),
            _series("vault_seal_decrypt_error", "3+0x25 4+0x10", ',pod="vault-0"'),
        ),
        {"VaultSealErrors"},
    ),
    "the seal's KMS refused an hour ago": (
        _with(_series("vault_seal_encrypt_error", "3+0x60", ',pod="vault-0"')),
        set(),
    ),
    "the seal's KMS is silent": (
        _but(vault_seal_unreachable_time="60000+0x60"),
        {"VaultSealErrors"},
    ),
    "an audit log can't be written": (
        _but(vault_audit_log_response_failure="0+0x26 5+0x10"),
        {"VaultAuditFailing"},
    ),
    "one failure more is too many": (
        _but(vault_autopilot_failure_tolerance="0+0x60"),
        {"VaultRaftUnhealthy"},
    ),
    "a follower is behind": (
        _but(vault_raft_storage_follower_applied_index_delta="1001+0x60"),
        {"VaultRaftLag"},
    ),
    "a follower is silent": (
        _but(vault_raft_storage_follower_last_heartbeat_ms="10001+0x60"),
        {"VaultRaftSilent"},
    ),
    "leases pile up": (_but(vault_expire_num_leases="100001+0x60"), {"VaultManyLeases"}),
    "a lease can't be revoked": (
        _but(vault_expire_num_irrevocable_leases="1+0x60"),
        {"VaultIrrevocableLeases"},
    ),
}


def _promtool(folder: Path, *command: str) -> None:
    if PROMTOOL is None:
        pytest.skip("promtool isn't here: install Debian's package prometheus")
    done = subprocess.run(
        [PROMTOOL, *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _at(series: list[dict[str, str]], moment: str, fires: set[str]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": series,
        "alert_rule_test": [],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": moment,
                "exp_samples": [
                    {"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(fires)
                ],
            }
        ],
    }


def test_each_alert_fires_when_it_must_and_no_other_does(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule_spec(ARGS)))
    tests = [_at(series, "30m", fires) for series, fires in CASES.values()]
    (tmp_path / "test.yaml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests})
    )

    _promtool(tmp_path, "check", "rules", "rules.yaml")
    _promtool(tmp_path, "test", "rules", "test.yaml")


def test_where_the_leader_alone_is_read_it_tells_who_is_gone(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule_spec(BY_LEADER)))
    told = [
        *(_series("vault_autopilot_node_healthy", "1+0x60", f',node_id="vault-{i}"') for i in (0, 1)),
        _series("vault_core_active", "1+0x60", ',pod="vault-0",cluster="vault"'),
        _series("up", "1+0x60", ',pod="vault-0"'),
    ]  # fmt: skip
    cases = {
        "1+0x60": set(),
        "1+0x24 0+0x5": {"VaultServerSealed"},
        "0+0x60": {"VaultServerSealed", "VaultUnsealFailing"},
    }
    tests = [
        _at(
            [
                {**each, "series": each["series"].replace("vault-internal", "vault-active")}
                for each in (
                    *told,
                    _series("vault_autopilot_node_healthy", values, ',node_id="vault-2"'),
                )
            ],
            "30m",
            fires,
        )
        for values, fires in cases.items()
    ]
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document))

    _promtool(tmp_path, "check", "rules", "rules.yaml")
    _promtool(tmp_path, "test", "rules", "test.yaml")


def test_no_alert_looks_for_what_nobody_tells() -> None:
    in_a_database = rule_spec(replace(BY_LEADER, raft=False))["groups"][0]["rules"]

    expressions = " ".join(rule["expr"] for rule in in_a_database)
    assert "autopilot" not in expressions
    assert "up{" not in expressions
    assert "VaultServerSealed" not in {rule["alert"] for rule in in_a_database}


def test_a_certificate_is_told_of_a_day_before_its_end(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule_spec(ARGS)))
    # 2592000 s are thirty days.
    tests = [
        _at(
            [
                {**each, "values": "1+0x50000"}
                for each in WELL
                if each["series"].startswith(("up", "vault_core_active"))
            ],
            moment,
            fires,
        )
        for moment, fires in (("28d23h", set()), ("29d2h", {"VaultCertificateEnds"}))
    ]
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "30m", "tests": tests}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document))

    _promtool(tmp_path, "test", "rules", "test.yaml")


def test_every_alert_is_tried() -> None:
    tried = {alert for _, fires in CASES.values() for alert in fires}

    assert tried == set(ALERTS) - {"VaultCertificateEnds"}


def test_a_single_server_has_no_raft_to_be_unhealthy() -> None:
    alone = rule_spec(RulesArgs(job="vault-internal", namespace="vault", replicas=1))

    alerts = {rule["alert"] for rule in alone["groups"][0]["rules"]}
    assert not any(alert.startswith("VaultRaft") for alert in alerts)
    assert "VaultCertificateEnds" not in alerts
