"""policies/tuning.yaml: settings and levels of rules, for every way of running them.

The engine passes over settings that a rule doesn't have, and says of a wrong value no line. So all is checked here:
what is wrong with a rule leaves that rule as it is without the file, and stops the run.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

import yaml
from pulumi_policy import EnforcementLevel, Severity
from pydantic import TypeAdapter, ValidationError

from policies.framework import file as files
from policies.framework.resource import Finding, Stack
from policies.framework.rule import Findings, Rule, stack_rule

FILE = "policies/tuning.yaml"
_FIXED = ("exceptions-hold", "tuning-holds")
_LEVEL = "level"
_LEVELS = {level.value: level for level in EnforcementLevel}


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What the file says."""

    config: dict[str, EnforcementLevel | dict[str, Any]] = field(default_factory=dict)
    """`PolicyPack`'s `initial_config`: rule -> settings, always with `enforcementLevel`."""
    disabled: tuple[tuple[int, str], ...] = ()
    """Line and name of rules that aren't asked."""
    mistakes: tuple[str, ...] = ()
    """`policies/tuning.yaml:3: ...`"""

    def rule(self) -> Rule:
        """Make the rule over this file."""

        @stack_rule(
            "*",
            reason="a rule that isn't tuned as somebody wrote asks for more or less than they think",
            cure=f"correct {FILE}",
            severity=Severity.HIGH,
        )
        def tuning_holds(_stack: Stack) -> Findings:
            """What tunes the rules can be read."""
            for mistake in self.mistakes:
                yield Finding(message=mistake)
            for line, name in self.disabled:
                yield Finding(message=f"{FILE}:{line}: {name} is disabled", advisory=True)

        return tuning_holds


def read(path: Path, rules: Iterable[Rule]) -> Tuning:
    """Read the file; a file that isn't there tunes nothing. Never raises: see `mistakes`."""
    known = {rule.name: rule for rule in rules}
    file = files.read(path, FILE, "rules", yaml.SafeLoader)
    mistakes = list(file.mistakes)
    if not isinstance(file.value, dict):
        if file.value is not None or ("rules",) in file.lines:
            wrong = (
                "rules must name rules and their settings, such as key-rotates: {level: advisory}"
            )
            mistakes.append(file.mistake(("rules",), wrong))
        return Tuning(mistakes=tuple(mistakes))
    config: dict[str, EnforcementLevel | dict[str, Any]] = {}
    disabled = []
    for name, given in file.value.items():
        where: files.Where = ("rules", str(name))
        wrongs = file.repeated(*where)
        if name in _FIXED:
            wrongs.append(file.mistake(where, f"{name} can't be tuned in a file that it looks at"))
        elif name not in known:
            wrongs.append(file.mistake(where, files.no_rule(str(name), known)))
        elif not isinstance(given, dict) or not given:
            wrong = f"{name} must have settings, such as {{level: advisory}}"
            wrongs.append(file.mistake(where, wrong))
        else:
            wrongs += [
                file.mistake((*where, key), said) for key, said in _wrong(known[name], given)
            ]
        mistakes += wrongs
        if wrongs:
            continue
        level = _LEVELS[given.get(_LEVEL, "mandatory")]
        settings = {key: value for key, value in given.items() if key != _LEVEL}
        # Without a level, the engine would make it advisory.
        config[name] = {"enforcementLevel": level, **settings}
        if level is EnforcementLevel.DISABLED:
            disabled.append((file.line(where), name))
    return Tuning(
        config=config,
        disabled=tuple(disabled),
        mistakes=tuple(sorted(mistakes, key=files.line_of)),
    )


def unknown_setting(rule: Rule, name: str, *also: str) -> str:
    """Say that the rule has no such setting, and which it has."""
    known = [*rule.settings, *also]
    meant = files.nearest(name, known)
    has = f"write {meant}" if meant else f"it has {', '.join(known) or 'none'}"
    return f"{rule.name} has no setting {name}; {has}"


def _wrong(rule: Rule, given: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    levels = [level for level in _LEVELS if level != "remediate" or rule.remedy]
    hints = get_type_hints(rule.check, include_extras=True)
    for key, value in given.items():
        name = str(key)
        if key == _LEVEL:
            if value == "remediate" and not rule.remedy:
                yield name, f"{rule.name} puts nothing right; write level: {_or(levels)}"
            elif value not in levels:
                yield name, f"level of {rule.name} must be {_or(levels)}"
        elif key not in rule.settings:
            yield name, unknown_setting(rule, name, _LEVEL)
        else:
            try:
                TypeAdapter(hints[name]).validate_json(json.dumps(value), strict=True)
            except ValidationError as error:
                said = str(error.errors()[0]["msg"])
                yield name, f"{name} of {rule.name}: {said[:1].lower()}{said[1:]}"
            except (TypeError, ValueError):
                # A date, or what else YAML knows and the engine doesn't.
                yield name, f"{name} of {rule.name} must be a number, text, or a list of them"


def _or(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"
