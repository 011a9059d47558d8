"""What the token must be able to do that the owner of a Vault lends, and nothing more."""

from acl.document import render, rule


def lent_acl(*, name: str, mount: str) -> str:
    """Give the acl of a token that makes the account `name` on the login method `mount`, with its acl.

    Said plainly: the account's acl is written with it, and so whatever that says can be granted.
    """
    return render(
        [
            rule("sys/auth", "read"),
            rule("sys/mounts", "read"),
            rule(f"sys/auth/{mount}", "create", "update", "delete", "sudo"),
            rule(f"sys/auth/{mount}/tune", "update", "sudo"),
            rule("sys/policies/acl", "list"),
            rule(f"sys/policies/acl/{name}", "create", "update", "delete"),
            rule(f"auth/{mount}/users", "list"),
            rule(f"auth/{mount}/users/*", "create", "update", "delete"),
        ]
    )
