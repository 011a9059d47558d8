"""The acls of services, teams and administrators."""

from collections.abc import Iterable

from acl.document import Rule, render, rule


def service_acl(mount: str, own: str, shared: Iterable[str] = ()) -> str:
    """Read everything below its own path, and exactly the paths that others share with it.

    `own` and `shared` are paths in the KV v2 mount `mount`, such as `shop/orders` and `shop/billing/mail`.
    """
    return render(
        [
            rule(f"{mount}/data/{own}/*", "read"),
            rule(f"{mount}/metadata/{own}/*", "read", "list"),
            *(rule(f"{mount}/data/{path}", "read") for path in shared),
        ]
    )


def metrics_acl() -> str:
    """Read the server's metrics."""
    return render([rule("sys/metrics", "read")])


def team_acl(mount: str, reads: Iterable[str], writes: Iterable[str]) -> str:
    """Read or write the KV paths of services, and list the way down to them."""
    rules = [rule(f"{mount}/metadata/", "list")]
    for path in reads:
        rules += _people(mount, path, rule(f"{mount}/data/{path}/*", "read"))
    for path in writes:
        rules += _people(
            mount, path, rule(f"{mount}/data/{path}/*", "create", "read", "update", "delete")
        )
    return render(rules)


def _people(mount: str, path: str, data: Rule) -> list[Rule]:
    namespace = path.split("/", maxsplit=1)[0]
    return [
        data,
        # A person finds things by listing, so the way down is listable too.
        rule(f"{mount}/metadata/{namespace}/", "list"),
        rule(f"{mount}/metadata/{path}/*", "read", "list"),
    ]


def administrators_acl(mount: str) -> str:
    """What daily work needs, so that nobody needs root for it.

    See everything that is configured, keep secrets and leases, keep the cluster. Acls, logins and mounts are
    read here and written by the program, so that what is in force is what was reviewed. No audit device, seal,
    rekey, raw storage or generate-root.

    Nor anything that a slip of the hand can't take back, for which `python -m ops root` is there:

    * a secret's versions are deleted and undeleted, never destroyed. So no `destroy`, and of `metadata` only
      the reading: deleting it destroys every version, and `max_versions` written there does at the next write;
    * leases and tokens are revoked one by one. `sys/leases/revoke-prefix` ends those of everybody who logged in
      by one mount, or of every service with a database user, at once.
    """
    seen = (
        "sys/policies/acl", "sys/mounts", "sys/auth", "sys/audit", "sys/internal/ui/mounts",
        "sys/internal/counters/activity", "sys/host-info", "sys/metrics", "sys/ha-status",
        "sys/storage/raft/configuration", "sys/storage/raft/autopilot/state",
    )  # fmt: skip
    return render(
        [
            *(rule(path, "read", "list", "sudo") for path in seen),
            rule("sys/policies/acl/*", "read"),
            rule("sys/mounts/*", "read"),
            rule("sys/internal/ui/mounts/*", "read"),
            rule("auth/+/role", "list"),
            rule("auth/+/role/*", "read", "list"),
            rule("auth/+/users", "list"),
            rule("auth/+/users/*", "read", "list"),
            rule("auth/+/config", "read"),
            rule("auth/token/accessors", "list", "sudo"),
            rule("auth/token/lookup-accessor", "update"),
            rule("auth/token/revoke-accessor", "update"),
            rule(f"{mount}/data/*", "create", "read", "update", "delete"),
            rule(f"{mount}/metadata/*", "read", "list"),
            rule(f"{mount}/delete/*", "update"),
            rule(f"{mount}/undelete/*", "update"),
            rule("sys/leases/lookup", "update"),
            rule("sys/leases/lookup/*", "list", "sudo"),
            rule("sys/leases/renew", "update"),
            rule("sys/leases/revoke", "update"),
            rule("sys/capabilities", "update"),
            rule("sys/capabilities-accessor", "update"),
            # Moves the leader before its node is worked on.
            rule("sys/step-down", "update", "sudo"),
            # A node that was removed for good leaves raft here.
            rule("sys/storage/raft/remove-peer", "update", "sudo"),
            rule("sys/seal-status", "read"),
            rule("sys/health", "read"),
        ]
    )
