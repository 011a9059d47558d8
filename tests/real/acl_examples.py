"""Hypothesis strategies for acls, in every notation that the server reads, and for paths that they are about."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from acl.stanza import CAPABILITIES, Flavour
from acl.template import Identity

_WORDS = ("a", "b", "ab", "a", "b", "", "é", "ent", "red")


def selectors(identity: Identity) -> tuple[str, ...]:
    """Give templates with a value, without one, and with one that may be forbidden."""
    [alias], [group] = identity.aliases, identity.groups
    of_alias = f"identity.entity.aliases.{alias.accessor}"
    return (
        "identity.entity.id", "identity.entity.name", " identity.entity.metadata.team ",
        "identity.entity.metadata.none", "identity.entity.metadata.wild", "identity.entity.metadata.deep",
        f"{of_alias}.name", f"{of_alias}.id", f"{of_alias}.metadata.service_account_name",
        f"{of_alias}.metadata.service_account_namespace", f"{of_alias}.metadata.none",
        "identity.entity.aliases.auth_none.name", "identity.groups.names.staff.name",
        f"identity.groups.ids.{group.id}.metadata.floor", "identity.groups.names.none.id",
        "identity.entity.metadata", "identity", "identity.groups.names.staff.id",
    )  # fmt: skip


def values(identity: Identity) -> tuple[str, ...]:
    """Give what paths are asked for besides plain words: what templates become."""
    [alias], [group] = identity.aliases, identity.groups
    return (
        identity.id, "ent", "red", alias.name, alias.id, "orders", "shop", "staff", "b", group.id,
        "a*", "a/b",
    )  # fmt: skip


def patterns(identity: Identity) -> st.SearchStrategy[str]:
    """Paths as they stand in acls."""
    templates = tuple(f"{{{{{each}}}}}" for each in selectors(identity))
    plain = (*_WORDS, "+", "+", "+", "+a", "a+", "*")
    # One segment in ten is a template.
    segments = st.sampled_from((*plain * (len(templates) * 9 // len(plain)), *templates))
    return st.builds(
        lambda slash, parts, end: slash + "/".join(parts) + end,
        st.sampled_from(("", "", "", "/")),
        st.lists(segments, min_size=1, max_size=4),
        st.sampled_from(("", "", "*", "*", "/", "/*")),
    )


def asked(identity: Identity) -> st.SearchStrategy[list[str]]:
    """Paths as they are asked for."""
    segments = st.sampled_from((*_WORDS * 7, *values(identity), "+", "+a", "*"))
    path = st.builds(
        lambda parts, end: "/".join(parts) + end or "a",
        st.lists(segments, min_size=1, max_size=5),
        st.sampled_from(("", "", "/")),
    )
    return st.lists(path, min_size=4, max_size=10)


_Block = dict[str, Any]


def _blocks(flavour: Flavour) -> st.SearchStrategy[_Block]:
    words = sorted(CAPABILITIES[flavour] - {"deny"})
    granted = st.lists(st.sampled_from(words), max_size=4)
    capabilities = st.fixed_dictionaries(
        {"capabilities": st.one_of(granted, granted, granted, st.just(["read", "deny", "none"]))}
    )
    legacy = st.fixed_dictionaries({"policy": st.sampled_from(["deny", "read", "write", "sudo"])})
    more = st.sampled_from(
        (
            {"policy": "write", "comment": "why"},
            {"allowed_parameters": {"a": ["x*"], "*": []}, "min_wrapping_ttl": "1s"},
            {
                "denied_parameters": {"b": []},
                "max_wrapping_ttl": 7200,
                "required_parameters": ["c"],
            },
            {"min_wrapping_ttl": "1h30m", "max_wrapping_ttl": "1d", "mfa_methods": ["m"]},
        )
    )
    both = st.builds(lambda one, other: {**one, **other}, capabilities, more)
    return st.one_of(capabilities, capabilities, capabilities, legacy, both)


def documents(identity: Identity, flavour: Flavour) -> st.SearchStrategy[str]:
    """Texts of whole acls. A path may stand twice."""
    stanzas = st.lists(
        st.tuples(patterns(identity), _blocks(flavour), st.sampled_from(_STYLES)),
        min_size=1,
        max_size=6,
    )
    return st.builds(_text, stanzas, st.sampled_from(("hcl", "hcl", "list", "object")))


_STYLES = tuple(
    (mark, end)
    for mark in ("", '"')
    for end in ("\n", " ", ",\n", ", ", "\n# a comment\n", " /* } */ ", "\r\n", "// end\n")
)


def _text(stanzas: Sequence[tuple[str, _Block, tuple[str, str]]], notation: str) -> str:
    if notation == "hcl":
        return "".join(_hcl(path, block, *style) for path, block, style in stanzas)
    if notation == "list":
        return json.dumps({"path": [{path: block} for path, block, _ in stanzas]}, indent=1)
    # By hand: a path may stand twice.
    inner = ", ".join(f"{json.dumps(path)}: {json.dumps(block)}" for path, block, _ in stanzas)
    return f'{{"path": {{{inner}}}}}'


def _hcl(path: str, block: _Block, mark: str, end: str) -> str:
    parts = [f"{mark}{key}{mark} = {_value(value)}" for key, value in block.items()]
    return f"{mark}path{mark} {_value(path)} {{ {end.join(parts)} }}{end}"


def _value(value: object) -> str:
    if isinstance(value, dict):
        parts = [f'"{key}" = {_value(each)}' for key, each in value.items()]
        return f"{{ {' '.join(parts)} }}"
    if isinstance(value, list):
        return f"[{''.join(f'{_value(each)}, ' for each in value)}]"
    return json.dumps(value, ensure_ascii=False)


def broken(documents: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts with one character gone, or another."""
    wrong = ("", "", '"', "{", "}", "[", "]", "=", ",", "\n", "a", "*", "+", "\\", "#", "1", "$")
    return st.builds(
        lambda text, at, new: text[: at % len(text)] + new + text[at % len(text) + 1 :] or "a",
        documents,
        st.integers(0, 10_000),
        st.sampled_from(wrong),
    )


