from datetime import date
from pathlib import Path

import pytest

from policies.framework.exceptions import FILE, Exceptions, read
from policies.framework.properties import Properties
from policies.framework.resource import Finding, Resource, Stack

URN = "urn:pulumi:local::strongroom::strongroom:cloud:Custody$aws:kms/key:Key::custody-key"
FOUND = Finding(
    message="it is off",
    resource=Resource(
        type="aws:kms/key:Key", name="custody-key", urn=URN, inputs=Properties({}, URN)
    ),
)
TODAY = date(2026, 6, 30)
GOOD = """\
exceptions:
  - rule: key-rotates
    stacks: [local]
    resource: custody-key
    reason: the emulator rotates nothing
    expires: 2026-06-30
"""


def given(tmp_path: Path, text: str) -> Exceptions:
    file = tmp_path / "exceptions.yaml"
    file.write_text(text)
    found = read(file, {"key-rotates"})
    found.today = TODAY
    return found


def said(exceptions: Exceptions, stack: str = "local") -> list[tuple[str, bool]]:
    outcome = exceptions.rule().on(Stack(name=stack, resources=()))
    return [(finding.message, finding.advisory) for finding in outcome.findings]


@pytest.mark.parametrize(
    "resource", ["custody-key", "custody-*", "*", URN, "urn:pulumi:*::*$aws:kms/key:Key::*"]
)
def test_a_resource_is_named_by_name_or_urn_with_stars(tmp_path: Path, resource: str) -> None:
    exceptions = given(tmp_path, GOOD.replace("custody-key", f'"{resource}"'))
    assert exceptions.entry("key-rotates", "local", FOUND) is not None
    [(message, advisory)] = said(exceptions)
    assert advisory
    assert message.endswith("lets 1 pass until 2026-06-30: the emulator rotates nothing")


@pytest.mark.parametrize(
    ("rule", "stack", "resource"),
    [
        ("key-waits", "local", "custody-key"),
        ("key-rotates", "prod", "custody-key"),
        ("key-rotates", "local", "seal-key"),
    ],
)
def test_nothing_else_passes(tmp_path: Path, rule: str, stack: str, resource: str) -> None:
    exceptions = given(tmp_path, GOOD.replace("custody-key", resource))
    assert exceptions.entry(rule, stack, FOUND) is None


def test_the_stack_as_a_whole_is_named_by_a_word(tmp_path: Path) -> None:
    exceptions = given(tmp_path, GOOD.replace("custody-key", "stack"))
    assert exceptions.entry("key-rotates", "local", Finding(message="too many")) is not None


def test_one_that_has_expired_covers_nothing_and_fails(tmp_path: Path) -> None:
    exceptions = given(tmp_path, GOOD.replace("2026-06-30", "2026-06-29"))
    assert exceptions.entry("key-rotates", "local", FOUND) is None
    assert said(exceptions) == [
        (f"{FILE}:2: the exception from key-rotates for custody-key expired on 2026-06-29", False)
    ]
    assert said(exceptions, "prod") == []


def test_one_that_covers_nothing_is_said(tmp_path: Path) -> None:
    exceptions = given(tmp_path, GOOD)
    assert said(exceptions) == [
        (f"{FILE}:2: the exception from key-rotates for custody-key covers nothing", True)
    ]
    assert said(exceptions, "prod") == []


def test_every_mistake_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    text = """\
exceptions:
  - rule: key-rotates
    stacks: []
    resource: custody-key
    reason: short
    expires: 2026-02-30
  - rule: key-rotates
    stacks: local
    resources: x
    reason: the emulator rotates nothing
    expires: soon
    expires: never
"""
    mistakes = [message for message, advisory in said(given(tmp_path, text)) if not advisory]
    lines = [int(mistake.split(":")[1]) for mistake in mistakes]
    assert lines == [3, 5, 6, 8, 9, 12, 12]
    assert f"{FILE}:12: expires stands here again" in mistakes
    assert f"{FILE}:6: expires must be a day such as 2027-06-30" in mistakes


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("exceptions:", f"{FILE}:1: exceptions must be a list"),
        ("exceptions: [*here]", f"{FILE}:1: isn't readable YAML"),
        ("exceptions: &here [*here]", f"{FILE}:1: isn't readable YAML"),
        ("exceptions: [", f"{FILE}:1: isn't readable YAML"),
        ("", f"{FILE}:1: must begin with `exceptions:`"),
        ("exemptions: []", f"{FILE}:1: exemptions is unknown; write exceptions"),
    ],
)
def test_a_file_that_can_not_be_understood_fails(tmp_path: Path, text: str, wrong: str) -> None:
    exceptions = given(tmp_path, text)
    assert (wrong, False) in said(exceptions)


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        (
            "rule: key-rotates",
            "rule: key-rotate",
            "2: there is no rule key-rotate; write key-rotates",
        ),
        ("rule: key-rotates", "rule: x", "2: there is no rule x; docs/policies.md lists them"),
        ("stacks:", "stack:", "3: stack is unknown; write stacks"),
        (
            "    stacks: [local]\n",
            "    stacks: [local]\n    who: me\n",
            "4: who is unknown; write rule, stacks, resource, reason and expires",
        ),
        ("    stacks: [local]\n", "", "2: stacks is missing"),
        ("[local]", "local", "3: stacks must be a list with a name or more, such as [local]"),
        ("[local]", "['']", "3: a name in stacks is empty"),
        ("custody-key", "[custody-key]", "4: resource must be text"),
        ("custody-key", "''", "4: resource is empty"),
        (
            "the emulator rotates nothing",
            "'   short   '",
            "5: reason must be a sentence of 10 characters or more",
        ),
        ("2026-06-30", "soon", "6: expires must be a day such as 2027-06-30"),
    ],
)
def test_a_mistake_is_one_line_in_plain_words_and_the_entries_that_are_right_hold(
    tmp_path: Path, before: str, after: str, wrong: str
) -> None:
    right = GOOD.removeprefix("exceptions:\n").replace("custody-key", "custody-*")
    exceptions = given(tmp_path, GOOD.replace(before, after) + right)

    assert exceptions.mistakes == (f"{FILE}:{wrong}",)
    assert exceptions.entry("key-rotates", "local", FOUND) is not None
    first, second = said(exceptions)
    assert first == (f"{FILE}:{wrong}", False)
    assert second[1]
    assert "custody-* lets 1 pass" in second[0]


def test_what_is_no_entry_is_refused_and_the_others_hold(tmp_path: Path) -> None:
    exceptions = given(tmp_path, GOOD + "  - key-rotates\n")
    assert exceptions.mistakes == (
        f"{FILE}:7: an exception has rule, stacks, resource, reason and expires",
    )
    assert exceptions.entry("key-rotates", "local", FOUND) is not None


def test_an_entry_that_says_a_thing_twice_lets_nothing_pass(tmp_path: Path) -> None:
    exceptions = given(tmp_path, GOOD + "    expires: 2099-01-01\n")
    assert exceptions.mistakes == (f"{FILE}:7: expires stands here again",)
    assert exceptions.entry("key-rotates", "local", FOUND) is None


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    exceptions = read(tmp_path / "absent.yaml", {"key-rotates"})
    assert exceptions.entry("key-rotates", "local", FOUND) is None
    assert said(exceptions) == []
