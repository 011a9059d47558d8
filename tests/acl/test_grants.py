from acl.grants import administrators_acl, service_acl, team_acl


def test_a_service_reads_its_own_path_and_what_is_shared_with_it() -> None:
    text = service_acl("kv", "shop/billing", ["shop/orders/mail"])

    assert 'path "kv/data/shop/billing/*" {\n  capabilities = ["read"]' in text
    assert 'path "kv/data/shop/orders/mail" {\n  capabilities = ["read"]' in text
    assert 'path "kv/data/shop/orders/*"' not in text


def test_a_service_writes_nothing() -> None:
    text = service_acl("kv", "shop/orders")

    for word in ("create", "update", "delete", "sudo"):
        assert f'"{word}"' not in text


def test_a_service_whose_name_begins_with_anothers_does_not_reach_it() -> None:
    text = service_acl("kv", "shop/orders")

    assert "kv/data/shop/orders*" not in text
    assert 'path "kv/data/shop/orders/*"' in text


def test_a_team_writes_only_where_it_says_so() -> None:
    text = team_acl("kv", reads=["shop/orders"], writes=["shop/billing"])

    assert 'path "kv/data/shop/orders/*" {\n  capabilities = ["read"]' in text
    assert (
        'path "kv/data/shop/billing/*" {\n  capabilities = ["create", "read", "update", "delete"]'
        in text
    )


def test_administrators_can_neither_write_acls_nor_switch_off_audit() -> None:
    text = administrators_acl("kv")

    assert 'path "sys/policies/acl/*" {\n  capabilities = ["read"]' in text
    assert "sys/audit/" not in text
    assert "sys/generate-root" not in text
    assert 'path "sys/*"' not in text
    assert 'path "*"' not in text


def test_administrators_take_nothing_away_that_cannot_be_brought_back() -> None:
    text = administrators_acl("kv")

    assert 'path "kv/metadata/*" {\n  capabilities = ["read", "list"]' in text
    assert "kv/destroy" not in text
    assert "revoke-prefix" not in text
    assert "revoke-force" not in text


def test_administrators_delete_and_undelete_versions_and_revoke_one_lease() -> None:
    text = administrators_acl("kv")

    for path in ("kv/delete/*", "kv/undelete/*", "sys/leases/revoke"):
        assert f'path "{path}" {{\n  capabilities = ["update"]' in text
