"""From pydantic's errors to mistakes that say what to write.

The words come from the model's own JSON Schema: allowed values, bounds, examples. The refused value is never
looked at beyond its type.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mistakes import Mistake
from mistakes.document import Document, Path, show
from mistakes.shapes import WORDS

Schema = Mapping[str, Any]


def explain(
    error: ValidationError, model: type[BaseModel], document: Document, prefix: str = ""
) -> list[Mistake]:
    """Make one mistake of each of pydantic's. `prefix` stands in front of every path that is shown."""
    root = _schema(model)
    mistakes = []
    errors = error.errors(include_url=False)
    for each in errors:
        place = tuple(each["loc"])
        path = _without_kinds(root, place)
        if each["type"] == "too_short" and any(
            len(other["loc"]) > len(place) and other["loc"][: len(place)] == place
            for other in errors
        ):
            # pydantic doesn't count entries that are wrong by themselves.
            continue
        if each["type"] == "findings":
            found = [
                ((*path, *below), wrong, cure) for below, wrong, cure in each["ctx"]["findings"]
            ]
            mistakes += [
                document.mistake(at, f"{prefix}{show(at)} {wrong}", cure)
                for at, wrong, cure in found
            ]
            continue
        what = prefix
        # pydantic's mark of a name; but somebody may have written just that.
        if path[-1:] == ("[key]",) and each["type"] != "extra_forbidden":
            path, place, what = path[:-1], place[:-1], f"the name {prefix}"
        wrong, cure = _words(each, root, place)
        if each["type"] in _KIND_ERRORS:
            path = (*path, _kind_of(_at(root, place)))
        if each["type"] == "missing":
            cure = f"write {prefix if len(path) == 1 else ''}{cure}"
        mistakes.append(document.mistake(path, f"{what}{show(path)} {wrong}", cure))
    return mistakes


_NEAR = 0.75
"""`regoin` is near `region`; `mailPassword` isn't near `accountPassword`."""
_FEW = 8
"""A catalogue may know a thousand names."""


def closest(wrong: str, known: Iterable[str], *, others: bool = True) -> str:
    """Say what to write instead of an unknown name; with `others`, which there are if none is near."""
    names = sorted(known)
    # Lower-cased, so that `accountID` finds `accountId`.
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(wrong.lower(), by_lower, n=1, cutoff=_NEAR)
    if near:
        return f"write {by_lower[near[0]]}"
    return (
        f"delete it, or write {' or '.join(names)}"
        if others and 0 < len(names) <= _FEW
        else "delete it"
    )


@cache
def _schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(by_alias=True)


def _resolved(root: Schema, schema: Schema) -> Schema:
    """Follow `$ref` and look through `X | None`; what stands beside them stays."""
    while "$ref" in schema or "anyOf" in schema or "allOf" in schema:
        beside = {k: v for k, v in schema.items() if k not in ("$ref", "anyOf", "allOf")}
        if "$ref" in schema:
            inner = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        else:
            choices = schema.get("anyOf") or schema["allOf"]
            inner = next(choice for choice in choices if choice.get("type") != "null")
        schema = {**inner, **beside}
    return schema


def _at(root: Schema, path: Path) -> Schema:
    """Give the schema at a path, in which a union's `kind` stands as a part of its own."""
    schema = _resolved(root, root)
    for part in path:
        if part in _kinds(schema):
            inner: object = {"$ref": _kinds(schema)[part]}
        elif isinstance(part, int):
            inner = schema.get("items")
        else:
            inner = schema.get("properties", {}).get(part) or _of_any_key(schema)
        if not isinstance(inner, Mapping):
            return {}
        schema = _resolved(root, inner)
    return schema


_KIND_ERRORS = ("union_tag_not_found", "union_tag_invalid")


def _kinds(schema: Schema) -> Mapping[Any, str]:
    """Give a union's `kind` -> `$ref` of the model; nothing where there is no union."""
    mapping: Mapping[Any, str] = schema.get("discriminator", {}).get("mapping", {})
    return mapping


def _kind_of(schema: Schema) -> str:
    return str(schema["discriminator"]["propertyName"])


def _without_kinds(root: Schema, place: Path) -> Path:
    """Leave out what pydantic adds to a path for each union: `server.helm.replicas` is `server.replicas` in YAML."""
    return tuple(
        part for index, part in enumerate(place) if part not in _kinds(_at(root, place[:index]))
    )


def _of_any_key(schema: Schema) -> object:
    # A dictionary whose keys have a pattern has one entry here.
    return next(iter(schema.get("patternProperties", {}).values()), None) or schema.get(
        "additionalProperties"
    )


