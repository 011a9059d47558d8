"""YAML with the line of every value.

Built from the parser's events and not by `yaml.load`: that knows no lines, takes the last of two equal keys in
silence, reads `no` as false and `1:30` as 90, and follows aliases that make a small file huge. The C parser is
ten times as fast, which matters with a thousand catalogue files; its own composer overruns the stack on deep nesting.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import yaml

from mistakes import Mistake

Path = tuple[str | int, ...]
"""Keys and indexes from the document's top: `("secrets", "mail")`."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEPTH = 32
"""Nothing of ours is nested deeper than eight."""
_TAGS = re.compile(r"tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One YAML file: its value, and where each part of it stands."""

    file: str
    """The name that messages show."""
    value: object
    """Plain dicts (text keys only), lists, text, numbers, booleans, None; None where nothing could be read."""
    lines: dict[Path, int]
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with the YAML itself."""
    readable: bool = True
    """False where no part of the value may be trusted."""

    def line(self, path: Path) -> int | None:
        """Give the line of `path`, or of the nearest thing around it; None if not even its first key is there."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def mistake(self, path: Path, wrong: str, cure: str) -> Mistake:
        """Make a mistake that stands at `path`."""
        return Mistake(file=self.file, line=self.line(path), wrong=wrong, cure=cure)


def read(path: FilePath, file: str) -> Document:
    """Read a YAML file that messages call `file`. Never raises: see `Document.mistakes`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return _unreadable(
            file, None, f"can't be read ({error.strerror})", "check its path and mode"
        )
    except UnicodeDecodeError:
        return _unreadable(file, None, "isn't UTF-8 text", "save it as UTF-8")
    return parse(text, file)


def parse(text: str, file: str) -> Document:
    """Read YAML from a string; otherwise like `read`."""
    try:
        return _Builder(file, yaml.parse(text, Loader=_LOADER)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # Where something is missing at the end, the mark stands behind the last line.
        line = min(mark.line + 1, len(text.splitlines()) or 1) if mark else None
        problem = one_line(error.problem or "no reason given")
        if "nesting depth" in problem:
            # PyYAML 6.0.4's libyaml has a bound of its own, before ours.
            return _unreadable(file, line, "is nested too deeply", "write it flat")
        return _unreadable(file, line, f"isn't readable YAML ({problem})", "correct it there")
    except yaml.YAMLError as error:
        # The reader's errors are about characters that YAML forbids; they carry an offset and no line.
        before = text.encode()[: getattr(error, "position", None) or 0]
        line = before.count(b"\n") + 1
        return _unreadable(file, line, "a character stands here that YAML forbids", "delete it")
    except _StopError as stop:
        return _unreadable(file, stop.line, stop.wrong, stop.cure)


def one_line(text: str) -> str:
    """Give text that can't break a line, nor a terminal, nor an encoding."""
    return text.encode("unicode_escape").decode("ascii").replace("\\\\", "\\")


def _unreadable(file: str, line: int | None, wrong: str, cure: str) -> Document:
    mistake = Mistake(file=file, line=line, wrong=wrong, cure=cure)
    return Document(file=file, value=None, lines={}, mistakes=(mistake,), readable=False)


class _StopError(Exception):
    """The rest of the file means nothing."""

    def __init__(self, event: yaml.Event, wrong: str, cure: str) -> None:
        self.line = _line(event)
        self.wrong = wrong
        self.cure = cure
        super().__init__(wrong)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Builder:
    """Makes values of events. Depth is bounded, so recursion is."""

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self._file = file
        self._events = events
        self._lines: dict[Path, int] = {}
        self._mistakes: list[Mistake] = []

    def document(self) -> Document:
        value: object = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _StopError(
                        event, "a second YAML document starts here", "delete the `---`"
                    )
                value = self._value(next(self._events), ())
        return Document(
            file=self._file, value=value, lines=self._lines, mistakes=tuple(self._mistakes)
        )

    def _value(self, event: yaml.Event, path: Path) -> object:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _StopError(event, "anchors and aliases aren't understood", "write the value out")
        tag = getattr(event, "tag", None)
        if tag not in (None, "!") and not _TAGS.fullmatch(str(tag)):
            raise _StopError(event, "this YAML tag isn't understood", "delete it")
        if len(path) > _DEPTH:
            raise _StopError(event, "is nested too deeply", "write it flat")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._mapping(path)

    def _list(self, path: Path) -> list[object]:
        values: list[object] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            at = (*path, len(values))
            self._lines[at] = _line(event)
            values.append(self._value(event, at))
        return values

    def _mapping(self, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event)
            at = (*path, key)
            first = self._lines.get(at)
            if first is not None:
                self._say(event, f"{show(at)} stands on line {first} already", "keep one of them")
                # The first one counts; the second one's own parts must not move its lines.
                kept, self._lines = self._lines, {}
                self._value(next(self._events), at)
                self._lines = kept
                continue
            self._lines[at] = _line(event)
            values[key] = self._value(next(self._events), at)
        return values

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _StopError(event, "a key is no plain text", "write a name before the colon")
        key = self._value(event, ())
        if isinstance(key, str):
            return key
        wrong = "a key is empty" if key is None else f"the key {event.value} is no text to YAML"
        self._say(event, one_line(wrong), "write it in quotes")
        return str(event.value)

    def _say(self, event: yaml.Event, wrong: str, cure: str) -> None:
        self._mistakes.append(Mistake(file=self._file, line=_line(event), wrong=wrong, cure=cure))


_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_:/-]*")
_SHOWN = 60


def show(path: Path) -> str:
    """Write a path as people do: `secrets.mail.password`, `server.ports[1]`, `secrets."../x".password`."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
            continue
        name = part if len(part) <= _SHOWN else part[:_SHOWN] + "..."
        quoted = name if _PLAIN.fullmatch(name) else f'"{one_line(name)}"'
        shown += f".{quoted}" if shown else quoted
    return shown


# YAML 1.2's core schema, which editors and (nearly) Pulumi's engine follow.
# Source: https://yaml.org/spec/1.2.2/#1032-tag-resolution
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOLEAN = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def _scalar(event: yaml.ScalarEvent) -> object:
    text = str(event.value)
    # In quotes, or tagged: then text, whatever it looks like.
    return _plain(text) if event.implicit[0] else text


def _plain(text: str) -> object:
    if _NULL.fullmatch(text):
        return None
    if boolean := _BOOLEAN.fullmatch(text):
        return boolean[1] is not None
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return math.nan if _NOT_FINITE.fullmatch(text) else text
