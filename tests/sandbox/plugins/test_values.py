from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.plugins.values import UNKNOWN, from_struct, holds_unknown, to_struct
from tests.sandbox.plugins.driver import SECRET

PLAIN = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=10,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(min_size=1), PLAIN))
def test_values_come_back_as_they_went(values: dict[str, Any]) -> None:
    assert from_struct(to_struct(values)) == values


@settings(max_examples=40, deadline=None)
@given(PLAIN)
def test_a_secret_is_marked_and_comes_back_bare(value: Any) -> None:
    struct = to_struct({"a": value, "b": value}, secret=["a"])
    marked = struct.fields["a"].struct_value.fields
    assert SECRET in marked
    assert from_struct(struct) == {"a": value, "b": value}


def test_an_unknown_secret_stays_unknown() -> None:
    assert to_struct({"a": UNKNOWN}, secret=["a"]).fields["a"].string_value == UNKNOWN


def test_nothing_is_left_out_but_what_is_absent() -> None:
    assert from_struct(to_struct({"a": None, "b": False, "c": 0, "d": ""})) == {
        "b": False,
        "c": 0,
        "d": "",
    }


def test_an_unknown_is_seen_at_any_depth() -> None:
    assert holds_unknown({"a": [{"b": UNKNOWN}]})
    assert not holds_unknown({"a": [{"b": "known"}]})


def test_nulls_inside_values_stay_where_they_say_something() -> None:
    values = {"a": {"b": None, "c": [None, {"d": None}]}, "e": None}
    assert from_struct(to_struct(values, nulls=True), nulls=True) == {
        "a": {"b": None, "c": [None, {"d": None}]}
    }
    assert from_struct(to_struct(values, nulls=True)) == {"a": {"c": [None, {}]}}
