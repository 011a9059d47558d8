from acl.account import Shape, account_acl

SHAPE = Shape(key_value=frozenset({"kv"}), methods={"kubernetes": "jwt", "people": "userpass"})


def _text(shape: Shape) -> str:
    return account_acl(shape, name="strongroom", mount="strongroom")


def test_the_acl_covers_declared_mounts_and_no_other() -> None:
    text = _text(SHAPE)

    assert 'path "sys/mounts/kv" {' in text
    assert 'path "auth/kubernetes/role/*" {' in text
    assert 'path "auth/people/users/*" {' in text
    assert 'path "sys/mounts/*"' not in text
    assert 'path "auth/*"' not in text


def test_its_own_acl_and_its_own_login_are_denied() -> None:
    text = _text(SHAPE)

    assert 'path "sys/policies/acl/strongroom" {\n  capabilities = ["deny"]' in text
    assert 'path "auth/strongroom/users/*" {\n  capabilities = ["deny"]' in text
    assert 'path "sys/auth/strongroom" {\n  capabilities = ["deny"]' in text


def test_older_versions_of_a_secret_cannot_be_destroyed_by_the_account() -> None:
    text = _text(SHAPE)

    metadata = text.split('path "kv/metadata/*" {\n  capabilities = ')[1].splitlines()[0]
    assert metadata == '["create", "read", "update"]'
    assert "kv/destroy" not in text


def test_a_shape_survives_the_state() -> None:
    assert Shape.from_document(SHAPE.to_document()) == SHAPE


def test_while_a_mount_goes_both_shapes_are_covered() -> None:
    after = Shape(key_value=frozenset({"kv"}), methods={"kubernetes": "jwt"})

    text = _text(after.united(SHAPE))

    assert text == _text(SHAPE)
    assert "auth/people/users" not in _text(after)


ADOPTED = Shape(
    adopted_mounts=frozenset({"secret"}),
    adopted_methods=frozenset({"clusters/a"}),
    adopted_acls=frozenset({"orders"}),
)


def test_of_what_is_adopted_the_acl_covers_neither_secrets_nor_configuration() -> None:
    text = _text(ADOPTED)

    for path in (
        "sys/mounts/secret", "sys/auth/clusters/a", "auth/clusters/a/role/*",
        "sys/policies/acl/orders",
    ):  # fmt: skip
        assert f'path "{path}" {{' in text
    assert "secret/data" not in text
    assert "auth/clusters/a/config" not in text


def test_it_survives_the_state_which_is_as_before_where_there_is_none() -> None:
    assert Shape.from_document(ADOPTED.to_document()) == ADOPTED
    assert set(SHAPE.to_document()) == {"key_value", "methods"}
    assert ADOPTED.beyond(Shape()) == ["acl orders", "auth/clusters/a", "secret"]
