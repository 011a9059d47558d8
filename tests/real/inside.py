"""Looks inside a bootstrapped cluster with a minted root token: what a test asks after everything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from custody.aws import Custody
from custody.request import Request
from custody.root import minted
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


def look_inside(request: Request) -> Inside:
    """Mint a root token, look, revoke it: that this works proves the recovery keys, too."""
    account = request.account
    with minted(request.cluster, request.custody) as token:
        client = Cluster(request.cluster).active(token)
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
        )


def bucket_names(request: Request) -> dict[str, bool]:
    """Every name that the bucket holds in any version -> whether it holds it now."""
    return {name: stored.current for name, stored in Custody(request.custody).listed().items()}
