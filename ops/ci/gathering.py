"""Makes a report of what the engine said."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ops.ci import blinded
from ops.ci.difference import difference
from ops.ci.events import Complaint, End, Event, Remediation, Step, Violation
from ops.ci.report import OPERATIONS, REMEDIATED, Change, Finding, Outcome, Report

_AFTERTHOUGHT = "preview failed"
"""What the engine adds to every error."""


def gathered(stack: str, events: Iterable[Event], *, succeeded: bool) -> Report:
    """Give the report; `succeeded` is what the engine's exit code says."""
    found = _Gathered()
    for event in events:
        found.add(event)
    changes = tuple(sorted(found.changes.values(), key=_order))
    if succeeded:
        outcome = Outcome.CHANGES if changes else Outcome.NOTHING
    else:
        stopped = any(each.stops for each in found.findings)
        outcome = Outcome.STOPPED if stopped else Outcome.FAILED
    return Report(
        stack=stack,
        outcome=outcome,
        changes=changes,
        # The engine asks in whatever order resources come; a comment that is written anew should not flicker.
        findings=tuple(sorted(found.findings, key=_place)),
        packs=found.packs,
        # One error is said by whatever it passes through.
        problems=tuple(dict.fromkeys(found.problems)),
    )


@dataclass(kw_only=True)
class _Gathered:
    changes: dict[str, Change] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)
    packs: tuple[str, ...] = ()

    def add(self, event: Event) -> None:
        match event:
            case Step():
                self._step(event)
            case Violation() | Remediation():
                self.findings.append(_finding(event))
            case Complaint():
                self.problems += _complaint(event)
            case End():
                self.packs = event.packs

    def _step(self, step: Step) -> None:
        known = self.changes.get(step.urn)
        if not step.planned:
            seen = step.new is None or step.properties or step.differing
            if step.operation == "refresh" and seen:
                self.outside.add(step.urn)
        elif step.operation == "create-replacement" and known is not None:
            # Why it is replaced is said of this part of it.
            self.changes[step.urn] = _with_reasons(known, step)
        elif change := _change(step, outside=step.urn in self.outside):
            self.changes[step.urn] = change


def _order(change: Change) -> tuple[int, str, str]:
    return OPERATIONS.index(change.operation), change.type, change.name


def _place(finding: Finding) -> tuple[str, str, str, str]:
    return finding.policy, finding.type, finding.name, finding.message


def _change(step: Step, *, outside: bool) -> Change | None:
    kind = short(step.type)
    # The engine's own, which no program declares and no list shows.
    unseen = step.type.startswith("pulumi:providers:") and step.name.startswith("default")
    if step.operation not in OPERATIONS or unseen:
        return None
    return Change(
        operation=step.operation,
        type=kind,
        name=step.name,
        difference=difference(step),
        replacing=step.replacing,
        outside=outside,
    )


def _with_reasons(change: Change, step: Step) -> Change:
    return replace(
        change,
        replacing=change.replacing or step.replacing,
        difference=change.difference or difference(step),
    )


def _finding(event: Violation | Remediation) -> Finding:
    kind, name = _resource(event.urn)
    if isinstance(event, Remediation):
        message = f"changed {', '.join(event.properties)}" if event.properties else "changed it"
        level = REMEDIATED
    else:
        message, level = blinded.text(event.message.strip()), event.level
    return Finding(policy=event.policy, level=level, type=kind, name=name, message=message)


def _complaint(event: Complaint) -> list[str]:
    said = blinded.text(event.message.strip())
    if not said or said == _AFTERTHOUGHT:
        return []
    kind, name = _resource(event.urn)
    return [f"{kind} {name}: {said}" if name and kind != "pulumi:Stack" else said]


def _resource(urn: str) -> tuple[str, str]:
    """`urn:pulumi:stack::project::parents$type::name`."""
    parts = urn.split("::", 3)
    if len(parts) < 4:  # noqa: PLR2004
        return "", ""
    return short(parts[2].rsplit("$", 1)[-1]), parts[3]


def short(token: str) -> str:
    """Give a type as people write it: `vault:Policy` for `vault:index/policy:Policy`, `aws:s3:Bucket` likewise."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    module = module.partition("/")[0]
    between = () if module in ("", "index", package) else (module,)
    return ":".join((package, *between, name))
