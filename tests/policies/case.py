"""What a rule is tested with: resources that every rule accepts, and changes of one field that break this one.

CASES = [
    Case(
        rule=keys.key_rotates,
        compliant=[Sample(type="aws:kms/key:Key", inputs={"enableKeyRotation": True, ...})],
        breakages={"rotation off": Change("enableKeyRotation", False), "not said": Change("enableKeyRotation", ABSENT)},
    ),
]

A module tests/policies/rules/**/test_*.py puts its table into CASES and calls nothing: tests/policies/test_rules.py
finds every table and holds each rule against it.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from policies.framework.properties import UNKNOWN, Properties
from policies.framework.resource import Finding, Resource, Stack
from policies.framework.rule import Outcome, Rule
from policies.rules import RULES

ABSENT = object()
"""In a change: the field is not there at all."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A resource in a table."""

    type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    name: str = "sample"
    """One of its own where a rule looks at several."""
    protect: bool = True
    within: str = ""
    """Types of the components around it, outermost first, with `$` between: `strongroom:cloud:Custody`."""
    depends: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Input -> names of the samples whose outputs its value comes from."""
    stack: str = "test"

    @property
    def urn(self) -> str:
        chain = f"{self.within}${self.type}" if self.within else self.type
        return f"urn:pulumi:{self.stack}::strongroom::{chain}::{self.name}"


@dataclass(frozen=True)
class Change:
    """One field of one sample."""

    path: str
    """`rules.0.days`; into a JSON text with `!`: `policy!Statement.0.Action`; or `@protect`, `@depends.policy`."""
    value: Any
    of: str | None = None
    """The sample's name; None: the first."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A rule's table, or a part of it."""

    rule: Rule
    compliant: Sequence[Sample]
    breakages: Mapping[str, Change]
    settings: Mapping[str, Any] = field(default_factory=dict)
    undecided: Mapping[str, Change] = field(default_factory=dict)
    """Further fields that the rule needs. That of each breakage is needed anyway."""
    exempt_unknown: Sequence[str] = ()
    """Breakages whose field the rule does not read where it is unknown, for a reason said beside."""


def resources(samples: Sequence[Sample]) -> list[Resource]:
    urns = {sample.name: sample.urn for sample in samples}
    return [
        Resource(
            type=sample.type,
            name=sample.name,
            urn=sample.urn,
            inputs=Properties(sample.inputs, sample.urn),
            protect=sample.protect,
            dependencies=frozenset(urns[n] for names in sample.depends.values() for n in names),
            property_dependencies={
                key: frozenset(urns[name] for name in names)
                for key, names in sample.depends.items()
            },
        )
        for sample in samples
    ]


def ask(rule: Rule, samples: Sequence[Sample], settings: Mapping[str, Any]) -> list[Outcome]:
    """Ask a rule about these, as the analyzer does."""
    return _asked(rule, resources(samples), settings, {})


def _asked(
    rule: Rule, made: Sequence[Resource], settings: Mapping[str, Any], shared: dict[object, Any]
) -> list[Outcome]:
    concerned = [each for each in made if rule.concerns(each.type)]
    if rule.whole_stack:
        stack = made[0].stack if made else "test"
        subject = Stack(name=stack, resources=tuple(concerned), shared=shared)
        return [rule.on(subject, **settings)]
    return [rule.on(each, **settings) for each in concerned]


@cache
def _about(types: frozenset[str]) -> Sequence[Rule]:
    """Give the rules that look at one of these, and those over the stack, which miss what isn't there."""
    return [rule for rule in RULES if rule.whole_stack or any(map(rule.concerns, types))]


def found(
    samples: Sequence[Sample], tuned: Rule | None = None, settings: Mapping[str, Any] | None = None
) -> dict[str, list[Finding]]:
    """Ask every rule, `tuned` with its settings; give what stops, by the rule's name."""
    answer: dict[str, list[Finding]] = {}
    made = resources(samples)
    shared: dict[object, Any] = {}
    for rule in _about(frozenset(each.type for each in made)):
        outcomes = _asked(rule, made, (settings or {}) if rule is tuned else {}, shared)
        findings = [f for outcome in outcomes for f in outcome.findings if not f.advisory]
        if findings:
            answer[rule.name] = findings
    return answer


def changed(samples: Sequence[Sample], change: Change) -> list[Sample]:
    """Give the samples with one field of one of them changed."""
    name = change.of or samples[0].name
    assert name in {sample.name for sample in samples}
    return [_changed(s, change) if s.name == name else s for s in samples]


def unknown(change: Change) -> Change:
    """Give the change to a value that isn't known before the update (of a JSON text: as a whole)."""
    return replace(change, path=change.path.partition("!")[0], value=UNKNOWN)


def _changed(sample: Sample, change: Change) -> Sample:
    if change.path == "@protect":
        return replace(sample, protect=change.value)
    if change.path.startswith("@depends."):
        name = change.path.removeprefix("@depends.")
        return replace(sample, depends={**sample.depends, name: change.value})
    inputs = copy.deepcopy(dict(sample.inputs))
    outer, _, inner = change.path.partition("!")
    if inner:
        document = json.loads(_at(inputs, outer))
        _set(document, inner, change.value)
        _set(inputs, outer, json.dumps(document))
    else:
        _set(inputs, outer, change.value)
    return replace(sample, inputs=inputs)


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _set(top: Any, path: str, value: Any) -> None:
    around, _, last = path.rpartition(".")
    holder = _at(top, around) if around else top
    key: Any = int(last) if isinstance(holder, list) else last
    if value is not ABSENT:
        holder[key] = value
    else:
        del holder[key]
