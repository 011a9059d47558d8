"""Objects as a program declares them and as the server gives them back: what of the latter is whose.

The server fills in defaults and writes a status. So what it gives back is cut down to the shape of the
inputs that made it, as the official plugin does, before it is held against new inputs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

from sandbox.plugins.kind import Difference, Values
from sandbox.plugins.values import holds_unknown

Path = tuple[str | int, ...]

# Lists that Kubernetes keeps as a set by one field: what others added beside ours is not ours to remove.
_KEYED = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "imagePullSecrets": "name",
    "secrets": "name",
}
_AMOUNTS = frozenset({"requests", "limits", "sizeLimit", "hard", "capacity", "divisor"})
_UNITS = {
    "": Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}  # fmt: skip
# What the server writes into metadata and no program may.
_SERVERS = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
    "resourceVersion", "selfLink", "uid",
)  # fmt: skip
_SERVERS_ANNOTATIONS = (
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def without_system_fields(live: Values) -> dict[str, Any]:
    """Give what of an object a program could have declared: what an import finds."""
    metadata = {n: v for n, v in (live.get("metadata") or {}).items() if n not in _SERVERS}
    annotations = {
        name: text
        for name, text in (metadata.pop("annotations", None) or {}).items()
        if name not in _SERVERS_ANNOTATIONS
    }
    if annotations:
        metadata["annotations"] = annotations
    declared = {name: value for name, value in live.items() if name != "status"}
    return {**declared, "metadata": metadata}


def pruned(live: Any, last: Any, field: str = "") -> Any:
    """Cut `live` down to the shape of `last`, the inputs that made it."""
    if isinstance(live, Mapping) and isinstance(last, Mapping):
        return {
            name: pruned(live[name], value, name) if name in live else value
            for name, value in last.items()
            # What was declared empty is the same when it is absent.
            if name in live or _is_empty(value)
        }
    if isinstance(live, Sequence) and isinstance(last, Sequence) and not isinstance(live, str):
        key = _key(field, last)
        if key:
            found = {each.get(key): each for each in live}
            return [pruned(found[each[key]], each) for each in last if each[key] in found]
        both = min(len(live), len(last))
        pairs = zip(live[:both], last[:both], strict=True)
        return [pruned(each, shape) for each, shape in pairs] + list(live[both:])
    return live


def difference(old: Any, new: Any, replacing: Sequence[str], *, gone: bool = True) -> Difference:
    """Hold new inputs against old ones. What lies at or below a path in `replacing` replaces.

    `gone` tells whether what is no longer declared is a difference.
    """
    replaces, added, removed = {}, set(), set()
    for path, was, now in _unlike(old, new):
        if now is None and not gone:
            continue
        text = _text(path)
        names = ".".join(str(part) for part in path)
        replaces[text] = any(names == each or names.startswith(f"{each}.") for each in replacing)
        if now is None:
            removed.add(text)
        elif was is None:
            added.add(text)
    return Difference(replaces=replaces, added=frozenset(added), removed=frozenset(removed))


def overlaid(base: Any, over: Any) -> Any:
    """Lay one object over another."""
    if not (isinstance(base, Mapping) and isinstance(over, Mapping)):
        return over
    return {**base, **{n: overlaid(base[n], v) if n in base else v for n, v in over.items()}}


def _unlike(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    if _is_map(old) and _is_map(new) and (old or new):
        before, after = old or {}, new or {}
        for name in dict.fromkeys([*before, *after]):
            yield from _unlike(before.get(name), after.get(name), (*path, name))
        return
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        yield from _unlike_lists(old, new, path)
        return
    if holds_unknown(new) or not _same(old, new, path):
        yield path, old, new


def _unlike_lists(
    old: Sequence[Any], new: Sequence[Any], path: Path
) -> Iterator[tuple[Path, Any, Any]]:
    key = _key(str(path[-1]) if path else "", [*old, *new])
    if key:
        before = {each[key]: each for each in old}
        after = {each[key]: each for each in new}
        pairs = [(before.get(name), now) for name, now in after.items()]
        pairs += [(was, None) for name, was in before.items() if name not in after]
    else:
        pairs = list(zip_longest(old, new))
    for index, (was, now) in enumerate(pairs):
        # A whole item more or less is one difference.
        if was is None or now is None:
            yield (*path, index), was, now
        else:
            yield from _unlike(was, now, (*path, index))


def _is_map(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)


def _is_empty(value: Any) -> bool:
    return value in ("", 0, None) or (isinstance(value, Mapping | list | tuple) and not value)


def _key(field: str, items: Sequence[Any]) -> str:
    """Give the field by which the list is a set; empty if it isn't one."""
    key = _KEYED.get(field, "")
    return key if all(isinstance(each, Mapping) and key in each for each in items) else ""


def _same(old: Any, new: Any, path: Path) -> bool:
    if bool(old == new) and isinstance(old, bool) == isinstance(new, bool):
        return True
    if not _AMOUNTS.intersection(str(part) for part in path):
        return False
    amounts = (_amount(old), _amount(new))
    return amounts[0] is not None and amounts[0] == amounts[1]


def _amount(value: Any) -> Decimal | None:
    """Give a quantity's size: `500m` is a half, `1Gi` is 1024 `Mi`."""
    found = re.fullmatch(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkMGTPE]?i?)", str(value))
    try:
        return Decimal(found[1]) * _UNITS[found[2]] if found else None
    except (InvalidOperation, KeyError):
        return None


def _text(path: Path) -> str:
    """Write a path as Pulumi does: `spec.containers[0].args`, `metadata.labels["a.b/c"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z_$][\w$]*", part):
            text += f".{part}" if text else part
        else:
            text += '["' + part.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return text
