"""What is made of the engine's events."""

import json
from pathlib import Path
from typing import Any

import pytest

from ops.ci.comment import comment
from ops.ci.events import read
from ops.ci.fitted import LIMIT
from ops.ci.gathering import gathered, short
from ops.ci.markdown import length
from ops.ci.report import Outcome, Report

_URN = "urn:pulumi:dev::strongroom::strongroom:access:Services$vault:index/policy:Policy::{}"


def _step(
    operation: str, name: str, *, kind: str = "resourcePreEvent", **more: Any
) -> dict[str, Any]:
    state = {"inputs": {"name": name}, "outputs": {}}
    metadata = {
        "op": operation, "urn": _URN.format(name), "type": "vault:index/policy:Policy", "old": state, "new": state,
        "detailedDiff": None, **more,
    }  # fmt: skip
    return {kind: {"metadata": metadata}}


def _report(path: Path, *events: dict[str, Any], succeeded: bool = True) -> Report:
    """Write events by the engine's documented types, and gather them."""
    file = path / "events"
    lines = (
        json.dumps({"sequence": number, "timestamp": 1, **each})
        for number, each in enumerate(events)
    )
    file.write_text("".join(f"{line}\n" for line in lines))
    return gathered("dev", read(file), succeeded=succeeded)


def test_what_changes_is_there_once_and_what_does_not_is_not(tmp_path: Path) -> None:
    found = _report(
        tmp_path,
        _step("same", "a"),
        _step("read", "b"),
        _step("update", "c", diffs=["name"]),
        _step("update", "c", kind="resOutputsEvent", diffs=["name"]),
        _step("delete", "d", new=None),
        _step("refresh", "e"),
        _step("operation-of-a-later-engine", "f"),
    )

    assert [(each.operation, each.type, each.name) for each in found.changes] == [
        ("delete", "vault:Policy", "d"),
        ("update", "vault:Policy", "c"),
    ]
    assert found.outcome is Outcome.CHANGES


def test_of_a_killed_engine_what_it_had_said_is_there(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_text(f"{json.dumps(_step('update', 'a'))}\n{json.dumps(_step('update', 'b'))[:99]}")

    found = gathered("dev", read(file), succeeded=False)

    assert [each.name for each in found.changes] == ["a"]
    assert found.outcome is Outcome.FAILED


def test_a_replacement_is_one_change_with_its_reasons(tmp_path: Path) -> None:
    found = _report(
        tmp_path,
        _step("delete-replaced", "a", new=None),
        _step("replace", "a"),
        _step("create-replacement", "a", keys=["name"]),
    )

    assert [(each.operation, each.replacing) for each in found.changes] == [("replace", ("name",))]
    assert found.changes[0].difference.startswith("! name")


def test_the_engine_s_own_providers_are_not_the_program_s(tmp_path: Path) -> None:
    urn = "urn:pulumi:dev::strongroom::pulumi:providers:pulumi-python::default"

    found = _report(tmp_path, _step("update", "x", urn=urn, type="pulumi:providers:pulumi-python"))

    assert found.changes == ()
    assert found.outcome is Outcome.NOTHING


def test_what_a_refresh_saw_differ_was_changed_outside(tmp_path: Path) -> None:
    found = _report(
        tmp_path,
        _step("refresh", "changed", kind="resOutputsEvent", diffs=["name"]),
        _step("refresh", "gone", kind="resOutputsEvent", new=None),
        _step("refresh", "declared", kind="resOutputsEvent"),
        _step("update", "changed"),
        _step("create", "gone", old=None),
        _step("update", "declared"),
    )

    assert {each.name: each.outside for each in found.changes} == {
        "changed": True, "gone": True, "declared": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("level", "outcome"), [("mandatory", Outcome.STOPPED), ("advisory", Outcome.FAILED)]
)
def test_only_what_is_mandatory_stops_by_policy(
    tmp_path: Path, level: str, outcome: Outcome
) -> None:
    found = _report(
        tmp_path,
        {
            "policyEvent": {
                "resourceUrn": _URN.format("a"),
                "message": "why\n",
                "policyName": "p",
                "enforcementLevel": level,
            }
        },
        {"diagnosticEvent": {"message": "preview failed\n", "severity": "error"}},
        succeeded=False,
    )

    assert found.outcome is outcome
    assert [(each.policy, each.name, each.message) for each in found.findings] == [
        ("p", "a", "why")
    ]
    assert found.problems == ()


def test_findings_stand_in_one_order_whatever_the_engine_s_was(tmp_path: Path) -> None:
    events = [
        {
            "policyEvent": {
                "resourceUrn": _URN.format(name),
                "message": message,
                "policyName": policy,
                "enforcementLevel": "mandatory",
            }
        }
        for policy, name, message in (("q", "a", "1"), ("p", "b", "2"), ("p", "b", "1"), ("p", "a", "3"))
    ]  # fmt: skip

    one = _report(tmp_path, *events, succeeded=False)
    other = _report(tmp_path, *reversed(events), succeeded=False)

    assert one == other
    assert [(each.policy, each.name, each.message) for each in one.findings] == [
        ("p", "a", "3"),
        ("p", "b", "1"),
        ("p", "b", "2"),
        ("q", "a", "1"),
    ]


def test_of_a_remediation_properties_are_named_and_values_are_not(tmp_path: Path) -> None:
    before, after = {"ttl": "hunter2", "same": 1}, {"ttl": "hunter3", "same": 1}

    found = _report(
        tmp_path,
        {
            "policyRemediationEvent": {
                "resourceUrn": _URN.format("a"),
                "policyName": "p",
                "before": before,
                "after": after,
            }
        },
    )

    assert [(each.level, each.message) for each in found.findings] == [
        ("remediated", "changed ttl")
    ]
    assert "hunter" not in repr(found)


def test_an_error_is_said_once_with_its_resource_and_without_tokens(tmp_path: Path) -> None:
    error = {
        "urn": _URN.format("a"),
        "message": "denied for hvs.abcdefghijklmnopqrstuvwx\n",
        "severity": "error",
    }

    found = _report(
        tmp_path,
        {"diagnosticEvent": {"message": "a detail", "severity": "debug"}},
        {"diagnosticEvent": error},
        {"diagnosticEvent": error},
        succeeded=False,
    )

    assert found.problems == ("vault:Policy a: denied for [secret]",)
    assert found.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("vault:index/policy:Policy", "vault:Policy"),
        ("aws:s3/bucket:Bucket", "aws:s3:Bucket"),
        ("kubernetes:core/v1:Secret", "kubernetes:core:Secret"),
        ("pulumi:pulumi:Stack", "pulumi:Stack"),
        ("strongroom:cloud:AwsCloud", "strongroom:cloud:AwsCloud"),
    ],
)
def test_a_type_is_said_as_people_write_it(token: str, said: str) -> None:
    assert short(token) == said


def test_ten_thousand_events_make_a_comment_that_is_short_enough(tmp_path: Path) -> None:
    after = {"inputs": {"name": "x", "policy": "path\n" * 9}, "outputs": {}}
    events = [_step("create", f"acl-{number}", old=None, new=after) for number in range(10_000)]

    body = comment([_report(tmp_path, *events)], "x")

    assert 40_000 < length(body) < LIMIT
    assert "| 10,000 |" in body
