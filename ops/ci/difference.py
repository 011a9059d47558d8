"""What differs between a resource as it is and as it will be, as lines of text without secrets."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ops.ci.blinded import SECRET, is_secret, shown
from ops.ci.events import State, Step

_LINES = 200
"""Of one value that are compared; what is beyond it is counted."""
_WIDTH = 300
_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[]+)')
_ABSENT = object()
_HIDDEN_TYPES = frozenset({"kubernetes:core/v1:Secret"})
"""Whatever they hold is a secret, whoever forgot to say so."""


def difference(step: Step) -> str:
    """Give the lines: `+ name: new`, `- name: old`, `! name: old -> new`, or the lines of a longer value."""
    return "\n".join(line for path in _paths(step) for line in _property(step, path))


def _paths(step: Step) -> list[str]:
    if step.old is None or step.new is None:
        # What is deleted is gone with all that it had.
        return _named(step.new.inputs) if step.new is not None else []
    if said := sorted(step.properties) or sorted(step.differing) or sorted(step.replacing):
        return said
    # A provider that only says that something differs.
    before, after = step.old.inputs, step.new.inputs
    names = _named({**before, **after})
    return [name for name in names if before.get(name, _ABSENT) != after.get(name, _ABSENT)]


def _named(properties: Mapping[str, Any]) -> list[str]:
    # `__defaults`, `__provider`: the engine's and the SDK's own.
    return sorted(name for name in properties if not name.startswith("__"))


def _property(step: Step, path: str) -> Iterator[str]:
    name = path.rsplit(".", 1)[-1].split("[", maxsplit=1)[0]
    outputs = path in step.properties and not step.properties[path]
    old, new = _value(step.old, path, outputs=outputs), _value(step.new, path, outputs=False)
    if new is _ABSENT and step.operation == "refresh":
        new = _value(step.new, path, outputs=True)
    if step.type in _HIDDEN_TYPES and name in ("data", "stringData"):
        old, new = (each if each is _ABSENT else SECRET for each in (old, new))
    # Where either is secret, the other was or will be.
    if is_secret(old) or is_secret(new):
        old, new = (each if each is _ABSENT else SECRET for each in (old, new))
    if old is _ABSENT and new is _ABSENT:
        yield f"! {path}"
    elif old is _ABSENT:
        yield from _one("+", path, shown(new, name))
    elif new is _ABSENT:
        yield from _one("-", path, shown(old, name))
    else:
        yield from _both(path, shown(old, name), shown(new, name))


def _one(sign: str, path: str, value: str) -> Iterator[str]:
    lines, more = _lines(value)
    if len(lines) == 1:
        yield f"{sign} {path}: {lines[0]}"
        return
    yield f"{sign} {path}:"
    yield from (f"{sign}     {line}".rstrip() for line in lines)
    if more:
        yield f"      ... {more} more lines"


def _both(path: str, old: str, new: str) -> Iterator[str]:
    if old == new:
        # A secret, or what it looks like: that it changes is all that is said.
        yield f"! {path}: {old} (changed)" if "\n" not in old else f"! {path} (changed)"
        return
    (before, lost), (after, gained) = _lines(old), _lines(new)
    if len(before) == len(after) == 1:
        yield f"! {path}: {before[0]} -> {after[0]}"
        return
    yield f"! {path}:"
    compared = difflib.unified_diff(before, after, lineterm="", n=2)
    yield from (
        f"{line[:1]}     {line[1:]}".rstrip() for line in list(compared)[2:] if line[:2] != "@@"
    )
    if lost or gained:
        yield f"      ... {lost} more lines before, {gained} after"


def _lines(value: str) -> tuple[list[str], int]:
    lines = value.splitlines() or [""]
    kept = [line if len(line) <= _WIDTH else f"{line[:_WIDTH]}..." for line in lines[:_LINES]]
    return kept, len(lines) - len(kept)


def _value(state: State | None, path: str, *, outputs: bool) -> Any:
    if state is None:
        return _ABSENT
    value: Any = state.outputs if outputs else state.inputs
    for quoted, index, name in _PART.findall(path):
        if is_secret(value) and not isinstance(value, list) and "ciphertext" in value:
            return value  # all of it is
        try:
            value = value[int(index)] if index else _entry(value, quoted or name)
        except (IndexError, KeyError, TypeError):
            return _ABSENT
    return value


def _entry(value: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        raise KeyError(name)
    return value[name.replace('\\"', '"')]
