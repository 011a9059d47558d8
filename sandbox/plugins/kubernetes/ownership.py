"""Who owns which field of an object, as server-side apply records it in `metadata.managedFields`."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.plugins.kind import Values

_PREFIX = "pulumi-kubernetes-"
# Whose fields are taken over without asking, as the official plugin does: people's, by hand.
_PEOPLE = ("kubectl", "before-first-apply")


def new_manager() -> str:
    """Name the field manager of one object, as the official plugin does: its own, so that no two share one."""
    return _PREFIX + secrets.token_hex(4)


def taken_over(live: Values, manager: str) -> list[Values] | None:
    """Give `managedFields` in which people's fields are `manager`'s; None if there are none to take."""
    entries = _entries(live)
    taken = [
        each
        for each in entries
        if str(each.get("manager", "")).startswith(_PEOPLE) and not each.get("subresource")
    ]
    if not taken:
        return None
    own = [e for e in entries if e.get("manager") == manager and e.get("operation") == "Apply"]
    fields: Mapping[str, Any] = {}
    for each in [*own, *taken]:
        fields = _united(fields, each.get("fieldsV1") or {})
    merged = {**taken[-1], "manager": manager, "operation": "Apply", "fieldsV1": fields}
    return [merged, *(each for each in entries if each not in taken and each not in own)]


def _entries(live: Values) -> Sequence[Values]:
    return (live.get("metadata") or {}).get("managedFields") or ()


def _united(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Unite two field sets, as FieldsV1 nests them."""
    return {**one, **{name: _united(one.get(name) or {}, inner) for name, inner in other.items()}}
