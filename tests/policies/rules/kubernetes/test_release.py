"""Tables of the rules over the chart's release; tests/policies/test_rules.py holds the rules against them."""

import json
from typing import Any

from policies.rules.kubernetes import release as rules
from policies.rules.kubernetes.containers import RELEASE
from tests.policies.case import ABSENT, Case, Change, Sample, found
from tests.policies.rules.kubernetes.samples import nodes, release

VAULT, SERVER, HA = [release()], "values.server", "values.server.ha"
APART: Any = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}
PREFERRED: Any = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{}]}}

CASES = [
    Case(
        rule=rules.charts_are_pinned,
        compliant=VAULT,
        breakages={
            "none": Change("version", ABSENT),
            "a range": Change("version", "^0.34"),
            "a wildcard": Change("version", "0.34.x"),
        },
    ),
    Case(
        rule=rules.chart_values_are_visible,
        compliant=VAULT,
        breakages={"a file": Change("valueYamlFiles", [{"path": "values.yaml"}])},
    ),
    Case(
        rule=rules.releases_survive_failure,
        compliant=VAULT,
        breakages={
            "atomic": Change("atomic", value=True),
            "cleaned up": Change("cleanupOnFail", value=True),
            "forced": Change("forceUpdate", value=True),
            "made anew": Change("recreatePods", value=True),
        },
    ),
    Case(
        rule=rules.charts_speak_tls,
        compliant=VAULT,
        breakages={
            "disabled": Change("values.global.tlsDisable", value=True),
            "the chart's default": Change("values.global.tlsDisable", ABSENT),
        },
    ),
    Case(
        rule=rules.servers_are_for_production,
        compliant=VAULT,
        breakages={
            "development": Change(f"{SERVER}.dev.enabled", value=True),
            "standalone": Change(f"{HA}.enabled", value=False),
        },
    ),
    Case(
        rule=rules.servers_form_a_quorum,
        compliant=VAULT,
        breakages={
            "one": Change(f"{HA}.replicas", 1),
            "four": Change(f"{HA}.replicas", 4),
            "not said": Change(f"{HA}.replicas", ABSENT),
        },
        undecided={"raft": Change(f"{HA}.raft.enabled", value=True)},
    ),
    Case(
        rule=rules.servers_form_a_quorum,
        compliant=VAULT,
        settings={"fewest": 2},
        breakages={"two": Change(f"{HA}.replicas", 2)},
    ),
    Case(
        rule=rules.servers_form_a_quorum,
        compliant=[nodes()],
        breakages={
            "two": Change("configurations.2", ABSENT),
            "none": Change("configurations", []),
        },
        exempt_unknown=["two"],  # the number is known where a configuration isn't
    ),
    Case(
        rule=rules.audit_has_a_volume,
        compliant=VAULT,
        breakages={
            "off": Change(f"{SERVER}.auditStorage.enabled", value=False),
            "not said": Change(f"{SERVER}.auditStorage", ABSENT),
        },
    ),
    Case(
        rule=rules.servers_have_a_disruption_budget,
        compliant=VAULT,
        breakages={
            "off": Change(f"{HA}.disruptionBudget.enabled", value=False),
            "two at a time": Change(f"{HA}.disruptionBudget.maxUnavailable", 2),
        },
    ),
    Case(
        rule=rules.servers_are_apart,
        compliant=VAULT,
        breakages={
            "off": Change(f"{SERVER}.affinity", ""),
            "preferred": Change(f"{SERVER}.affinity", PREFERRED),
            "preferred, as text": Change(f"{SERVER}.affinity", json.dumps(PREFERRED)),
        },
    ),
    Case(
        rule=rules.servers_are_apart,
        compliant=[release(affinity=json.dumps(APART))],
        breakages={"off": Change(f"{SERVER}.affinity", "")},
    ),
    Case(
        rule=rules.servers_are_fenced,
        compliant=VAULT,
        breakages={
            "off": Change(f"{SERVER}.networkPolicy.enabled", value=False),
            "from anybody": Change(f"{SERVER}.networkPolicy.ingress.0.from", []),
            "from anybody, unsaid": Change(f"{SERVER}.networkPolicy.ingress.0.from", ABSENT),
            "to anybody": Change(f"{SERVER}.networkPolicy.egress.0.to", ABSENT),
        },
    ),
    Case(
        rule=rules.volumes_outlive_servers,
        compliant=VAULT,
        breakages={
            "deleted": Change(
                f"{SERVER}.persistentVolumeClaimRetentionPolicy.whenDeleted", "Delete"
            )
        },
    ),
    Case(
        rule=rules.servers_wait_for_their_restart,
        compliant=VAULT,
        breakages={"rolling": Change(f"{SERVER}.updateStrategyType", "RollingUpdate")},
    ),
    Case(
        rule=rules.injector_fails_closed,
        compliant=VAULT,
        breakages={
            "open": Change("values.injector.webhook.failurePolicy", "Ignore"),
            "not said": Change("values.injector.webhook.failurePolicy", ABSENT),
            "everywhere": Change("values.injector.webhook.namespaceSelector", {}),
        },
    ),
]


def test_a_chart_in_a_directory_needs_no_version() -> None:
    local = Sample(type=RELEASE, inputs={"chart": "/srv/charts/other"})
    assert found([local]) == {}


def test_a_release_without_servers_is_asked_for_none() -> None:
    agents = {
        "global": {"tlsDisable": False, "externalVaultAddr": "https://vault:8200"},
        "server": {"enabled": False},
        "injector": {"enabled": False},
    }
    inputs = {"chart": "vault", "version": "0.34.1", "values": agents}
    assert found([Sample(type=RELEASE, inputs=inputs)]) == {}
