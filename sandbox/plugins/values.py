"""Pulumi's property values as plain Python: what the engine sends, and what it gets back."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from google.protobuf.struct_pb2 import (  # type: ignore[import-untyped]  # ships no types
    ListValue,
    Struct,
    Value,
)

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that a preview can't know (pulumi: plugin.UnknownStringValue)."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a marker that Pulumi publishes, no secret


def from_struct(struct: Struct, *, nulls: bool = False) -> dict[str, Any]:
    """Give plain values: secrets unwrapped, whole numbers as int, nulls left out.

    With `nulls` those inside values stay: to some servers they say something.
    """
    plain = {name: _from_value(value, nulls=nulls) for name, value in struct.fields.items()}
    return {name: value for name, value in plain.items() if value is not None}


def _from_value(value: Value, *, nulls: bool) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "list_value":
        return [_from_value(each, nulls=nulls) for each in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET:
            return _from_value(fields["value"], nulls=nulls)
        if nulls:
            return {name: _from_value(each, nulls=True) for name, each in fields.items()}
        return from_struct(value.struct_value)
    return None if kind in (None, "null_value") else getattr(value, kind)


def to_struct(
    plain: Mapping[str, Any], secret: Collection[str] = (), *, nulls: bool = False
) -> Struct:
    """Give what the engine reads; properties named in `secret` are marked so that it encrypts them."""
    fields = {}
    for name, each in plain.items():
        if each is None:
            continue
        value = _to_value(each, nulls=nulls)
        if name in secret and each != UNKNOWN:
            marker = Value(string_value=_SECRET)
            value = Value(struct_value=Struct(fields={_SIGNATURE: marker, "value": value}))
        fields[name] = value
    return Struct(fields=fields)


def _to_value(plain: Any, *, nulls: bool) -> Value:
    # bool before int: a bool is an int.
    if isinstance(plain, str):
        return Value(string_value=plain)
    if isinstance(plain, bool):
        return Value(bool_value=plain)
    if isinstance(plain, int | float):
        return Value(number_value=plain)
    if isinstance(plain, Mapping):
        return Value(struct_value=_inner(plain) if nulls else to_struct(plain))
    if isinstance(plain, list | tuple):
        listed = [_to_value(each, nulls=nulls) for each in plain]
        return Value(list_value=ListValue(values=listed))
    if plain is None:
        return Value(null_value=0)
    raise TypeError(f"no property value: {type(plain).__name__}")


def _inner(plain: Mapping[str, Any]) -> Struct:
    return Struct(fields={name: _to_value(each, nulls=True) for name, each in plain.items()})


def holds_unknown(plain: Any) -> bool:
    """Whether a value, or anything in it, is unknown."""
    if isinstance(plain, str):
        return plain == UNKNOWN
    if isinstance(plain, Mapping):
        return any(holds_unknown(each) for each in plain.values())
    if isinstance(plain, list | tuple):
        return any(holds_unknown(each) for each in plain)
    return False


def dumps(document: Any) -> str:
    """JSON as it stands in a state: the same document is the same text."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
