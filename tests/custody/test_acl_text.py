from custody.acl_text import parsed


def test_rules_are_read_as_the_server_lists_them() -> None:
    text = """
path "kv/data/*" {
  capabilities = ["read", "list"]
}
path "sys/x" { capabilities = ["read", "deny"] }
path "a\\"b" {capabilities=[]}
path "kv/+/x" { capabilities = ["read"] }
"""
    assert parsed(text) == {
        "kv/data/*": {"read", "list"},
        "sys/x": {"deny"},
        'a"b': frozenset(),
    }


def test_an_acl_that_says_more_is_not_compared() -> None:
    for text in (
        'path "x" { capabilities = ["read"] min_wrapping_ttl = "1s" }',
        '{"path": {}}',
        '# a comment\npath "x" { capabilities = ["read"] }',
    ):
        assert parsed(text) is None
