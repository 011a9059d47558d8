"""What the server does with each text was asked of a real one: tests/acl/test_real.py does so for many more."""

from datetime import UTC, datetime
from typing import Any

import pytest

from acl.document import render, rule
from acl.reader import read
from acl.stanza import Acl, Flavour, Stanza
from acl.syntax import AclError


def _read(text: str, flavour: Flavour = "openbao") -> Acl:
    return read(text, name="x", flavour=flavour)


def _only(text: str, flavour: Flavour = "openbao") -> Stanza:
    [stanza] = _read(text, flavour).stanzas
    return stanza


def test_what_is_written_here_is_read_back_with_its_lines() -> None:
    acl = _read(render([rule("a/*", "read", "list"), rule("b", "deny")]))

    assert [(each.path, each.line, each.capabilities) for each in acl.stanzas] == [
        ("a/*", 1, frozenset({"read", "list"})),
        ("b", 5, frozenset({"deny"})),
    ]


@pytest.mark.parametrize(
    "text",
    [
        'path "a" { capabilities = ["read"] }',
        '"path" "a" { "capabilities" = ["read",], }',
        '# why\npath "/a" /* here */ {\r\n capabilities = [\n"read" // only\n] }\r\n',
        'name = "other"\npath "a" { comment = "c" capabilities = ["read"] }',
        '{"path": {"a": {"capabilities": ["read"]}}}',
        '\n{"path": [{"a": {"capabilities": ["read"]}}]}',
        'path "\\u0061" { capabilities = ["read"] }',
    ],
)
def test_both_notations_are_read(text: str) -> None:
    assert (_only(text).path, _only(text).capabilities) == ("a", frozenset({"read"}))


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ('policy = "write"', {"create", "read", "update", "delete", "list"}),
        ('policy = "read"', {"read", "list"}),
        ('policy = "sudo"', {"create", "read", "update", "delete", "list", "sudo"}),
        ('policy = "deny" capabilities = ["read"]', {"deny"}),
        ('policy = "read" capabilities = ["patch"]', {"read", "list", "patch"}),
        ('capabilities = ["read", "deny", "whatever"]', {"deny"}),
        ("capabilities = []", set()),
        ("", set()),
    ],
)
def test_capabilities_are_what_the_server_makes_of_them(block: str, expected: set[str]) -> None:
    assert _only(f'path "a" {{ {block} }}').capabilities == expected


def test_parameters_and_ttls_are_read() -> None:
    stanza = _only("""
path "a" {
  capabilities = ["update"]
  allowed_parameters = { "Ttl" = ["1h", 5, true, ["x"]] "*" = [] }
  denied_parameters = { period = [] }
  required_parameters = ["name"]
  min_wrapping_ttl = "1h30m"
  max_wrapping_ttl = 7200
  mfa_methods = ["totp"]
  pagination_limit = 3
  expiration = "2030-01-31T12:00:00Z"
}
""")
    assert stanza == Stanza(
        path="a",
        line=2,
        capabilities=frozenset({"update"}),
        allowed_parameters={"ttl": ("1h", 5, True, ("x",)), "*": ()},
        denied_parameters={"period": ()},
        required_parameters=("name",),
        min_wrapping_seconds=5400,
        max_wrapping_seconds=7200,
        mfa_methods=("totp",),
        pagination_limit=3,
        expiration=datetime(2030, 1, 31, 12, tzinfo=UTC),
    )


def test_a_path_may_stand_twice() -> None:
    text = '{"path": {"a": {"capabilities": ["read"]}, "a": {"capabilities": ["list"]}}}'

    assert [each.capabilities for each in _read(text).stanzas] == [{"read"}, {"list"}]


