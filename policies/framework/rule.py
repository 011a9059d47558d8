"""A rule: a pure check with a name, a reason, a cure and a severity. See policies/rules/__init__.py."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, get_type_hints

from pulumi_policy import Severity
from pydantic import TypeAdapter

from policies.framework.properties import UnknownError
from policies.framework.resource import Finding, Resource, Stack

Findings = Iterable[str | Finding]
"""What a check yields: a sentence about the resource it was given, or a `Finding` about any."""

Remedy = Callable[[Resource], Mapping[str, Any]]
"""Gives the inputs (camelCase, top level) to set where the rule doesn't hold."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a rule said."""

    findings: tuple[Finding, ...]
    unknown: tuple[UnknownError, ...]
    """What it needed and did not get: it decides at the update."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. Made by `rule` and `stack_rule`."""

    name: str
    title: str
    """What must hold, in one line."""
    reason: str
    """Why."""
    cure: str
    """What to do where it doesn't hold."""
    severity: Severity
    types: tuple[str, ...]
    """Type tokens that it looks at; `*` stands for any text."""
    check: Callable[..., Findings]
    whole_stack: bool
    settings: Mapping[str, Mapping[str, Any]]
    """What a team may tune: name -> JSON Schema with its default."""
    remedy: Remedy | None = None

    def concerns(self, type_: str) -> bool:
        """Whether it looks at resources of this type."""
        return _among(self.types, type_)

    def on(self, subject: Resource | Stack, **settings: Any) -> Outcome:
        """Ask the rule. Never raises: what it can't read is a finding, and never passed over."""
        findings: list[Finding] = []
        resources = subject.resources if isinstance(subject, Stack) else (subject,)
        owner = None if isinstance(subject, Stack) else subject
        for each in (subject, *resources):
            each.unknown.clear()
        try:
            for said in self.check(subject, **settings):
                finding = said if isinstance(said, Finding) else Finding(message=said)
                findings.append(finding if finding.resource else replace(finding, resource=owner))
        except UnknownError as error:
            subject.unknown.append(error)
        except Exception as error:  # noqa: BLE001  whatever a rule stumbles over, it has not passed
            # Its text may hold a value, and that may be secret.
            message = f"can't be read by this rule ({type(error).__name__} {_place(error)})"
            findings.append(Finding(message=message, resource=owner))
        unknown = [*subject.unknown]
        if isinstance(subject, Stack):
            unknown += [error for each in subject.resources for error in each.unknown]
        return Outcome(findings=tuple(findings), unknown=tuple(unknown))


def rule(
    *types: str, reason: str, cure: str, severity: Severity, remedy: Remedy | None = None
) -> Callable[[Callable[..., Findings]], Rule]:
    """Make a rule over each resource of these types from its check; see policies/rules/__init__.py."""

    def made(check: Callable[..., Findings]) -> Rule:
        return _rule(check, types, reason, cure, severity, remedy=remedy, whole_stack=False)

    return made


def stack_rule(
    *types: str, reason: str, cure: str, severity: Severity
) -> Callable[[Callable[..., Findings]], Rule]:
    """Make a rule over all resources of these types together; see policies/rules/__init__.py."""

    def made(check: Callable[..., Findings]) -> Rule:
        return _rule(check, types, reason, cure, severity, remedy=None, whole_stack=True)

    return made


def _rule(
    check: Callable[..., Findings],
    types: tuple[str, ...],
    reason: str,
    cure: str,
    severity: Severity,
    *,
    remedy: Remedy | None,
    whole_stack: bool,
) -> Rule:
    if not types or not check.__doc__:
        raise TypeError(f"{check.__name__} needs a type and a docstring of one line")
    return Rule(
        name=check.__name__.replace("_", "-"),
        title=check.__doc__.strip(),
        reason=reason,
        cure=cure,
        severity=severity,
        types=types,
        check=check,
        whole_stack=whole_stack,
        settings=_settings(check),
        remedy=remedy,
    )


def _settings(check: Callable[..., Findings]) -> Mapping[str, Mapping[str, Any]]:
    """Read what may be tuned from the check's keyword-only parameters."""
    hints = get_type_hints(check, include_extras=True)
    found: dict[str, Mapping[str, Any]] = {}
    for name, parameter in inspect.signature(check).parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        default = parameter.default
        plain = list(default) if isinstance(default, tuple) else default
        found[name] = {**TypeAdapter(hints[name]).json_schema(), "default": plain}
    return found


@cache
def _among(patterns: tuple[str, ...], type_: str) -> bool:
    return any(fnmatchcase(type_, pattern) for pattern in patterns)


def _place(error: Exception) -> str:
    frame = inspect.getinnerframes(error.__traceback__)[-1] if error.__traceback__ else None
    return f"at {frame.filename.rpartition('/')[2]}:{frame.lineno}" if frame else ""