def _words(error: ErrorDetails, root: Schema, path: Path) -> tuple[str, str]:
    schema = _at(root, path)
    if error["type"] == "missing":
        return "is missing", _sample(path[-1:], schema)
    if error["type"] == "extra_forbidden":
        known = _at(root, path[:-1]).get("properties", {})
        return "is unknown", closest(str(path[-1]), known)
    if error["type"] == "refused":
        return error["ctx"]["wrong"], error["ctx"]["cure"]
    words = _WORDS.get(error["type"])
    if words is None:
        return f"is refused ({error['type']})", f"write {_example(schema)}"
    return words(error, schema)


def _sample(last: Path, schema: Schema) -> str:
    name = show(last)
    if "discriminator" in schema:
        return f"{name}: with {_kind_of(schema)} below it"
    if schema.get("type") == "object":
        inner = schema.get("required") or list(schema.get("properties", ()))[:3]
        return f"{name}: with {', '.join(inner)} below it" if inner else f"{name}: {{...}}"
    return f"{name}: {_example(schema)}"


def _example(schema: Schema) -> str:
    choices = [schema["const"]] if "const" in schema else schema.get("enum", [])
    if schema.get("type") == "boolean":
        choices = [True, False]
    if choices:
        return " or ".join(_yaml(value) for value in choices)
    if "examples" in schema:
        return f"{_yaml(schema['examples'][0])}, say"
    if schema.get("type") == "array":
        return f"a list, such as [{_yaml(_first(schema.get('items', {})))}]"
    if schema.get("type") == "object" or "discriminator" in schema:
        return "`key: value` lines below it"
    default = schema.get("default")
    return "text" if default is None else f"{_yaml(default)}, say"


def _first(schema: Schema) -> object:
    return (schema.get("examples") or ["..."])[0]


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_yaml(each) for each in value)}]"
    if isinstance(value, str) and value.isdigit():
        return f'"{value}"'
    return str(value)


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    kinds: dict[type, str] = {bool: "true or false", int: "a number", float: "a fraction",
                              str: "text", list: "a list", dict: "an object"}  # fmt: skip
    return kinds.get(type(value), "something else")


def _text(error: ErrorDetails, schema: Schema) -> tuple[str, str]:
    value = error["input"]
    if isinstance(value, bool | int | float):
        pattern = schema.get("pattern")
        if pattern in WORDS and not re.search(pattern, _yaml(value)):
            # `rotate: 12` is not wrong for want of quotes.
            return _shaped(pattern, schema)
        return f"must be text, and YAML reads {_kind(value)}", "write it in quotes"
    return f"must be text, not {_kind(value)}", f"write {_example(schema)}"


def _wants(kind: str) -> Callable[[ErrorDetails, Schema], tuple[str, str]]:
    def words(error: ErrorDetails, schema: Schema) -> tuple[str, str]:
        return f"must be {kind}, not {_kind(error['input'])}", f"write {_example(schema)}"

    return words


def _no_kind(_error: ErrorDetails, schema: Schema) -> tuple[str, str]:
    return "is missing", f"write {_kind_of(schema)}: {' or '.join(_kinds(schema))}"


def _other_kind(_error: ErrorDetails, schema: Schema) -> tuple[str, str]:
    return "has a value that isn't known here", f"write {' or '.join(_kinds(schema))}"


def _literal(_error: ErrorDetails, schema: Schema) -> tuple[str, str]:
    return "has a value that isn't known here", f"write {_example(schema)}"


def _pattern(error: ErrorDetails, schema: Schema) -> tuple[str, str]:
    return _shaped(error["ctx"]["pattern"], schema)


def _shaped(pattern: str, schema: Schema) -> tuple[str, str]:
    words, example = WORDS[pattern]
    return f"must be {words}", f"write {_yaml(schema.get('default') or example)}, say"


def _bound(_error: ErrorDetails, schema: Schema) -> tuple[str, str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    return f"must be from {low} to {high}", f"write {_example(schema)}"


def _length(error: ErrorDetails, schema: Schema) -> tuple[str, str]:
    limits = error["ctx"]
    of = "characters" if error["type"].startswith("string") else "entries"
    if "max_length" in limits:
        wrong = f"has more than {limits['max_length']} {of}"
    elif limits["min_length"] == 1:
        wrong = "is empty"
    else:
        wrong = f"has fewer than {limits['min_length']} {of}"
    return wrong, f"write {_example(schema)}"


_WORDS: Mapping[str, Callable[[ErrorDetails, Schema], tuple[str, str]]] = {
    "string_type": _text,
    "bool_type": _wants("true or false"),
    "int_type": _wants("a whole number"),
    "dict_type": _wants("an object"),
    "model_type": _wants("an object"),
    "model_attributes_type": _wants("an object"),
    "tuple_type": _wants("a list"),
    "literal_error": _literal,
    "union_tag_not_found": _no_kind,
    "union_tag_invalid": _other_kind,
    "string_pattern_mismatch": _pattern,
    "greater_than_equal": _bound,
    "less_than_equal": _bound,
    "string_too_short": _length,
    "string_too_long": _length,
    "too_short": _length,
    "too_long": _length,
}
