"""Tables of the rules over the servers' configuration; tests/policies/test_rules.py holds the rules against them."""

from policies.rules.kubernetes import configuration
from tests.policies.case import Case, Change, Sample, found
from tests.policies.rules.kubernetes.samples import CONFIGURATION, nodes, release

PODS, PROCESSES = "values.server.ha.raft.config", "configurations.1"


def _with(old: str, new: str) -> str:
    assert old in CONFIGURATION
    return CONFIGURATION.replace(old, new)


LISTENERS = {
    "no TLS": _with("tls_min_version", 'tls_disable = "true"\n  tls_min_version'),
    "no TLS, by a number": _with("tls_min_version", "tls_disable = 1\n  tls_min_version"),
    "no certificate": _with("tls_cert_file", "# tls_cert_file"),
    "an old version": _with('"tls12"', '"tls11"'),
}

CASES = [
    Case(
        rule=rule,
        compliant=[sample],
        breakages={label: Change(path, text) for label, text in breakages.items()},
    )
    for rule, breakages in (
        (configuration.listeners_speak_tls, LISTENERS),
        (
            configuration.mlock_suits_the_storage,
            {
                "locked": _with("disable_mlock = true", "disable_mlock = false"),
                "not said": _with("disable_mlock = true", ""),
            },
        ),
        (
            configuration.servers_show_no_raw_storage,
            {
                "storage": f"raw_storage_endpoint = true\n{CONFIGURATION}",
                "state": f"introspection_endpoint = true\n{CONFIGURATION}",
            },
        ),
    )
    for sample, path in ((release(), PODS), (nodes(), PROCESSES))
]


def test_without_raft_memory_may_be_locked() -> None:
    database = _with('storage "raft"', 'storage "mysql"').replace("disable_mlock = true", "")
    ha = {
        "enabled": True,
        "replicas": 2,
        "disruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "raft": {"enabled": False},
        "config": database,
    }
    servers = release(ha=ha)
    assert list(found([servers])) == ["servers-form-a-quorum"]  # two, and three are asked
    ha["replicas"] = 4
    assert found([release(ha=ha)]) == {}


def test_a_configuration_that_can_not_be_read_is_found_and_not_passed_over() -> None:
    broken = Sample(type=configuration.NODES, inputs={"configurations": ['listener "tcp" {'] * 3})
    said = found([broken])["listeners-speak-tls"]
    assert "can't be read by this rule (AclError" in said[0].message
