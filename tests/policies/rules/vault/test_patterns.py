"""Where two patterns meet, held against the evaluator by Hypothesis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acl.evaluator import Evaluator
from acl.stanza import Acl, Stanza
from policies.rules.vault.patterns import literal, meeting

CASES: list[object] = []


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        ("a/b", "a/b", "a/b"),
        ("a/b", "a/c", None),
        ("a/*", "a/b/c", "a/b/c"),
        ("a/b*", "a/*", "a/b…"),
        ("a/+/c", "a/b/+", "a/b/c"),
        ("a/+", "+/b", "a/b"),
        ("+/+", "+/+", "…/…"),
        ("a/+/c", "a/*", "a/…/c"),
        ("a/b/*", "a/b", None),
        ("a/b", "a/b/c", None),
        ("*", "x", "x"),
        ("a/x*", "a/+/c", "a/x…/c"),
        ("a/x*", "a/y/*", None),
    ],
)
def test_two_patterns_meet_where_both_match(one: str, other: str, path: str | None) -> None:
    assert meeting(one, other) == path
    assert (meeting(other, one) is None) == (path is None)


_SEGMENT = st.sampled_from(["a", "b", "ab", "+"])
_PATTERN = st.builds(
    lambda parts, end: "/".join(parts) + end,
    st.lists(_SEGMENT, min_size=1, max_size=4),
    st.sampled_from(["", "/*", "*"]),
).filter(lambda pattern: "+*" not in pattern)


def _matches(pattern: str, path: str) -> bool:
    acl = Acl(name="a", stanzas=(Stanza(path=pattern, line=1, capabilities=frozenset({"read"})),))
    return Evaluator([acl], flavour="vault").rule(path, listing=False) is not None


@given(_PATTERN, _PATTERN)
def test_the_server_matches_both_there(one: str, other: str) -> None:
    path = meeting(one, other)
    if path is not None:
        assert _matches(one, path)
        assert _matches(other, path)
        assert path.startswith(literal(one))


@given(
    _PATTERN, _PATTERN, st.lists(st.sampled_from(["a", "b", "ab", "abc"]), min_size=1, max_size=5)
)
def test_where_both_match_they_meet(one: str, other: str, parts: list[str]) -> None:
    path = "/".join(parts)
    if _matches(one, path) and _matches(other, path):
        assert meeting(one, other) is not None
