"""What differs, and that no secret is in it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.ci.difference import difference
from ops.ci.events import State, Step

_SECRET = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    "ciphertext": "[secret]",
}


def _step(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *paths: str,
    type_: str = "vault:index/policy:Policy",
) -> Step:
    old, new = (
        None if each is None else State(inputs=each, outputs=each) for each in (before, after)
    )
    return Step(
        planned=True, operation="update", urn="urn:pulumi:dev::p::t::n", type=type_, old=old, new=new,
        properties=dict.fromkeys(paths, False), differing=(), replacing=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "path", "lines"),
    [
        ({"ttl": 600}, {"ttl": 300}, "ttl", "! ttl: 600 -> 300"),
        ({}, {"ttl": 300}, "ttl", "+ ttl: 300"),
        ({"ttl": 600}, {}, "ttl", "- ttl: 600"),
        ({"tags": {"a.b": 1}}, {"tags": {"a.b": 2}}, 'tags["a.b"]', '! tags["a.b"]: 1 -> 2'),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, "a[0].b", "! a[0].b: x -> y"),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]", "+ a[1]: 2"),
        ({"a": "x"}, {"a": "y"}, "nowhere.at[3].all", "! nowhere.at[3].all"),
        (
            {"a": "x"},
            {"a": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"},
            "a",
            "! a: x -> (not known yet)",
        ),
    ],
)
def test_a_property_is_said_by_its_path(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str, lines: str
) -> None:
    assert difference(_step(before, after, path)) == lines


def test_of_a_document_the_lines_that_differ_are_said() -> None:
    documents = [{"Action": actions, "Effect": "Allow"} for actions in (["a", "b"], ["a", "c"])]
    before, after = ({"policy": json.dumps(each)} for each in documents)

    lines = difference(_step(before, after, "policy")).splitlines()

    assert lines[0] == "! policy:"
    assert '-         "b"' in lines
    assert '+         "c"' in lines
    assert '          "a",' in lines


def test_of_a_new_resource_every_property_is_said_and_of_one_that_goes_none() -> None:
    properties = {"name": "svc", "__defaults": ["x"]}

    assert difference(_step(None, properties)) == "+ name: svc"
    assert difference(_step(properties, None)) == ""


def test_what_a_provider_does_not_name_is_found() -> None:
    before, after = {"a": 1, "b": 2, "__provider": "x"}, {"a": 1, "b": 3, "__provider": "y"}

    assert difference(_step(before, after)) == "! b: 2 -> 3"


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ({"data": _SECRET}, {"data": _SECRET}, "data"),
        ({"data": "hunter2"}, {"data": _SECRET}, "data"),
        ({"data": _SECRET}, {"data": "hunter2"}, "data"),
        ({"data": {"in": ["hunter2", _SECRET]}}, {"data": {"in": []}}, "data"),
        ({"data": _SECRET}, {"data": _SECRET}, "data.in.it"),
        ({"password": "hunter2"}, {"password": "hunter2hunter2"}, "password"),
        ({"passwordWo": "hunter2"}, {"passwordWo": "hunter3"}, "passwordWo"),
        ({"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}, {"env": []}, "env"),
        (
            {"text": '{"client_secret": "hunter2"}'},
            {"text": '{"client_secret": "hunter3"}'},
            "text",
        ),
        ({"url": "mysql://root:hunter2@db/x"}, {"url": "mysql://root:hunter3@db/x"}, "url"),
        ({"note": "hvs.hunter2hunter2hunter2hunter2"}, {"note": ""}, "note"),
        ({"note": "-----BEGIN EC PRIVATE KEY-----\nhunter2\n"}, {"note": ""}, "note"),
    ],
)
def test_what_is_secret_is_not_shown(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str
) -> None:
    lines = difference(_step(before, after, path))

    assert "hunter" not in lines
    assert lines.startswith(("!", "-"))
    assert path in lines


def test_whatever_a_kubernetes_secret_holds_is_not_shown() -> None:
    before, after = (
        {"stringData": {"x": value}, "type": "Opaque"} for value in ("hunter2", "hunter3")
    )

    lines = difference(
        _step(before, after, "stringData", "type", type_="kubernetes:core/v1:Secret")
    )

    assert "hunter" not in lines
    assert "stringData" in lines


_leaves = st.text() | st.integers() | st.none()


@settings(max_examples=30)
@given(
    st.recursive(_leaves, lambda one: st.lists(one) | st.dictionaries(st.text(), one), max_leaves=8)
)
def test_of_any_value_within_a_secret_nothing_is_shown(value: Any) -> None:
    secret = {**_SECRET, "ciphertext": "[secret]", "value": "hunter2"}
    step = _step({"a": {"b": value, "c": secret}}, {"a": {"b": "hunter2"}}, "a")

    assert "hunter2" not in difference(step)
    assert "[secret]" in difference(step)


def test_a_long_value_is_cut_and_what_is_cut_is_counted() -> None:
    before = {"text": "\n".join(map(str, range(1_000)))}
    after = {"text": "x" * 5_000 + "\n" + "y"}

    lines = difference(_step(before, after, "text"))

    assert "... 800 more lines before, 0 after" in lines
    assert len(lines) < 5_000
