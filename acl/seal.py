"""What servers may do at the Vault that keeps the key of their transit seal."""

from acl.document import render, rule


def seal_acl(*, mount_path: str, key_name: str) -> str:
    """Encrypt and decrypt with one key; look at the own token and renew it, with or without the acl `default`.

    Source: https://openbao.org/docs/configuration/seal/transit
    """
    return render(
        [
            rule(f"{mount_path}/encrypt/{key_name}", "update"),
            rule(f"{mount_path}/decrypt/{key_name}", "update"),
            rule("auth/token/lookup-self", "read"),
            rule("auth/token/renew-self", "update"),
        ]
    )
