from typing import Any

import pytest

from policies.framework.properties import (
    UNKNOWN,
    Properties,
    UnknownError,
    plain,
    secret,
    show,
    walk,
)

URN = "urn:pulumi:test::strongroom::a:b:C::it"


def properties(**raw: Any) -> Properties:
    return Properties(raw, URN)


def test_a_path_leads_through_objects_and_lists() -> None:
    given = properties(rules=[{"days": 7}], empty=None)
    assert given.at("rules.0.days") == 7
    assert given.at("rules.1.days", 3) == 3
    assert given.at("rules.days", 3) == 3
    assert given.at("absent.deeper", 3) == 3
    assert given.at("empty", 3) == 3


@pytest.mark.parametrize("path", ["a", "a.b", "list.0", "deep.list.1.x"])
def test_what_is_not_known_is_raised_with_its_resource_and_path(path: str) -> None:
    given = properties(a=UNKNOWN, list=[UNKNOWN], deep={"list": [1, UNKNOWN]})
    with pytest.raises(UnknownError) as raised:
        given.at(path)
    assert raised.value.urn == URN
    assert show(raised.value.path) in ("a", "list[0]", "deep.list[1]")
    assert str(raised.value).endswith("is not known yet")


def test_a_key_is_there_and_a_list_has_a_length_before_values_are_known() -> None:
    given = properties(a=UNKNOWN, list=[UNKNOWN, 1])
    assert "a" in given
    assert list(given) == ["a", "list"]
    assert len(given.at("list")) == 2
    assert given.at("list.1") == 1


def test_a_secret_is_opened_and_its_path_told() -> None:
    given = properties(
        a=secret("x"), deep=[{"b": secret({"c": 1})}], open="y", dark=secret(UNKNOWN)
    )
    assert given.at("a") == "x"
    assert given.at("deep.0.b.c") == 1
    assert [show(path) for path in given.secrets()] == ["a", "deep[0].b", "dark"]
    with pytest.raises(UnknownError):
        given.at("dark")


def test_leaves_come_with_their_paths_and_unknown_ones_as_errors() -> None:
    given = properties(a={"b": [1, UNKNOWN]}, c="x")
    leaves = [
        (show(path), type(leaf) if isinstance(leaf, Exception) else leaf)
        for path, leaf in walk(given)
    ]
    assert leaves == [("a.b[0]", 1), ("a.b[1]", UnknownError), ("c", "x")]


def test_plain_gives_what_json_takes_or_nothing() -> None:
    assert plain(properties(a={"b": [1, {"c": None}]})) == {"a": {"b": [1, {"c": None}]}}
    with pytest.raises(UnknownError):
        plain(properties(a={"b": [1, UNKNOWN]}))
    assert properties(a=[1, 2, 3]).at("a")[1:] == [2, 3]
