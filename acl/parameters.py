"""Whether a request's parameters suit what an acl says of them.

Source: AllowOperation in acl.go of both servers.
"""

from collections.abc import Mapping
from typing import Any

from acl.stanza import Parameter, Parameters


def refusal(
    request: Mapping[str, Any],
    *,
    required: tuple[str, ...],
    denied: Parameters,
    allowed: Parameters,
) -> str | None:
    """Say why the server refuses a request with these parameters (as JSON was read); None if it doesn't."""
    for name in required:
        if name.lower() not in request:
            return f"required parameter {name} is missing"
    if request and "*" in denied:
        return "every parameter is denied"
    for name, value in request.items():
        why = _denied(name, value, denied) or _not_allowed(name, value, allowed)
        if why is not None:
            return why
    return None


def _denied(name: str, value: object, denied: Parameters) -> str | None:
    values = denied.get(name.lower())
    if values is None or not _among(value, values):
        return None
    return f"parameter {name} is denied" + (" with this value" if values else "")


def _not_allowed(name: str, value: object, allowed: Parameters) -> str | None:
    if not allowed or set(allowed) == {"*"}:
        return None
    values = allowed.get(name.lower())
    if values is None:
        return None if "*" in allowed else f"parameter {name} is not among those allowed"
    return None if _among(value, values) else f"parameter {name} is not allowed with this value"


def _among(value: object, values: tuple[Parameter, ...]) -> bool:
    # None is every value.
    return not values or any(_same(value, each) for each in values)


def _same(value: object, said: Parameter) -> bool:
    if isinstance(said, str):
        return isinstance(value, str) and _globbed(said, value)
    return _equal(value, said)


def _equal(value: object, said: Parameter) -> bool:
    if isinstance(said, tuple):
        return (
            isinstance(value, list)
            and len(value) == len(said)
            and all(_equal(one, other) for one, other in zip(value, said, strict=True))
        )
    if isinstance(said, bool):
        return value is said
    # A number in an acl equals none in a request: to the server those are texts of another type.
    return isinstance(said, str) and value == said


def _globbed(pattern: str, text: str) -> bool:
    if len(pattern) < len("*x"):
        return pattern == text
    if pattern.startswith("*") and pattern.endswith("*"):
        return pattern[1:-1] in text
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return pattern == text
