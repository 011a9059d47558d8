"""Root tokens that live for minutes: minted from the recovery keys, revoked whatever happens.

generate-root gives a token without an end, and there is nobody to revoke it once this process is killed. So it is
used for one request, which makes an orphan token with policy root and a hard end, and is then revoked at once:
a caller that dies by SIGKILL leaves a token that ends by itself after `ttl`. One that dies before that request leaves
the other kind: every mint looks for root tokens without an end and revokes them, for nobody should have one.
"""

import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import hvac

from custody import generate_root, names, records
from custody.errors import CustodyError, RefusedError
from custody.interruption import deferred_signals, termination_unwinds
from custody.request import ClusterAddress, Place
from custody.secret import Secret
from custody.store import Custody, custody_at
from custody.vault import FORBIDDEN, Cluster, ask

_AT_ONCE = 8


@contextmanager
def minted(cluster: ClusterAddress, custody: Place, ttl: str = "15m") -> Iterator[Secret]:
    """Give a root token that ends after `ttl` and is revoked on the way out: error, SIGINT, SIGTERM, SIGHUP.

    Raises:
        CustodyError: if the recovery keys can't be read, don't fit, generate-root is closed, or somebody
            else's attempt is in progress (it is left alone); and if the token can't be revoked at the end.

    """
    names.check_cluster(cluster)
    names.check_custody(custody)
    servers, store = Cluster(cluster), custody_at(custody)
    _check_owner(servers, store)
    with minted_from(servers, store, ttl=ttl) as token:
        yield token


@contextmanager
def minted_from(
    cluster: Cluster, custody: Custody, *, ttl: str = "15m", cancel: bool = False
) -> Iterator[Secret]:
    """Like `minted`. With `cancel` an attempt in progress is cancelled: right only where nobody else has keys."""
    token: Secret | None = None
    with termination_unwinds():
        try:
            # A signal that came meanwhile strikes at the end of this block, where the token is known.
            with deferred_signals():
                keys = generate_root.recovery_keys(cluster, custody)
                token = _short_lived(cluster, keys, ttl=ttl, cancel=cancel)
            revoke_endless(cluster, token)
            yield token
        except BaseException as original:
            failure = _ended(cluster, token, ttl)
            if failure:
                # Whatever stopped the caller is what he must see first.
                original.add_note(str(failure))
                # Notes are shown with a traceback only, and who was interrupted sees none.
                sys.stderr.write(f"{failure}\n")
            raise
        failure = _ended(cluster, token, ttl)
        if failure:
            raise failure


def _ended(cluster: Cluster, token: Secret | None, ttl: str) -> CustodyError | None:
    if token is None:
        return None
    try:
        with deferred_signals():
            revoke(cluster, token)
    except CustodyError as failure:
        return CustodyError(
            f"the minted root token could not be revoked ({failure.cause})",
            f"it ends by itself after {ttl}; revoke it by its accessor if that is too long",
        )
    return None


def alive(cluster: Cluster, token: Secret) -> bool:
    """Whether the server still knows the token."""
    client = cluster.active(token)
    try:
        ask(client.url, "lookup-self", client.auth.token.lookup_self)
    except RefusedError as error:
        if error.reason != FORBIDDEN:
            raise
        return False
    return True


def revoke(cluster: Cluster, token: Secret) -> None:
    """Revoke the token and prove that it is dead.

    Raises:
        CustodyError: if it lives on.

    """
    client = cluster.active(token)
    try:
        ask(client.url, "revoke-self", client.auth.token.revoke_self)
    except RefusedError as error:
        if error.reason != FORBIDDEN:
            raise
    if alive(cluster, token):
        raise CustodyError(
            "a root token lives on after it was revoked", "revoke it by its accessor and run again"
        )


def revoke_others(cluster: Cluster, token: Secret) -> None:
    """Revoke every root token but this one: before a cluster is owned none can be anybody's but ours."""
    _revoke_all(cluster.active(token), _other_root_tokens(cluster, token))


def revoke_endless(cluster: Cluster, token: Secret) -> None:
    """Revoke every root token but this one that has no end, and say so.

    The one of a run that is minting at this very moment may be among them: that run then says that it is refused,
    and mints another when it is run again.
    """
    endless = [each for each in _other_root_tokens(cluster, token) if each["expire_time"] is None]
    _revoke_all(cluster.active(token), endless)
    for each in endless:
        made = dt.datetime.fromtimestamp(each["creation_time"], dt.UTC).isoformat()
        sys.stderr.write(
            f"revoked a root token without an end, made {made}: nobody should have one\n"
        )


def _other_root_tokens(cluster: Cluster, token: Secret) -> list[Mapping[str, Any]]:
    """Look at every token that the server knows; give what it says of those with policy root."""
    client = cluster.active(token)
    tokens = client.auth.token
    own = ask(client.url, "lookup-self", tokens.lookup_self)["data"]["accessor"]
    listed = ask(client.url, "accessors", tokens.list_accessors)["data"]["keys"]
    # One request for each token that the server knows: many, where many services have logged in.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looked = list(pool.map(partial(_known, client), listed))
    return [
        each
        for each in looked
        if each is not None and each["accessor"] != own and "root" in each["policies"]
    ]


def _known(client: hvac.Client, accessor: str) -> Mapping[str, Any] | None:
    """What the server says of a token; None if it has ended, as it may between the list and the look."""
    look = partial(client.auth.token.lookup_accessor, accessor)
    with suppress(RefusedError):
        found: Mapping[str, Any] = ask(client.url, "lookup-accessor", look)["data"]
        return found
    return None


def _revoke_all(client: hvac.Client, found: Iterable[Mapping[str, Any]]) -> None:
    for each in found:
        accessor = each["accessor"]
        try:
            ask(
                client.url,
                f"the revocation of the root token with accessor {accessor}",
                partial(client.auth.token.revoke_accessor, accessor),
            )
        except RefusedError:
            if _known(client, accessor) is not None:
                raise


def _short_lived(cluster: Cluster, keys: Sequence[Secret], *, ttl: str, cancel: bool) -> Secret:
    first = generate_root.generated(cluster, keys, cancel=cancel)
    try:
        client = cluster.active(first)
        made = ask(
            client.url,
            "a short-lived root token",
            lambda: client.auth.token.create_orphan(
                policies=["root"],
                ttl=ttl,
                explicit_max_ttl=ttl,
                renewable=False,
                display_name="strongroom-root",
            ),
        )
        return Secret(made["auth"]["client_token"])
    finally:
        revoke(cluster, first)


def _check_owner(cluster: Cluster, custody: Custody) -> None:
    owner = records.read_owner(custody)
    ids = {member.cluster_id for member in cluster.members() if member and member.cluster_id}
    if owner is not None and ids and owner.cluster_id not in ids:
        raise CustodyError(
            f"custody belongs to cluster {owner.cluster_id}, the servers are {', '.join(sorted(ids))}",
            "check that custody.bucket, custody.prefix and the servers belong together",
        )
