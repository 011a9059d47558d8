"""The API server's refusals in one line, without the values that it was given."""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from sandbox.plugins.kind import Values

_SHORTEST = 4
"""Shorter texts are no secrets, and blotting them out would leave nothing to read."""


def status_refusal(doing: str, place: str, status: int, body: Any, hidden: Values) -> str:
    """Say what was refused and why. No text out of `hidden` is in it, neither plain nor in base64."""
    try:
        answer = json.loads(body or "{}")
    except (ValueError, UnicodeDecodeError):
        answer = {}
    causes = (answer.get("details") or {}).get("causes") or []
    conflicts = [each for each in causes if each.get("reason") == "FieldManagerConflict"]
    if conflicts:
        owned = "; ".join(f"{c.get('field')}: {c.get('message')}" for c in conflicts)
        return _line(
            f"{place} has fields that are another's: {owned}; leave them out, or take them with the "
            'annotation pulumi.com/patchForce: "true"'
        )
    if hidden and causes:
        # The server likes to quote what it refuses.
        why = "; ".join(f"{each.get('field')}: {each.get('reason')}" for each in causes)
    else:
        why = without(str(answer.get("message") or "it gives no reason"), hidden)
    return _line(f"the Kubernetes API server refuses to {doing} {place} ({status}): {why}")


def without(text: str, hidden: Any) -> str:
    """Blot out of a text every text in `hidden`, however it is capitalised: templates like to change that."""
    for each in sorted(set(_texts(hidden)), key=len, reverse=True):
        text = re.sub(re.escape(each), "[secret]", text, flags=re.IGNORECASE)
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        lines = [value, *value.splitlines(), base64.b64encode(value.encode()).decode()]
        with suppress(binascii.Error, ValueError):
            lines.append(base64.b64decode(value, validate=True).decode())
        yield from (each for each in lines if len(each) >= _SHORTEST)


def _line(text: str) -> str:
    return " ".join(text.split())


def unquoted(text: str) -> str:
    """Leave out values that are quoted as invalid."""
    return re.sub(r"(Invalid value: )(\"(?:[^\"\\]|\\.)*\"|\S+)", r"\1[left out]", text)
