"""One sample for every line of the tables: what to declare, how to change it, how to tamper with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def nothing(_server: Any) -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One resource's life. `server` is a plain client of the real thing: hvac's, or a boto3 session."""

    inputs: Mapping[str, Any]
    unknown: frozenset[str]
    """What a preview of its creation can't know."""
    changed: Mapping[str, Any] = field(default_factory=dict)
    """Laid over `inputs` for an update in place; None takes a property away."""
    replacing: Mapping[str, Any]
    """Laid over `inputs` for a replacement."""
    needs: Callable[[Any], object] = nothing
    """Makes what must be there before. What it returns replaces placeholders like `<one>` in values."""
    drift: Callable[[Any], object] | None = None
    """Changes it behind Pulumi's back. None: the official plugin doesn't see that either."""
    drifted: frozenset[str] = frozenset()
    remove: Callable[[Any], object] | None = None
    """Deletes it behind Pulumi's back. None: the plugin's own delete serves."""
    imported_as: Mapping[str, Any] = field(default_factory=dict)
    """Laid over `inputs` for what an import can find: None for what the server doesn't tell."""


def over(inputs: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over inputs."""
    merged = {**inputs, **changes}
    return {name: value for name, value in merged.items() if value is not None}
