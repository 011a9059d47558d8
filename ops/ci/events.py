"""Reads what Pulumi's engine says of a run: one JSON object a line.

`pulumi preview --json` of engine 3.250 panics on a secret within a new resource; the log of events, which the
automation API reads, holds the same and more. Of secrets the engine writes none into it. The SDK's own reader
(pulumi.automation.events) leaves out remediations and refuses operations that it does not know.
Source: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class State:
    """A resource before or after a step."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation on one resource."""

    planned: bool
    """Whether it is going to be done; otherwise this is what came of it."""
    operation: str
    urn: str
    type: str
    old: State | None
    new: State | None
    properties: Mapping[str, bool]
    """Paths that differ, as the provider names them: `spec.rules[0]["a.b"]` -> whether inputs differ, not outputs."""
    differing: tuple[str, ...]
    """Properties that differ, for providers that name no paths."""
    replacing: tuple[str, ...]
    """Properties for whose sake the resource is replaced."""

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.urn.split("::", 3)[-1]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """What a policy says of a resource."""

    policy: str
    level: str
    """mandatory, advisory, ..."""
    urn: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Remediation:
    """What a policy changed by itself. Values are left out: the engine does not say which were secret."""

    policy: str
    urn: str
    properties: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """An error that the engine, a provider or the program wrote."""

    urn: str
    message: str


@dataclass(frozen=True, kw_only=True)
class End:
    """The engine's last word."""

    succeeded: bool | None
    """None where it says neither: engines before 3.2xx."""
    packs: tuple[str, ...]
    """Policy packs that were asked."""


Event = Step | Violation | Remediation | Complaint | End


def read(file: Path) -> Iterator[Event]:
    """Give, in their order, the events that say something of interest.

    Of an engine that was killed the last line is cut off, and left out.

    Raises:
        ValueError: for another line that is no JSON object.

    """
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield from _event(json.loads(line))


def _event(said: Mapping[str, Any]) -> Iterator[Event]:
    if (step := said.get("resourcePreEvent")) is not None:
        yield _step(step["metadata"], planned=True)
    elif (step := said.get("resOutputsEvent")) is not None:
        yield _step(step["metadata"], planned=False)
    elif (found := said.get("policyEvent")) is not None:
        yield Violation(
            policy=found.get("policyName", ""),
            level=found.get("enforcementLevel", ""),
            urn=found.get("resourceUrn") or "",
            message=found.get("message", ""),
        )
    elif (found := said.get("policyRemediationEvent")) is not None:
        before, after = found.get("before") or {}, found.get("after") or {}
        yield Remediation(
            policy=found.get("policyName", ""),
            urn=found.get("resourceUrn") or "",
            properties=tuple(
                sorted(
                    key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
                )
            ),
        )
    elif (found := said.get("diagnosticEvent")) is not None:
        if found.get("severity") == "error":
            yield Complaint(urn=found.get("urn") or "", message=found.get("message", ""))
    elif (found := said.get("summaryEvent")) is not None:
        result = found.get("result")
        yield End(
            succeeded=None if not result else result == "succeeded",
            packs=tuple(sorted(found.get("PolicyPacks") or {})),
        )


def _step(said: Mapping[str, Any], *, planned: bool) -> Step:
    return Step(
        planned=planned,
        operation=said["op"],
        urn=said["urn"],
        type=said["type"],
        old=_state(said.get("old")),
        new=_state(said.get("new")),
        properties={
            path: bool(each.get("inputDiff"))
            for path, each in (said.get("detailedDiff") or {}).items()
        },
        differing=tuple(said.get("diffs") or ()),
        replacing=tuple(said.get("keys") or ()),
    )


def _state(said: Mapping[str, Any] | None) -> State | None:
    if said is None:
        return None
    return State(inputs=said.get("inputs") or {}, outputs=said.get("outputs") or {})
