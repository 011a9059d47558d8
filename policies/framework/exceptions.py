"""policies/exceptions.yaml: which finding is let pass, where, why, and until when.

Every mistake in it is said at once, with its line. Nothing is let pass in silence: each exception says how much
it let pass, one that has expired fails, and one that covers nothing is said.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import yaml
from pulumi_policy import Severity
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from policies.framework.resource import Finding, Stack
from policies.framework.rule import Findings, Rule, stack_rule

FILE = "policies/exceptions.yaml"


def _day(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise ValueError("must be a day such as 2027-06-30") from None


_Text = Annotated[str, StringConstraints(min_length=1)]


class Entry(BaseModel):
    """One exception."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    """The rule's name."""
    stacks: Annotated[list[_Text], Field(min_length=1)]
    """Names of stacks; `*` stands for any text."""
    resource: _Text
    """The resource's name or URN; `*` stands for any text. `stack` where a rule speaks of the whole stack."""
    reason: Annotated[str, StringConstraints(min_length=10)]
    expires: Annotated[date, BeforeValidator(_day)]
    """The last day on which it holds, in UTC."""

    def speaks_of(self, stack: str) -> bool:
        """Whether the entry is for this stack."""
        return any(fnmatchcase(stack, each) for each in self.stacks)

    def covers(self, rule: str, stack: str, finding: Finding) -> bool:
        """Whether this finding is what the entry is about, expired or not."""
        found = finding.resource
        names = (found.name, found.urn) if found else ("stack",)
        return (
            rule == self.rule
            and self.speaks_of(stack)
            and any(fnmatchcase(name, self.resource) for name in names)
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    exceptions: list[Entry]


@dataclass(kw_only=True)
class Exceptions:
    """What the file says, and what it was good for so far."""

    entries: tuple[tuple[int, Entry], ...] = ()
    """With the line."""
    mistakes: tuple[str, ...] = ()
    """`policies/exceptions.yaml:7: ...`"""
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    covered: dict[int, set[str]] = field(default_factory=dict)
    """Line of an entry -> URNs of what it covered in this run; empty for the stack as a whole."""

    def entry(self, rule: str, stack: str, finding: Finding) -> Entry | None:
        """Give the entry that lets this finding pass today."""
        passed = None
        for line, entry in self.entries:
            if entry.covers(rule, stack, finding):
                urn = finding.resource.urn if finding.resource else ""
                self.covered.setdefault(line, set()).add(urn)
                if entry.expires >= self.today:
                    passed = entry
        return passed

    def rule(self) -> Rule:
        """Make the rule over this file. It must be asked last: only then is known what was used."""

        @stack_rule(
            "*",
            reason="an exception is a hole that somebody has to answer for, and only for a while",
            cure=f"correct or delete it in {FILE}",
            severity=Severity.HIGH,
        )
        def exceptions_hold(stack: Stack) -> Findings:
            """Every exception can be read, has not expired and is needed."""
            for mistake in self.mistakes:
                yield Finding(message=mistake)
            for line, entry in self.entries:
                if not entry.speaks_of(stack.name):
                    continue
                of = f"{FILE}:{line}: the exception from {entry.rule} for {entry.resource}"
                if entry.expires < self.today:
                    yield Finding(message=f"{of} expired on {entry.expires}")
                elif line not in self.covered:
                    yield Finding(message=f"{of} covers nothing", advisory=True)
                else:
                    passed = f"lets {len(self.covered[line])} pass until {entry.expires}"
                    yield Finding(message=f"{of} {passed}: {entry.reason}", advisory=True)

        return exceptions_hold


def read(path: Path, rules: Collection[str]) -> Exceptions:
    """Read the file; a file that isn't there has no exceptions. Never raises: see `mistakes`."""
    if not path.exists():
        return Exceptions()
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        lines = dict(_lines(node, ())) if node else {}
        # As text, all of it: YAML makes dates and numbers of what it likes.
        value = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  it makes nothing but text
    except (OSError, UnicodeDecodeError) as error:
        return Exceptions(mistakes=(f"{FILE}: can't be read ({type(error).__name__})",))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        return Exceptions(mistakes=(f"{FILE}{line}: isn't readable YAML",))
    if not isinstance(value, dict):
        return Exceptions(mistakes=(f"{FILE}:1: must begin with `exceptions:`",))
    twice = [f"{FILE}:{line}: {path[-1]} stands here again" for path, line in _twice(node)]
    try:
        given = _File.model_validate(value)
    except ValidationError as error:
        wrong = [*twice, *(_mistake(each, lines) for each in error.errors())]
        return Exceptions(mistakes=tuple(sorted(wrong, key=_line)))
    entries = [(lines["exceptions", n], entry) for n, entry in enumerate(given.exceptions)]
    unknown = [
        f"{FILE}:{line}: there is no rule {entry.rule}"
        for line, entry in entries
        if entry.rule not in rules
    ]
    return Exceptions(entries=tuple(entries), mistakes=tuple(twice + unknown))


_Path = tuple[str | int, ...]


def _lines(node: Any, path: _Path) -> Iterator[tuple[_Path, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from list(_lines(value, (*path, key.value)))[1:]
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _lines(value, (*path, number))


def _twice(node: Any, path: _Path = ()) -> Iterator[tuple[_Path, int]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield (*path, key.value), key.start_mark.line + 1
            seen.add(key.value)
            yield from _twice(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _twice(value, (*path, number))


def _line(mistake: str) -> int:
    return int(mistake.split(":")[1])


def _mistake(error: Any, lines: dict[_Path, int]) -> str:
    path = tuple(error["loc"])
    line = next((lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), 1)
    field_ = ".".join(str(part) for part in path[2:]) or ".".join(str(part) for part in path)
    wrong = str(error["msg"]).removeprefix("Value error, ")
    return f"{FILE}:{line}: {field_}: {wrong[:1].lower()}{wrong[1:]}"
