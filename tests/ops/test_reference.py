"""The references of settings and catalogue say every field, where it stands and what it takes."""

import re
from pathlib import Path
from typing import Any

import pytest

from ops.reference import catalogue, settings
from settings.model import Settings

CHECKOUT = Path(__file__).parents[2]
TEXT = {"type": "string", "examples": ["a"]}


def model(properties: dict[str, Any], **parts: dict[str, Any]) -> dict[str, Any]:
    defs = {name: {"properties": fields} for name, fields in parts.items()}
    return {"properties": properties, "required": ["named"], "$defs": defs}


def row(page: str, field: str) -> str:
    (line,) = (line for line in page.splitlines() if line.startswith(f"| `{field}` |"))
    return line


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (TEXT, "text, as `a`"),
        ({"type": "string", "default": "b", "examples": ["a"]}, 'text | `"b"`'),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "number, 1 to 9"),
        ({"type": "integer", "minimum": 1}, "number, 1 or more"),
        ({"type": "integer", "maximum": 9}, "number, 9 or less"),
        ({"anyOf": [{"enum": ["x", "y"]}, {"type": "null"}], "default": None}, "`x` or `y` |  |"),
        ({"type": "array", "items": TEXT}, "list of text, as `a`"),
        ({"type": "object", "patternProperties": {"^a$": TEXT}}, "names, and for each: text, as"),
        ({"type": "object", "additionalProperties": TEXT}, "names, and for each: text, as `a`"),
        ({"$ref": "#/$defs/Part"}, "[given](#given)"),
        ({**TEXT, "description": "in <region>, `<kept>` | or"}, "&lt;region>, `<kept>` \\| or"),
    ],
)
def test_a_field_says_what_it_takes(field: dict[str, Any], said: str) -> None:
    assert said in row(settings(model({"given": field}, Part={"part": TEXT})), "given")


def test_a_field_that_must_be_given_says_so() -> None:
    page = settings(model({"named": TEXT, "other": TEXT}))

    assert "| must be given |" in row(page, "named")
    assert "| must be given |" not in row(page, "other")


def test_a_part_is_said_once_with_every_place_where_it_stands() -> None:
    part = {"$ref": "#/$defs/Part"}

    page = settings(model({"one": part, "two": part, "three": part}, Part={"field": TEXT}))

    assert page.count("\n### ") == 1
    assert "### one and others\n\nAt `one`, `two`, `three`." in page


def test_parts_of_different_kinds_in_one_place_are_told_apart() -> None:
    kinds = {
        name: {"kind": {"const": name}, "tls": {"$ref": f"#/$defs/{name}Tls"}} for name in "ab"
    }
    tls = {f"{name}Tls": {"file": TEXT} for name in "ab"}
    chosen = {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in "ab"]}

    page = settings(model({"server": chosen}, **kinds, **tls))

    headings = re.findall(r"^### (.*)$", page, re.MULTILINE)
    assert headings == [
        "server (kind: a)",
        "server.tls (within kind: a)",
        "server (kind: b)",
        "server.tls (within kind: b)",
    ]


def test_a_part_of_two_files_is_said_once() -> None:
    both = model({"expect": {"$ref": "#/$defs/Expect"}}, Expect={"can": TEXT})

    page = catalogue({"One": both, "Two": both})

    assert re.findall(r"^##+ (.*)$", page, re.MULTILINE) == ["One", "expect", "Two"]


@pytest.mark.parametrize("name", ["settings", "catalogue"])
def test_no_two_sections_have_one_name(name: str) -> None:
    headings = re.findall(r"^##+ .*$", (CHECKOUT / f"docs/{name}.md").read_text(), re.MULTILINE)

    assert len(headings) == len(set(headings))


def test_every_setting_is_on_the_page() -> None:
    page = (CHECKOUT / "docs/settings.md").read_text()
    schema = Settings.model_json_schema(by_alias=True)
    fields = {name for part in (schema, *schema["$defs"].values()) for name in part["properties"]}

    assert {name for name in fields if f"| `{name}` |" not in page} == set()
