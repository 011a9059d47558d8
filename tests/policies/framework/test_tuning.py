from pathlib import Path

import pytest
from pulumi_policy import EnforcementLevel

from policies.framework.resource import Stack
from policies.framework.tuning import FILE, Tuning, read
from policies.rules import RULES


def given(tmp_path: Path, text: str) -> Tuning:
    file = tmp_path / "tuning.yaml"
    file.write_text(text)
    return read(file, RULES)


def said(tuning: Tuning) -> list[tuple[str, bool]]:
    outcome = tuning.rule().on(Stack(name="local", resources=()))
    return [(finding.message, finding.advisory) for finding in outcome.findings]


def test_settings_and_levels_are_read_and_a_rule_stays_mandatory_where_no_level_is_said(
    tmp_path: Path,
) -> None:
    tuning = given(
        tmp_path,
        """\
rules:
  key-deletion-waits: {days: 20}
  key-rotates: {level: remediate}
  namespaces-enforce-pod-security:
    level: advisory
    levels: [restricted]
""",
    )
    assert tuning.config == {
        "key-deletion-waits": {"enforcementLevel": EnforcementLevel.MANDATORY, "days": 20},
        "key-rotates": {"enforcementLevel": EnforcementLevel.REMEDIATE},
        "namespaces-enforce-pod-security": {
            "enforcementLevel": EnforcementLevel.ADVISORY,
            "levels": ["restricted"],
        },
    }
    assert said(tuning) == []


def test_what_is_disabled_is_said(tmp_path: Path) -> None:
    tuning = given(tmp_path, "rules:\n  key-rotates: {level: disabled}\n")
    assert tuning.config == {"key-rotates": {"enforcementLevel": EnforcementLevel.DISABLED}}
    assert said(tuning) == [(f"{FILE}:2: key-rotates is disabled", True)]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("key-rotate: {level: advisory}", "there is no rule key-rotate; write key-rotates"),
        ("xyz: {level: advisory}", "there is no rule xyz; docs/policies.md lists them"),
        ("7: {level: advisory}", "there is no rule 7; docs/policies.md lists them"),
        (
            "exceptions-hold: {level: disabled}",
            "exceptions-hold can't be tuned in a file that it looks at",
        ),
        (
            "tuning-holds: {level: advisory}",
            "tuning-holds can't be tuned in a file that it looks at",
        ),
        (
            "access-keys-are-young: {dayz: 20}",
            "access-keys-are-young has no setting dayz; write days",
        ),
        ("key-rotates: {lvl: advisory}", "key-rotates has no setting lvl; write level"),
        ("key-rotates: {days: 7}", "key-rotates has no setting days; it has level"),
        ("key-rotates: remediate", "key-rotates must have settings, such as {level: advisory}"),
        ("key-rotates:", "key-rotates must have settings, such as {level: advisory}"),
        (
            "key-rotates: {level: off}",
            "level of key-rotates must be advisory, mandatory, remediate or disabled",
        ),
        (
            "key-rotates: {level: [advisory]}",
            "level of key-rotates must be advisory, mandatory, remediate or disabled",
        ),
        (
            "key-has-a-policy: {level: remediate}",
            "key-has-a-policy puts nothing right; write level: advisory, mandatory or disabled",
        ),
        (
            "access-keys-are-young: {days: 0}",
            "days of access-keys-are-young: input should be greater than or equal to 1",
        ),
        (
            "access-keys-are-young: {days: '20'}",
            "days of access-keys-are-young: input should be a valid integer",
        ),
        (
            "person-has-networks: {not_in: local}",
            "not_in of person-has-networks: input should be a valid array",
        ),
        (
            "access-keys-are-young: {days: 2027-01-01}",
            "days of access-keys-are-young must be a number, text, or a list of them",
        ),
    ],
)
def test_a_mistake_stops_with_its_line_and_the_rules_that_are_right_are_tuned(
    tmp_path: Path, line: str, wrong: str
) -> None:
    tuning = given(tmp_path, f"rules:\n  {line}\n  key-deletion-waits: {{days: 20}}\n")

    assert said(tuning) == [(f"{FILE}:2: {wrong}", False)]
    assert list(tuning.config) == ["key-deletion-waits"]


def test_a_rule_that_stands_twice_is_not_tuned(tmp_path: Path) -> None:
    tuning = given(tmp_path, "rules:\n" + "  key-deletion-waits: {days: 20}\n" * 2)
    assert said(tuning) == [(f"{FILE}:3: key-deletion-waits stands here again", False)]
    assert tuning.config == {}


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    text = "rules:\n  key-rotates: {a: 1,\n    b: 2}\n  none-such: {days: 1}\nrulez: {}\n"
    assert [int(text.split(":")[1]) for text, _ in said(given(tmp_path, text))] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("rules: [", f"{FILE}:1: isn't readable YAML"),
        ("rules: {key-rotates: &a {level: *a}}\n", f"{FILE}:1: isn't readable YAML"),
        ("rules: {a: 2027-99-99}\n", f"{FILE}: can't be read (ValueError)"),
        ("", f"{FILE}:1: must begin with `rules:`"),
        ("rule: {}\n", f"{FILE}:1: rule is unknown; write rules"),
        (
            "rules: [key-rotates]\n",
            f"{FILE}:1: rules must name rules and their settings, such as key-rotates: {{level: advisory}}",
        ),
        (
            "rules:\n",
            f"{FILE}:1: rules must name rules and their settings, such as key-rotates: {{level: advisory}}",
        ),
    ],
)
def test_a_file_that_can_not_be_understood_stops_and_tunes_nothing(
    tmp_path: Path, text: str, wrong: str
) -> None:
    tuning = given(tmp_path, text)
    assert said(tuning) == [(wrong, False)]
    assert tuning.config == {}


def test_without_a_file_nothing_is_tuned(tmp_path: Path) -> None:
    tuning = read(tmp_path / "absent.yaml", RULES)
    assert (tuning.config, said(tuning)) == ({}, [])
