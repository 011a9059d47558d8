"""One sample for every line of the tables: what to declare, how to change it, how to tamper with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
    replaceable: bool = True
    """Whether what `replacing` names is there, so that the replacement can really be made."""
    needs: Callable[[Any], object] = nothing
    """Makes what must be there before. What it returns replaces placeholders like `<one>` in values."""
    drift: Callable[[Any], object] | None = None
    """Changes it behind Pulumi's back. None: the official plugin doesn't see that either."""
    drifted: frozenset[str] = frozenset()
    remove: Callable[[Any], object] | None = None
    """Deletes it behind Pulumi's back. None: the plugin's own delete serves."""
    imported_as: Mapping[str, Any] = field(default_factory=dict)
    """Laid over `inputs` for what an import can find: None for what the server doesn't tell."""

    def prepared(self, server: Any) -> "Sample":
        """Make what must be there, and fill in what only that tells."""
        values = self.needs(server)
        if not isinstance(values, dict):
            return self
        inputs, changed = (
            {name: values.get(value, value) for name, value in some.items()}
            for some in (self.inputs, self.changed)
        )
        return replace(self, inputs=inputs, changed=changed)


def over(inputs: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over inputs."""
    merged = {**inputs, **changes}
    return {name: value for name, value in merged.items() if value is not None}
