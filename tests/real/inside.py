"""Looks inside a bootstrapped cluster with a root token of its own: what a test asks after everything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from custody.bootstrap import check
from custody.generate_root import generated, recovery_keys
from custody.names import Role, key
from custody.request import Request
from custody.root import revoke
from custody.store import custody_at
from custody.vault import Cluster


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What is there."""

    root_tokens: int
    """Live root tokens besides the one that looks."""
    accounts: tuple[str, ...]
    """Users in the account's mount."""
    account: Mapping[str, Any]
    """How the account is configured."""
    mount: Mapping[str, Any]
    """How its mount is tuned."""
    acl: str
    autopilot: Mapping[str, Any]
    """How raft's autopilot is configured."""


def look_inside(request: Request) -> Inside:
    """Generate a root token, look, revoke it: that this works proves the recovery keys, too.

    Not by `minted`, which revokes what a test wants to see.
    """
    account = request.account
    cluster = Cluster(request.cluster)
    keys = recovery_keys(cluster, custody_at(request.custody))
    token = generated(cluster, keys, cancel=False)
    try:
        client = cluster.active(token)
        own = client.auth.token.lookup_self()["data"]["accessor"]
        roots = 0
        for accessor in client.auth.token.list_accessors()["data"]["keys"]:
            found = client.auth.token.lookup_accessor(accessor)["data"]
            roots += accessor != own and "root" in found["policies"]
        users = f"/v1/auth/{account.mount}/users"
        return Inside(
            root_tokens=roots,
            accounts=tuple(client.adapter.list(users)["data"]["keys"]),
            account=client.adapter.get(f"{users}/{account.name}")["data"],
            mount=client.adapter.get(f"/v1/sys/auth/{account.mount}")["data"],
            acl=client.sys.read_policy(account.acl_name)["data"]["rules"],
            autopilot=client.adapter.get("/v1/sys/storage/raft/autopilot/configuration")["data"],
        )
    finally:
        revoke(cluster, token)


def bucket_names(request: Request) -> dict[str, bool]:
    """Every name that the bucket holds in any version -> whether it holds it now."""
    return {name: stored.current for name, stored in custody_at(request.custody).listed().items()}


def owned_and_tidy(request: Request, role: Role = "recovery") -> bool:
    """Everything that must hold once a bootstrap has ended, however often it was killed."""
    assert check(request).as_declared
    found = bucket_names(request)
    # Only the file was written where the run was killed before the bucket had it.
    assert found.pop("strongroom-envelope", False) is False
    assert found == {
        **{key(role, i): True for i in range(5)},
        "strongroom-intent": True,
        "strongroom-owner": True,
    }
    left = [each.name for each in request.directory.iterdir()] if request.directory.exists() else []
    assert left == []
    inside = look_inside(request)
    return (inside.root_tokens, inside.accounts) == (0, ("strongroom",))
