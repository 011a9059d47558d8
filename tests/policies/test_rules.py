"""Holds every rule against its table: see case.py."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from policies.rules import RULES
from tests.policies.case import Case, Change, ask, changed, found, resources, unknown

HERE = Path(__file__).parent


def _tables() -> list[Case]:
    cases: list[Case] = []
    for path in sorted((HERE / "rules").rglob("test_*.py")):
        name = ".".join(path.relative_to(HERE.parents[1]).with_suffix("").parts)
        cases += importlib.import_module(name).CASES
    return cases


CASES = _tables()


def _needed(case: Case) -> dict[str, Change]:
    """Give changes of the fields that the rule needs to know."""
    return {
        label: change
        for label, change in {**case.breakages, **case.undecided}.items()
        if not change.path.startswith("@") and label not in case.exempt_unknown
    }


NEEDING = [case for case in CASES if _needed(case)]
REMEDIED = [case for case in CASES if case.rule.remedy is not None]


def _id(case: Case) -> str:
    return case.rule.name


def test_every_rule_has_a_compliant_resource_and_a_breakage() -> None:
    tried = {case.rule.name for case in CASES if case.compliant and case.breakages}
    assert tried == {rule.name for rule in RULES}


def test_names_are_unique_and_everything_that_people_read_is_written() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    for rule in RULES:
        for text in (rule.reason, rule.cure):
            assert len(text) > 10, rule.name
            assert not text.endswith("."), rule.name
        assert rule.title.endswith("."), rule.name
        assert "\n" not in rule.title, rule.name
        assert all(schema.get("description") for schema in rule.settings.values()), rule.name


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_no_rule_minds_what_is_compliant(case: Case) -> None:
    assert found(case.compliant, case.rule, case.settings) == {}
    outcomes = ask(case.rule, case.compliant, case.settings)
    assert outcomes, "the rule looked at none of them"
    assert [error for outcome in outcomes for error in outcome.unknown] == []


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_each_breakage_is_found_by_its_rule_and_no_other(case: Case) -> None:
    broken = {
        label: found(changed(case.compliant, change), case.rule, case.settings)
        for label, change in case.breakages.items()
    }

    assert {label: list(rules) for label, rules in broken.items()} == {
        label: [case.rule.name] for label in case.breakages
    }
    for label, rules in broken.items():
        for finding in rules[case.rule.name]:
            assert "can't be read by this rule" not in finding.message, label
            assert finding.message, label
            assert not finding.message.endswith("."), label


@pytest.mark.parametrize("case", NEEDING, ids=_id)
def test_what_is_not_known_yet_is_said_and_not_passed_over(case: Case) -> None:
    for label, change in _needed(case).items():
        samples = changed(case.compliant, unknown(change))
        outcomes = ask(case.rule, samples, case.settings)
        assert [finding for outcome in outcomes for finding in outcome.findings] == [], label
        assert [error for outcome in outcomes for error in outcome.unknown], label
        # And no other rule stumbles over it.
        assert found(samples, case.rule, case.settings) == {}, label


@pytest.mark.parametrize("case", REMEDIED, ids=_id)
def test_what_is_put_right_holds(case: Case) -> None:
    remedy = case.rule.remedy
    assert remedy is not None
    for label, change in case.breakages.items():
        broken = changed(case.compliant, change)
        right = [
            replace(sample, inputs={**sample.inputs, **remedy(resource)})
            if case.rule.concerns(sample.type)
            else sample
            for sample, resource in zip(broken, resources(broken), strict=True)
        ]

        assert right != broken, label
        assert found(right, case.rule, case.settings) == {}, label
