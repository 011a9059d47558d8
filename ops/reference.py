"""docs/settings.md and docs/catalogue.md: every field that YAML may have, from the models' own schemas."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_MANY = 3

_SETTINGS = """\
# Settings

Every field of a stack's file, `Pulumi.<stack>.yaml`. Written by `python -m ops schema` from the models that read it.

Top-level fields stand there as `strongroom:<field>`, below `config`. A part in which a `kind` is chosen has a section
for each kind.
What must hold between fields is said by `python -m ops check --stack <stack>`, every mistake at once with its line;
[what goes together](combinations.md) has the larger choices. Paths are relative to the project.
Secrets are no settings: [environments](environments.md) names them.

{sections}
"""

_CATALOGUE = """\
# Catalogue

Every field of a file in `catalog/`. Written by `python -m ops schema` from the models that read it. How to go about it
stands in [Write a service](services.md). A file is one service, one team, or what a Vault
[held before](external.md#what-it-held-before).

{sections}
"""


def settings(schema: Schema) -> str:
    """Give the page of a stack's settings, whole, from their JSON Schema."""
    return _SETTINGS.format(sections=_Page({"All of it": schema}).text())


def catalogue(schemas: Mapping[str, Schema]) -> str:
    """Give the page of the catalogue's files, whole: kind of file -> its JSON Schema."""
    return _CATALOGUE.format(sections=_Page(schemas).text())


class _Page:
    """Which parts there are below some whole files, where each of them may stand, and what they hold."""

    def __init__(self, files: Mapping[str, Schema]) -> None:
        self._files = files
        self._parts: dict[str, Schema] = {}
        self._places: dict[str, list[str]] = {}
        self._within: dict[str, str] = {}
        for schema in files.values():
            self._parts |= schema["$defs"]
            self._walk("", schema)

    def text(self) -> str:
        """Give a section for each file and, below it, for each part that is not said yet."""
        sections: dict[str, str] = {}
        for title, schema in self._files.items():
            sections[title] = self._section(f"## {title}", schema)
            for name in self._below(schema):
                heading = f"### {self._title(name)}"
                if len(self._places[name]) >= _MANY:
                    heading += f"\n\nAt {', '.join(f'`{at}`' for at in self._places[name])}."
                sections.setdefault(name, self._section(heading, self._parts[name]))
        return "\n\n".join(sections.values())

    def _walk(self, at: str, part: Schema) -> None:
        kind = str(part["properties"].get("kind", {}).get("const", ""))
        for name, field in part["properties"].items():
            for place, below in _references(f"{at}.{name}" if at else name, field):
                places = self._places.setdefault(below, [])
                if place not in places:
                    places.append(place)
                if kind:
                    self._within[below] = kind
                self._walk(place, self._parts[below])

    def _below(self, part: Schema) -> Iterator[str]:
        for field in part["properties"].values():
            for _, name in _references("", field):
                yield name
                yield from self._below(self._parts[name])

    def _section(self, heading: str, part: Schema) -> str:
        required = part.get("required", ())
        rows = "\n".join(
            f"| `{name}` | {self._kind(field)} | {_default(field, is_required=name in required)} |"
            f" {self._said(field)} |"
            for name, field in part["properties"].items()
        )
        table = f"| field | what it takes | default | |\n|---|---|---|---|\n{rows}"
        return f"{heading}\n\n{_safe(part.get('description', ''))}\n\n{table}"

    def _title(self, name: str) -> str:
        kind = self._parts[name]["properties"].get("kind", {})
        kinds = " or ".join(kind.get("enum", [kind["const"]] if "const" in kind else []))
        places = self._places[name]
        said = ", ".join(places) if len(places) < _MANY else f"{places[0]} and others"
        if kinds:
            return f"{said} (kind: {kinds})"
        # What stands in one place with several kinds of what is around it.
        if sum(each == places for each in self._places.values()) > 1:
            return f"{said} (within kind: {self._within.get(name, '')})"
        return said

    def _said(self, field: Schema) -> str:
        inherited = self._parts[_name(field)].get("description", "") if "$ref" in field else ""
        return _in_cell(str(field.get("description", inherited)))

    def _kind(self, field: Schema) -> str:
        if "$ref" in field:
            title = self._title(_name(field))
            return f"[{title}](#{_slug(title)})"
        if "const" in field or "enum" in field:
            return " or ".join(f"`{each}`" for each in field.get("enum", [field.get("const")]))
        choices = field.get("oneOf", field.get("anyOf"))
        if choices:
            kinds = [self._kind(each) for each in choices if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
        if field["type"] == "array":
            return f"list of {self._kind(field['items'])}"
        if field["type"] == "object":
            (values,) = _values(field)
            return f"names, and for each: {self._kind(values)}"
        return _plain(field)


def _references(at: str, field: Schema) -> Iterator[tuple[str, str]]:
    """Give each part that a field leads to, and where it then stands."""
    if "$ref" in field:
        yield at, _name(field)
    for choice in (*field.get("oneOf", ()), *field.get("anyOf", ())):
        yield from _references(at, choice)
    if "items" in field:
        yield from _references(at, field["items"])
    if field.get("type") == "object":
        for values in _values(field):
            yield from _references(f"{at}.NAME", values)


def _values(field: Schema) -> list[Schema]:
    others = field.get("additionalProperties")
    found = [*field.get("patternProperties", {}).values()]
    return found or ([others] if isinstance(others, dict) else [])


def _name(field: Schema) -> str:
    return str(field["$ref"]).rsplit("/", 1)[-1]


def _plain(field: Schema) -> str:
    kind = _WORDS[field["type"]]
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None:
        kind += f", {low} to {high}" if high is not None else f", {low} or more"
    elif high is not None:
        kind += f", {high} or less"
    # An example says less than a default does.
    if field["type"] == "string" and "examples" in field and not field.get("default"):
        kind += f", as `{field['examples'][0]}`"
    return kind


_WORDS = {"string": "text", "integer": "number", "boolean": "`true` or `false`"}


def _default(field: Schema, *, is_required: bool) -> str:
    if is_required:
        return "must be given"
    default = field.get("default")
    # A part's own defaults stand in its section.
    if default is None or isinstance(default, dict) or default == []:
        return ""
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _in_cell(text: str) -> str:
    return _safe(re.sub(r"\s+", " ", text)).replace("|", "\\|")


def _safe(text: str) -> str:
    """Keep `<name>` from being taken for HTML; between backticks it is not."""
    parts = text.split("`")
    return "`".join(
        each if odd % 2 else each.replace("<", "&lt;") for odd, each in enumerate(parts)
    )


def _slug(title: str) -> str:
    """Give a heading's anchor, as GitHub and MkDocs both make it of such a title."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower())