_NAMES = ("a", "b", "A", "ttl")
_TEXTS = ("", "x", "*", "x*", "*x", "*x*", "xx", "**", "X")


def restrictions(names: str = "ab*") -> st.SearchStrategy[str]:
    """Acls that grant everything in the mount `plain`, with conditions on parameters."""
    said = st.one_of(
        st.sampled_from(_TEXTS), st.booleans(), st.integers(0, 3), st.just(["x"]), st.just([True])
    )
    table = st.dictionaries(
        st.sampled_from((*names, "ttl", "B")), st.lists(said, max_size=2), max_size=3
    ).filter(lambda found: len({name.lower() for name in found}) == len(found))
    block = st.fixed_dictionaries(
        {"policy": st.just("write")},
        optional={
            "allowed_parameters": table,
            "denied_parameters": table,
            "required_parameters": st.lists(st.sampled_from(("a", "B")), max_size=1),
            "min_wrapping_ttl": st.sampled_from(("5s", "")),
            "max_wrapping_ttl": st.sampled_from((10, "7s")),
        },
    )
    return st.builds(lambda found: _hcl("plain/*", found, "", "\n"), block)


def requests_made() -> st.SearchStrategy[tuple[str, dict[str, Any], int | None]]:
    """How a request is made: the capability that it needs, its parameters, for how long it is wrapped."""
    value = st.one_of(
        st.sampled_from(_TEXTS), st.booleans(), st.integers(0, 3), st.just(["x"]), st.none()
    )
    body = st.dictionaries(st.sampled_from(_NAMES), value, max_size=2)
    query = st.dictionaries(st.sampled_from(_NAMES), st.sampled_from(_TEXTS), max_size=2)
    wrapped = st.sampled_from((None, None, 3, 5, 8, 10, 11))
    return st.one_of(
        st.tuples(st.just("update"), body, wrapped),
        st.tuples(st.just("read"), query, wrapped),
        st.tuples(st.sampled_from(("list", "delete")), st.just({}), wrapped),
    )
