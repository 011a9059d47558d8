"""Paths that want `sudo` besides the request's own capability: `sys/capabilities` doesn't say so, requests are refused.

Only what every server has: a secrets engine may have its own (pki: `<mount>/root`).
Source: PathsSpecial.Root in logical_system.go and token_store.go of both servers; seal and step-down are elsewhere.
"""

from collections.abc import Mapping

from acl.stanza import Flavour

_SYS = (
    "auth/*", "remount", "audit", "audit/*", "raw", "raw/*", "rotate", "config/cors", "config/auditing/*",
    "config/ui/headers/*", "plugins/catalog/*", "revoke-prefix/*", "revoke-force/*", "leases/revoke-prefix/*",
    "leases/revoke-force/*", "leases/lookup/*", "leases", "internal/inspect/*", "seal", "step-down",
)  # fmt: skip
_OWN: Mapping[Flavour, tuple[str, ...]] = {
    "openbao": (
        "sys/rotate/keyring", "sys/rotate/root", "auth/token/revoke-orphan/*", "auth/token/accessors*",
    ),
    "vault": (
        "sys/replication/primary/secondary-token", "sys/replication/performance/primary/secondary-token",
        "sys/replication/dr/primary/secondary-token", "sys/replication/reindex", "sys/replication/dr/reindex",
        "sys/replication/performance/reindex", "sys/plugins/runtimes/catalog/*",
        "sys/storage/raft/snapshot-auto/config/*", "sys/internal/counters/activity/export",
        "auth/token/revoke-orphan", "auth/token/accessors/",
    ),
}  # fmt: skip
_ALL: Mapping[Flavour, tuple[str, ...]] = {
    flavour: (*(f"sys/{path}" for path in _SYS), *own) for flavour, own in _OWN.items()
}
_EXACT = {flavour: frozenset(paths) for flavour, paths in _ALL.items()}
_PREFIXES = {
    flavour: tuple(path[:-1] for path in paths if path.endswith("*"))
    for flavour, paths in _ALL.items()
}


def wants_sudo(path: str, flavour: Flavour) -> bool:
    """Whether a request to `path` (a list's with its slash) needs `sudo` besides."""
    # Quick: nearly nothing that is asked for lies there.
    if not path.startswith(("sys/", "auth/token/")):
        return False
    return path in _EXACT[flavour] or path.startswith(_PREFIXES[flavour])
