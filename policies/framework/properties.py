"""A resource's properties as the engine sends them: read lazily, secrets opened, unknown values raised.

Nothing is copied: a rule pays for what it reads. Whether a value was secret is asked by its path.
Source: Pulumi's `PropertyValue` encoding (sdk/go/common/resource/plugin/rpc.go).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import proxy

Path = tuple[str | int, ...]
"""Keys and indexes from the top: `("values", "server", "ha", "replicas")`."""

UNKNOWN = proxy.UNKNOWN_STRING_VALUE
"""What stands where a value is not known before the update; whatever type it will have."""

_UNKNOWN = frozenset(
    value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_") and value
)
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a mark, and no secret itself


class UnknownError(Exception):
    """A value was needed that is not known before the update."""

    def __init__(self, urn: str, path: Path) -> None:
        self.urn = urn
        """Of the resource that has it."""
        self.path = path
        super().__init__(f"{show(path)} is not known yet")


class Properties(Mapping[str, Any]):
    """An object. Reading a value that isn't known raises `UnknownError`; `in` and `len` do not."""

    def __init__(self, raw: Mapping[str, Any], urn: str = "", path: Path = ()) -> None:
        self._raw = raw
        self._urn = urn
        self._path = path

    def __getitem__(self, key: str) -> Any:
        return _open(self._raw[key], self._urn, (*self._path, key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, key: object) -> bool:
        return key in self._raw

    def at(self, dotted: str, default: Any = None) -> Any:
        """Give what stands at `server.ha.replicas` or `rules.0.apply`; `default` where there is none.

        Raises:
            UnknownError: if it, or something that it stands in, is not known yet.

        """
        value: Any = self
        for part in dotted.split("."):
            if isinstance(value, Properties) and part in value:
                value = value[part]
            elif isinstance(value, Elements) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            else:
                return default
        return default if value is None else value

    def secrets(self) -> list[Path]:
        """Give the path of each value that is marked secret, whether it is known or not."""
        return list(_secrets(self._raw, self._path))


class Elements(Sequence[Any]):
    """A list; otherwise like `Properties`."""

    def __init__(self, raw: Sequence[Any], urn: str, path: Path) -> None:
        self._raw = raw
        self._urn = urn
        self._path = path

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        return _open(self._raw[index], self._urn, (*self._path, index))

    def __len__(self) -> int:
        return len(self._raw)


def plain(value: Any) -> Any:
    """Give dicts and lists, as `json` takes them.

    Raises:
        UnknownError: if any part is not known yet.

    """
    if isinstance(value, Properties):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, Elements):
        return [plain(each) for each in value]
    return value


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Give every leaf that is known with its path; what is not known comes as an `UnknownError`."""
    if isinstance(value, Properties | Elements):
        keys: Any = range(len(value)) if isinstance(value, Elements) else value
        for key in keys:
            try:
                inner = value[key]
            except UnknownError as error:
                yield error.path, error
            else:
                yield from walk(inner, (*path, key))
    else:
        yield path, value


def show(path: Path) -> str:
    """Write a path as people do: `values.server.hosts[0]`."""
    shown = ""
    for part in path:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown


def _open(value: Any, urn: str, path: Path) -> Any:
    if isinstance(value, str):
        if value in _UNKNOWN:
            raise UnknownError(urn, path)
        return value
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return _open(value.get("value"), urn, path)
        return Properties(value, urn, path)
    if isinstance(value, float) and value.is_integer():
        # The wire knows no whole numbers.
        return int(value)
    return Elements(value, urn, path) if isinstance(value, list) else value


def _secrets(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            yield path
            return
        for key, each in value.items():
            yield from _secrets(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _secrets(each, (*path, number))


def secret(value: Any) -> dict[str, Any]:
    """Mark a value as the engine marks a secret."""
    return {_SIGNATURE: _SECRET, "value": value}
