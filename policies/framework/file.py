"""A YAML file that people keep beside the rules: what it holds, and on which line.

Every mistake is said at once, with its line, in the words of who writes the file.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

Where = tuple[str | int, ...]
"""Keys and places in lists, from the top."""


@dataclass(frozen=True, kw_only=True)
class File:
    """What a file holds under its one key."""

    name: str
    """As people know it: `policies/exceptions.yaml`."""
    value: Any
    """None where there is nothing to read."""
    mistakes: tuple[str, ...] = ()
    """What is wrong with the file as a whole."""
    lines: Mapping[Where, int]
    twice: Mapping[Where, int]
    """Keys that stand more than once, and where they do again."""

    def line(self, where: Where) -> int:
        """Give the line of a part, or of what it would stand in."""
        return next(
            (self.lines[where[:n]] for n in range(len(where), -1, -1) if where[:n] in self.lines), 1
        )

    def mistake(self, where: Where, wrong: str) -> str:
        """Say what is wrong with a part."""
        return f"{self.name}:{self.line(where)}: {wrong}"

    def repeated(self, *where: str | int) -> list[str]:
        """Say what stands more than once in a part."""
        return [
            f"{self.name}:{line}: {path[-1]} stands here again"
            for path, line in self.twice.items()
            if path[: len(where)] == where
        ]


def read(path: Path, name: str, key: str, loader: type[Any]) -> File:
    """Read what a file holds under `key`, its only one, by a loader of PyYAML's. Never raises.

    A file that isn't there holds nothing.
    """

    def nothing(*mistakes: str) -> File:
        return File(name=name, value=None, mistakes=mistakes, lines={}, twice={})

    if not path.exists():
        return nothing()
    try:
        text = path.read_text(encoding="utf-8")
        # First as text, which refuses what contains itself.
        yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  it makes nothing but text
        value = yaml.load(text, Loader=loader)  # noqa: S506  one of PyYAML's safe ones
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        return nothing(f"{name}{line}: isn't readable YAML")
    except (OSError, ValueError) as error:
        return nothing(f"{name}: can't be read ({type(error).__name__})")
    if not isinstance(value, dict):
        return nothing(f"{name}:1: must begin with `{key}:`")
    file = File(
        name=name,
        value=value.get(key),
        lines=dict(_lines(node, ())),
        twice=dict(_twice(node, ())),
    )
    wrong = [
        f"{name}:{line}: {where[0]} stands here again"
        for where, line in file.twice.items()
        if len(where) == 1
    ]
    wrong += [
        file.mistake((each,), f"{each} is unknown; write {key}") for each in value.keys() - {key}
    ]
    return replace(file, mistakes=tuple(sorted(wrong, key=line_of)))


def line_of(mistake: str) -> int:
    """Give the line that a mistake names."""
    number = mistake.split(":")[1]
    return int(number) if number.isdecimal() else 0


def nearest(name: str, known: Collection[str]) -> str | None:
    """Give the known name that was probably meant."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1)), None)


def no_rule(name: str, known: Collection[str]) -> str:
    """Say that there is no rule of this name."""
    meant = nearest(name, known)
    return f"there is no rule {name}; " + (
        f"write {meant}" if meant else "docs/policies.md lists them"
    )


def _lines(node: Any, path: Where) -> Iterator[tuple[Where, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from list(_lines(value, (*path, key.value)))[1:]
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _lines(value, (*path, number))


def _twice(node: Any, path: Where) -> Iterator[tuple[Where, int]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield (*path, key.value), key.start_mark.line + 1
            seen.add(key.value)
            yield from _twice(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _twice(value, (*path, number))