@pytest.mark.parametrize(
    ("text", "line", "wrong"),
    [
        ('path "a" { capabilities = ["read" }', 1, "isn't readable HCL"),
        ('\n{"path": }', 2, "isn't readable JSON"),
        ('path "a" {\n', 1, "isn't readable HCL"),
        ('path "a" {}\npath "b" { capabilities = [read] }', 2, "isn't readable HCL"),
        ('path "${a}" {}', 1, "isn't readable HCL"),
        ('path "a" { capabilities = <<X\nX\n}', 1, "isn't readable HCL"),
        ('\nPath "a" {}', 2, "'Path' isn't known here; write path blocks"),
        ('paht "a" {}', 1, "'paht' isn't known here; write path blocks"),
        ('path = { "a" = {} }', 1, 'a path block begins with path "..." {'),
        ('path "a" "b" {}', 1, 'a path block begins with path "..." {'),
        ('{"path": {}}', 1, "path holds objects, by path"),
        ('{"path": {"a": 1}}', 1, "path 'a' is no object"),
        ('{"path": {"a": {"allowed_parameters": {"b": []}}}}', 1, "path 'a' has no capabilities"),
        ('path "a" {\n capability = ["read"] }', 2, "'capability' isn't known in a path block"),
        ('path "a" {\n capabilities = ["raed"] }', 2, "capability 'raed' isn't known"),
        ('path "a" { capabilities = "read" }', 1, "capabilities is no list of texts"),
        ('path "a" { capabilities = [1] }', 1, "capabilities is no list of texts"),
        ('path "a" { policy = "root" }', 1, "policy is none of deny, read, sudo, write"),
        ('path "a" {\npolicy = "read"\npolicy = "read" }', 3, "policy stands twice"),
        ('path "a/+*" {}', 1, "path 'a/+*' has +*, which is forbidden"),
        ('path "a/{{x" {}', 1, "path 'a/{{x' has unbalanced braces"),
        ('path "a/{{x}}}}" {}', 1, "path 'a/{{x}}}}' has unbalanced braces"),
        (
            'path "{{time.now}}" {}',
            1,
            "path '{{time.now}}' depends on the time, which isn't understood",
        ),
        ('path "a" { min_wrapping_ttl = "x" }', 1, "min_wrapping_ttl is no duration, such as 90s"),
        (
            'path "a" { min_wrapping_ttl = 2 max_wrapping_ttl = 1 }',
            1,
            "max_wrapping_ttl is less than min_wrapping_ttl",
        ),
        ('path "a" { denied_parameters = ["a"] }', 1, "denied_parameters is no object of lists"),
        (
            'path "a" { denied_parameters = { a = 1 } }',
            1,
            "denied_parameters is no object of lists",
        ),
        (
            'path "a" { denied_parameters = { a = [] A = [] } }',
            1,
            "denied_parameters has 'a' twice",
        ),
        (
            'path "a" { denied_parameters = { a = [{}] } }',
            1,
            "a parameter's value is an object, which isn't understood",
        ),
        (
            '{"path": {"a": {"policy": "read", "denied_parameters": {"a": [true]}}}}',
            1,
            "a list in JSON holds a boolean or a list; write it as HCL",
        ),
        (
            'path "a" { expiration = "tomorrow" }',
            1,
            "expiration is no time, such as 2030-01-31T12:00:00Z",
        ),
        ('path "a" { pagination_limit = true }', 1, "pagination_limit is no number"),
        (
            'path "a" { list_scan_response_keys_filter_path = "x" }',
            1,
            "list_scan_response_keys_filter_path isn't understood",
        ),
    ],
)
def test_what_can_t_be_read_is_refused_by_line(text: str, line: int, wrong: str) -> None:
    with pytest.raises(AclError) as refused:
        _read(text)

    assert (refused.value.line, refused.value.wrong) == (line, wrong)
    assert str(refused.value) == f"line {line}: {wrong}"


@pytest.mark.parametrize(
    ("block", "knows", "refuses"),
    [
        ('capabilities = ["scan"]', "openbao", "vault"),
        ("pagination_limit = 1", "openbao", "vault"),
        ('expiration = "1900000000"', "openbao", "vault"),
        ('capabilities = ["subscribe"] subscribe_event_types = ["*"]', "vault", "openbao"),
    ],
)
def test_each_server_knows_some_that_the_other_refuses(
    block: str, knows: Any, refuses: Any
) -> None:
    text = f'path "a" {{ {block} }}'

    assert _only(text, knows).path == "a"
    with pytest.raises(AclError):
        _read(text, refuses)


def test_an_acl_nested_without_end_is_refused() -> None:
    with pytest.raises(AclError):
        _read('path "a" { comment = ' + "[" * 5000 + "]" * 5000 + " }")
