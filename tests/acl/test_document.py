import pytest

from acl.document import Rule, render, rule


def test_equal_acls_are_equal_texts() -> None:
    one = [rule("kv/data/a", "read", "list"), rule("kv/data/b", "read")]
    other = [rule("kv/data/b", "read"), rule("kv/data/a", "list"), rule("kv/data/a", "read")]

    assert render(one) == render(other)


def test_a_rule_is_a_block_that_vault_reads() -> None:
    assert render([rule("kv/data/shop/*", "read", "create")]) == (
        'path "kv/data/shop/*" {\n  capabilities = ["create", "read"]\n}\n'
    )


def test_deny_swallows_what_stands_beside_it() -> None:
    text = render([rule("sys/auth/a", "sudo", "read"), rule("sys/auth/a", "deny")])

    assert 'capabilities = ["deny"]' in text


@pytest.mark.parametrize("path", ["", "/kv/data/a"])
def test_a_path_that_vault_never_matches_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        rule(path, "read")


def test_a_rule_without_capabilities_is_refused() -> None:
    with pytest.raises(ValueError, match="capabilities"):
        Rule(path="kv/data/a", capabilities=frozenset())
