"""The stack's configuration for this machine: what people wrote in Pulumi.<stack>.yaml, filled in."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sandbox.layout import Layout, write_private
from sandbox.problem import ProblemError

Document = dict[str, Any]


def common(layout: Layout, emulator_port: int) -> Document:
    """What only this machine knows and every kind of environment needs, in the shape of the stack's `config`."""
    return {
        "strongroom:cloud": {"endpoint": f"http://127.0.0.1:{emulator_port}"},
        "strongroom:custody": {"directory": str(layout.custody)},
        "strongroom:account": {"passwordFile": str(layout.passwords / "account")},
    }


def write(layout: Layout, *filled_in: Document) -> list[str]:
    """Write the stack's settings file with what is filled in; give the keys that were set there by hand and are kept.

    A later document wins over an earlier one, and what stands in the tracked file over all of them. What somebody
    set with `pulumi config set` in a sourced shell lies only in the written file: it differs from what was
    generated last, and is kept.

    Raises:
        ProblemError: if the tracked file is no YAML mapping.

    """
    tracked = _read(layout.tracked_settings)
    generated: Document = {}
    for document in (*filled_in, tracked.get("config") or {}):
        generated = _merged(generated, document)
    last_file = layout.root / "generated.json"
    last: Document = json.loads(last_file.read_text()) if last_file.exists() else {}
    present = _read(layout.settings) if layout.settings.exists() else {}
    own = {
        key: value
        for key, value in (present.get("config") or {}).items()
        if not _same(value, last.get(key)) and not _same(value, generated.get(key))
    }
    # `encryptionsalt` and its kin: without it no secret of the stack could be read again.
    rest = {key: value for key, value in present.items() if key != "config"}
    text = yaml.safe_dump({**rest, "config": {**generated, **own}}, sort_keys=False)
    write_private(layout.settings, text)
    write_private(last_file, json.dumps(generated))
    return sorted(key for key in own if not _is_secret(own[key]))


def secrets_present(layout: Layout) -> set[str]:
    """The keys of namespace strongroom that hold an encrypted value."""
    config = (_read(layout.settings) if layout.settings.exists() else {}).get("config") or {}
    return {key.removeprefix("strongroom:") for key, value in config.items() if _is_secret(value)}


def drop_secrets(layout: Layout, keys: Iterable[str]) -> None:
    """Take stack secrets out that nothing refers to any more."""
    document = _read(layout.settings)
    for key in keys:
        document["config"].pop(f"strongroom:{key}")
    write_private(layout.settings, yaml.safe_dump(document, sort_keys=False))


def _same(one: object, other: object) -> bool:
    # `pulumi config set` of any key writes a bare false as "false".
    return one == other or (isinstance(other, bool) and str(one).lower() == str(other).lower())


def _is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secure"}


def _read(path: Path) -> Document:
    try:
        document = yaml.safe_load(path.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        reason = getattr(error, "problem", None) or getattr(error, "strerror", None) or "unreadable"
        mark = getattr(error, "problem_mark", None)
        place = f"{path.name}:{mark.line + 1}" if mark else path.name
        raise ProblemError(f"{place}: {reason}", "write it as YAML") from None
    if not isinstance(document, dict):
        raise ProblemError(f"{path.name} is no mapping", "begin it with `config:`")
    return document


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> Document:
    merged = dict(under)
    for key, value in over.items():
        inner = merged.get(key)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(inner, value) if both else value  # type: ignore[arg-type]
    return merged
