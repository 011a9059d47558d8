"""Each case as the server answers it; tests/acl/test_real.py compares many more with a real one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acl.evaluator import Evaluator
from acl.reader import read
from acl.stanza import Flavour
from acl.syntax import AclError
from acl.template import Alias, Group, Identity

_ORDERS = Identity(
    id="0a1b",
    name="entity_1",
    metadata={"team": "shop", "wild": "a*", "deep": "a/b"},
    aliases=(
        Alias(
            accessor="auth_kubernetes_1",
            name="uid",
            metadata={
                "service_account_name": "orders",
                "service_account_namespace": "shop",
            },
            custom_metadata={"cost": "c7"},
        ),
    ),
    groups=(Group(id="g1", name="staff", metadata={"floor": "3"}),),
)


def _of(*texts: str, flavour: Flavour = "openbao", **more: Any) -> Evaluator:
    acls = [read(text, name=f"acl{index}", flavour=flavour) for index, text in enumerate(texts)]
    return Evaluator(acls, flavour=flavour, **more)


def _paths(**paths: str) -> str:
    return "\n".join(
        f'path "{path}" {{ capabilities = ["{word}"] }}' for word, path in paths.items()
    )


@pytest.mark.parametrize(
    ("paths", "asked", "wins"),
    [
        ({"read": "a/b", "list": "a/*"}, "a/b", "read"),
        ({"read": "a/b*", "list": "a/*"}, "a/bc", "read"),
        ({"read": "a/*", "list": "a/b*"}, "a/c", "read"),
        # First the place of the first wildcard,
        ({"read": "a/b*", "list": "a/+"}, "a/b", "read"),
        ({"read": "a/b/+/d", "list": "a/+/c/d"}, "a/b/c/d", "read"),
        # then what is no prefix,
        ({"read": "a/+", "list": "a/*"}, "a/b", "read"),
        ({"read": "a/+/c", "list": "a/+/c*"}, "a/b/c", "read"),
        # then fewer wildcards: a prefix has none,
        ({"read": "a/*", "list": "a/+/*"}, "a/b/c", "read"),
        ({"read": "a/+/c/d", "list": "a/+/+/d"}, "a/b/c/d", "read"),
        # then the longer,
        ({"read": "a/+/cc*", "list": "a/+/c*"}, "a/b/ccc", "read"),
        # then the later one in the alphabet.
        ({"read": "+/+/c/d", "list": "+/b/+/d"}, "a/b/c/d", "list"),
        ({"read": "+"}, "a", "read"),
        ({"read": "+/b"}, "/a/b", "read"),
        # A + that is not a whole segment is a letter.
        ({"read": "a/+b"}, "a/+b", "read"),
        ({"read": "*"}, "a/b/c", "read"),
    ],
)
def test_the_most_specific_path_decides_alone(paths: dict[str, str], asked: str, wins: str) -> None:
    assert _of(_paths(**paths)).capabilities(asked) == {wins}


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("a/+", "a/b/c"),
        ("a/+b", "a/xb"),
        ("a/b", "a/b/c"),
        ("a/+/c", "a/c"),
        ("a/*", "a"),
        ("+", "a/b"),
    ],
)
def test_what_no_rule_is_about_is_denied(path: str, asked: str) -> None:
    assert _of(_paths(read=path)).capabilities(asked) == {"deny"}


def test_acls_are_united_path_by_path_and_deny_wins() -> None:
    both = _of(_paths(read="a", list="b"), _paths(update="a", deny="b"))

    assert both.capabilities("a") == {"read", "update"}
    assert both.capabilities("b") == {"deny"}
    # But the more specific path decides, also against a deny.
    assert _of(_paths(read="a/b"), _paths(deny="a/*")).capabilities("a/b") == {"read"}


@pytest.mark.parametrize("flavour", ["openbao", "vault"])
def test_a_list_is_asked_for_with_a_slash_and_falls_back_to_the_path_without(
    flavour: Flavour,
) -> None:
    without = _of(_paths(list="a/b"), flavour=flavour)

    assert without.allows("list", "a/b")
    assert without.allows("list", "a/b/")
    assert _of(_paths(list="a/b/"), flavour=flavour).allows("list", "a/b")
    assert not _of(_paths(read="a/b"), flavour=flavour).allows("read", "a/b/")


@pytest.mark.parametrize(("flavour", "which"), [("openbao", "list"), ("vault", "read")])
def test_of_two_rules_for_a_list_each_server_looks_for_another_first(
    flavour: Flavour, which: str
) -> None:
    both = _of(_paths(read="a/+", list="a/b/*"), flavour=flavour)

    assert both.capabilities("a/b/") == {which}


def test_sudo_is_a_capability_of_its_own() -> None:
    text = (
        'path "sys/audit" { capabilities = ["read", "sudo"] }\npath "sys/auth" { policy = "write" }'
    )

    assert _of(text).allows("sudo", "sys/audit")
    assert not _of(text).allows("sudo", "sys/auth")


_ALIAS = "identity.entity.aliases.auth_kubernetes_1.metadata"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("kv/{{identity.entity.id}}/*", "kv/0a1b/x"),
        ("kv/{{ identity.entity.name }}", "kv/entity_1"),
        ("kv/{{identity.entity.metadata.team}}", "kv/shop"),
        (
            f"kv/{{{{{_ALIAS}.service_account_namespace}}}}/{{{{{_ALIAS}.service_account_name}}}}/*",
            "kv/shop/orders/mail",
        ),
        ("kv/{{identity.entity.aliases.auth_kubernetes_1.name}}", "kv/uid"),
        ("kv/{{identity.entity.aliases.auth_kubernetes_1.custom_metadata.cost}}", "kv/c7"),
        ("kv/{{identity.groups.names.staff.id}}", "kv/g1"),
        ("kv/{{identity.groups.ids.g1.metadata.floor}}", "kv/3"),
    ],
)
def test_templates_become_what_the_asker_is(path: str, asked: str) -> None:
    assert _of(_paths(read=path), identity=_ORDERS).allows("read", asked)
    assert not _of(_paths(read=path)).allows("read", asked)


def test_a_block_whose_template_has_no_value_means_nothing() -> None:
    text = _paths(read="kv/{{identity.entity.metadata.none}}", list="kv/*")

    assert _of(text, identity=_ORDERS).capabilities("kv/") == {"list"}


def test_a_template_s_value_adds_no_segment_and_no_wildcard_on_openbao() -> None:
    for key, asked in (("wild", "kv/ab"), ("deep", "kv/a/b")):
        text = _paths(read=f"kv/{{{{identity.entity.metadata.{key}}}}}")
        assert not _of(text, identity=_ORDERS).allows("read", asked)
        assert _of(text, identity=_ORDERS, flavour="vault").allows("read", asked)


def test_a_template_s_value_that_makes_a_forbidden_path_is_refused() -> None:
    plus = Identity(id="+")

    with pytest.raises(AclError, match="becomes 'kv/\\+\\*', which is forbidden"):
        _of(_paths(read="kv/{{identity.entity.id}}*"), identity=plus, flavour="vault")


def test_an_expired_block_means_nothing() -> None:
    text = 'path "a" { policy = "read" expiration = "2030-01-31T12:00:00Z" }'
    then = datetime(2030, 1, 31, 12, tzinfo=UTC)

    assert _of(text, now=then).allows("read", "a")
    assert not _of(text, now=then + timedelta(seconds=1)).allows("read", "a")


_PARAMETERS = """
path "a" {
  capabilities = ["create", "update", "list"]
  allowed_parameters = { ttl = ["1h", "2*", true] name = [] }
  denied_parameters = { name = ["root*", "*admin*"] }
  required_parameters = ["TTL"]
}
"""


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"ttl": "1h"}, None),
        ({"ttl": "24h", "name": "ada"}, None),
        ({"ttl": True, "NAME": "ada"}, None),
        ({}, "required parameter TTL is missing"),
        ({"TTL": "1h"}, "required parameter TTL is missing"),
        ({"ttl": "3h"}, "parameter ttl is not allowed with this value"),
        ({"ttl": "1h", "name": "rooty"}, "parameter name is denied with this value"),
        ({"ttl": "1h", "name": "an admin"}, "parameter name is denied with this value"),
        ({"ttl": "1h", "other": ""}, "parameter other is not among those allowed"),
    ],
)
def test_parameters_must_suit(parameters: dict[str, Any], why: str | None) -> None:
    decision = _of(_PARAMETERS).decide("update", "a", parameters=parameters)

    assert decision.allowed == (why is None)
    assert why is None or f"refuses, {why}: acl0:2 path" in decision.reason
    # A list has none.
    assert _of(_PARAMETERS).decide("list", "a").allowed


def test_parameters_of_two_acls_are_united_and_no_value_is_every_value() -> None:
    one = 'path "a" { policy = "write" allowed_parameters = { x = ["1"] } }'
    two = 'path "a" { policy = "write" allowed_parameters = { x = ["2"] y = [] } }'
    every = 'path "a" { policy = "write" allowed_parameters = { x = [] } }'

    assert _of(one, two).decide("update", "a", parameters={"x": "1", "y": "z"}).allowed
    assert not _of(one, two).decide("update", "a", parameters={"x": "3"}).allowed
    assert _of(one, every).decide("update", "a", parameters={"x": "3"}).allowed
    # An acl that says nothing of parameters frees from nothing.
    free = 'path "a" { policy = "write" }'
    assert not _of(free, one).decide("update", "a", parameters={"x": "3"}).allowed


def test_a_number_in_an_acl_equals_none_in_a_request() -> None:
    text = 'path "a" { policy = "write" denied_parameters = { x = [5] y = [["p"]] } }'

    assert _of(text).decide("update", "a", parameters={"x": 5}).allowed
    assert not _of(text).decide("update", "a", parameters={"y": ["p"]}).allowed


def test_an_answer_may_have_to_be_wrapped() -> None:
    text = 'path "a" { policy = "read" min_wrapping_ttl = "1m" max_wrapping_ttl = "1h" }'
    evaluator = _of(text)

    assert not evaluator.decide("read", "a").allowed
    assert not evaluator.allows("read", "a")
    assert not evaluator.decide("read", "a", wrap_seconds=59).allowed
    assert evaluator.decide("read", "a", wrap_seconds=60).allowed
    assert not evaluator.decide("read", "a", wrap_seconds=3601).allowed


@pytest.mark.parametrize(
    ("limit", "allowed"), [(None, True), ("2", True), ("max", True), ("3", False), ("x", False)]
)
def test_a_list_may_be_limited(limit: str | None, allowed: bool) -> None:
    text = 'path "a" { capabilities = ["list"] pagination_limit = 2 }'
    parameters = {} if limit is None else {"limit": limit}

    assert _of(text).decide("list", "a", parameters=parameters).allowed == allowed


def test_an_answer_names_the_rule() -> None:
    evaluator = _of(_paths(read="a/*", deny="a/b"), "\n" + _paths(read="a/*", update="a/*"))

    assert evaluator.decide("read", "a/c").reason == (
        'acl0:1 path "a/*" [read]; acl1:2 path "a/*" [read] grants it'
    )
    assert evaluator.decide("update", "a/c").reason == 'acl1:3 path "a/*" [update] grants it'
    assert evaluator.decide("read", "a/b").reason == 'acl0:2 path "a/b" [deny] denies it'
    assert evaluator.decide("delete", "a/c").reason.startswith("doesn't grant delete: acl0:1")
    assert evaluator.decide("read", "b").reason == "no rule is about b"


def test_mfa_is_said() -> None:
    text = 'path "a" { policy = "read" mfa_methods = ["totp"] }'

    assert _of(text, text).decide("read", "a").mfa_methods == ("totp",)
