"""One part of a stack's settings, read by itself: mistakes elsewhere in the file are `ops check`'s concern."""

import json
from typing import Any

from ops.stack import StackError
from settings.stack import Stack


def part_of(stack: Stack, name: str) -> dict[str, Any]:
    """Give what `strongroom:<name>` says; nothing said is an empty one.

    Raises:
        StackError: if it is no mapping.

    """
    try:
        value = json.loads(stack.values.get(name) or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise wrong_part(stack, name)
    return value


def wrong_part(stack: Stack, what: str) -> StackError:
    """Say that this part can't be understood, and what tells why."""
    return StackError(
        f"strongroom:{what} in {stack.document.file} is wrong; `python -m ops check --stack {stack.name}` says how"
    )
