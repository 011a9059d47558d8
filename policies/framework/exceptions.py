"""policies/exceptions.yaml: which finding is let pass, where, why, and until when.

Every mistake in it is said at once, with its line; entries without one hold. Nothing is let pass in silence: each
exception says how much it let pass, one that has expired fails, and one that covers nothing is said.
"""

from collections.abc import Collection, Iterable, Iterator
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

from policies.framework import file as files
from policies.framework.resource import Finding, Stack
from policies.framework.rule import Findings, Rule, stack_rule

FILE = "policies/exceptions.yaml"


def _day(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise ValueError("must be a day such as 2027-06-30") from None


REASON = 10
"""Fewest characters of a reason."""
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
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=REASON)]
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
    """Read the file; a file that isn't there has no exceptions. Never raises: see `mistakes`.

    An entry with a mistake lets nothing pass; the others hold.
    """
    file = files.read(path, FILE, "exceptions", yaml.BaseLoader)
    # As text, all of it: YAML makes dates and numbers of what it likes.
    given, mistakes = file.value, list(file.mistakes)
    if not isinstance(given, list):
        if given is not None:
            mistakes.append(file.mistake(("exceptions",), "exceptions must be a list"))
        return Exceptions(mistakes=tuple(mistakes))
    entries = []
    for number, each in enumerate(given):
        where: files.Where = ("exceptions", number)
        wrong = file.repeated(*where)
        if not isinstance(each, dict):
            wrong.append(file.mistake(where, f"an exception has {_listed(Entry.model_fields)}"))
        else:
            try:
                entry = Entry.model_validate(each)
            except ValidationError as error:
                wrong += [
                    file.mistake((*where, *loc), said) for loc, said in _wrong(error.errors())
                ]
            else:
                if not wrong and entry.rule in rules:
                    entries.append((file.line(where), entry))
            rule = each.get("rule")
            if isinstance(rule, str) and rule not in rules:
                wrong.append(file.mistake((*where, "rule"), files.no_rule(rule, rules)))
        mistakes += wrong
    return Exceptions(entries=tuple(entries), mistakes=tuple(sorted(mistakes, key=files.line_of)))


def _wrong(errors: Iterable[Any]) -> Iterator[tuple[files.Where, str]]:
    """Say in plain words what pydantic found in an entry, and where."""
    errors = list(errors)
    unknown = {e["loc"][0]: e for e in errors if e["type"] == "extra_forbidden"}
    missing = [str(e["loc"][0]) for e in errors if e["type"] == "missing"]
    meant = {
        name: files.nearest(str(name), missing) or files.nearest(str(name), Entry.model_fields)
        for name in unknown
    }
    for error in errors:
        loc = tuple(error["loc"])
        name = str(loc[0])
        what = name if len(loc) == 1 else f"a name in {name}"
        match error["type"]:
            case "extra_forbidden":
                yield loc, f"{name} is unknown; write {meant[name] or _listed(Entry.model_fields)}"
            case "missing":
                # One mistake, not two.
                if name not in meant.values():
                    yield loc, f"{name} is missing"
            case "string_too_short" if name == "reason":
                yield loc, f"reason must be a sentence of {REASON} characters or more"
            case "string_too_short":
                yield loc, f"{what} is empty"
            case "too_short" | "list_type":
                yield loc, f"{name} must be a list with a name or more, such as [local]"
            case "string_type":
                yield loc, f"{what} must be text"
            case _:
                yield loc, f"{what} {str(error['msg']).removeprefix('Value error, ')}"


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}"
