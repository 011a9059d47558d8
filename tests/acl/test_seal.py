from acl.seal import seal_acl


def test_servers_may_use_one_key_and_keep_their_token_alive() -> None:
    assert seal_acl(mount_path="keys/transit", key_name="strongroom") == (
        'path "auth/token/lookup-self" {\n  capabilities = ["read"]\n}\n\n'
        'path "auth/token/renew-self" {\n  capabilities = ["update"]\n}\n\n'
        'path "keys/transit/decrypt/strongroom" {\n  capabilities = ["update"]\n}\n\n'
        'path "keys/transit/encrypt/strongroom" {\n  capabilities = ["update"]\n}\n'
    )
