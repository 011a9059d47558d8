"""Root tokens that live for minutes: minted from the recovery keys, revoked whatever happens.

generate-root gives a token without an end, and there is nobody to revoke it once this process is killed. So it is
used for one request, which makes an orphan token with policy root and a hard end, and is then revoked at once:
a caller that dies by SIGKILL leaves a token that ends by itself after `ttl`.
"""

import base64
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import hvac

from custody import names, records
from custody.aws import Custody
from custody.errors import CustodyError, RefusedError
from custody.interruption import deferred_signals, termination_unwinds
from custody.request import AwsCustody, ClusterAddress
from custody.secret import Secret
from custody.vault import FORBIDDEN, INVALID, Cluster, ask

_CANCEL = (
    "bao operator generate-root -cancel (or vault operator ..., at the address for generate-root)"
)


@contextmanager
def minted(cluster: ClusterAddress, custody: AwsCustody, ttl: str = "15m") -> Iterator[Secret]:
    """Give a root token that ends after `ttl` and is revoked on the way out: error, SIGINT, SIGTERM, SIGHUP.

    Raises:
        CustodyError: if the recovery keys can't be read, don't fit, generate-root is closed, or somebody
            else's attempt is in progress (it is left alone); and if the token can't be revoked at the end.

    """
    names.check_cluster(cluster)
    names.check_custody(custody)
    servers, store = Cluster(cluster), Custody(custody)
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
                keys = _recovery_keys(cluster, custody)
                token = _short_lived(cluster, keys, ttl=ttl, cancel=cancel)
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
    client = cluster.active(token)
    tokens = client.auth.token
    own = ask(client.url, "lookup-self", tokens.lookup_self)["data"]["accessor"]
    listed = ask(client.url, "accessors", tokens.list_accessors)["data"]["keys"]
    for accessor in listed:
        # A token may end between the list and the look.
        with suppress(RefusedError):
            found = ask(client.url, "lookup-accessor", partial(tokens.lookup_accessor, accessor))[
                "data"
            ]
            if accessor != own and "root" in found["policies"]:
                ask(client.url, "revoke-accessor", partial(tokens.revoke_accessor, accessor))


def _short_lived(cluster: Cluster, keys: Sequence[Secret], *, ttl: str, cancel: bool) -> Secret:
    first = _generated(cluster, keys, cancel=cancel)
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


def _recovery_keys(cluster: Cluster, custody: Custody) -> list[Secret]:
    """Read as many recovery keys as the server asks for; any of them will do."""
    client = cluster.active_generate_root()
    required = _progress(client)["required"]
    shares = ask(client.url, "seal status", client.sys.read_seal_status)["n"]
    found: list[Secret] = []
    for index in range(shares):
        stored = custody.get(names.recovery(index))
        if stored is not None:
            found.append(Secret(custody.decrypt(stored).decode()))
        if len(found) == required:
            return found
    raise CustodyError(
        f"custody holds {len(found)} recovery keys, generate-root needs {required}",
        "check custody.bucket and custody.prefix; restore deleted keys from their versions",
    )


def _generated(cluster: Cluster, keys: Sequence[Secret], *, cancel: bool) -> Secret:
    """Run one generate-root attempt to its end.

    Source: https://developer.hashicorp.com/vault/api-docs/system/generate-root; OpenBao answers alike.
    """
    client = cluster.active_generate_root()
    progress = _progress(client)
    if progress["started"] and cancel:
        ask(client.url, "generate-root", client.sys.cancel_root_generation)
    elif progress["started"]:
        raise CustodyError(
            f"somebody's attempt to generate a root token is in progress at {client.url}"
            f" ({progress['progress']} of {progress['required']} keys, nonce {progress['nonce']})",
            f"let it end, or cancel it: {_CANCEL}",
        )
    attempt = ask(client.url, "generate-root", client.sys.start_root_token_generation)
    nonce, password = attempt["nonce"], Secret(attempt.pop("otp"))
    ended = False
    try:
        for key in keys:
            answer = _submitted(client, key, nonce)
            if answer["complete"]:
                ended = True
                return _decoded(answer, password)
    finally:
        if not ended:
            # Ours, and of no more use: it would stand in the next one's way.
            with suppress(CustodyError):
                ask(client.url, "generate-root", client.sys.cancel_root_generation)
    raise CustodyError("generate-root wants more keys than it said", "run again")


def _check_owner(cluster: Cluster, custody: Custody) -> None:
    owner = records.read_owner(custody)
    ids = {member.cluster_id for member in cluster.members() if member and member.cluster_id}
    if owner is not None and ids and owner.cluster_id not in ids:
        raise CustodyError(
            f"custody belongs to cluster {owner.cluster_id}, the servers are {', '.join(sorted(ids))}",
            "check that custody.bucket, custody.prefix and the servers belong together",
        )


def _progress(client: hvac.Client) -> Mapping[str, Any]:
    try:
        return ask(client.url, "generate-root", client.sys.read_root_generation_progress)
    except RefusedError as error:
        if error.reason == "VaultDown":
            raise
    raise closed([client.url])


def closed(urls: Sequence[str]) -> CustodyError:
    """Say that no root token could ever be minted, and what opens generate-root."""
    return CustodyError(
        f"generate-root is not reachable at {', '.join(urls)}: no root token could be minted later",
        "give every server a listener of its own for it, on loopback: OpenBao with"
        " disable_unauthed_generate_root_endpoints = false, Vault 2 with"
        ' enable_unauthenticated_access = ["generate-root"]; then run again',
    )


def _submitted(client: hvac.Client, key: Secret, nonce: str) -> Mapping[str, Any]:
    try:
        return ask(
            client.url, "a recovery key", lambda: client.sys.generate_root(key.reveal(), nonce)
        )
    except RefusedError as error:
        if error.reason != INVALID:
            raise
    raise CustodyError(
        f"the recovery keys in custody don't fit the cluster at {client.url}",
        "check that custody.bucket, custody.prefix and the servers belong together",
    )


def _decoded(answer: Mapping[str, Any], password: Secret) -> Secret:
    """XOR with the one-time password that the server chose; base64 without padding."""
    encoded = answer.get("encoded_token") or answer["encoded_root_token"]
    token = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    mask = password.reveal().encode()
    return Secret(bytes(a ^ b for a, b in zip(token, mask, strict=True)).decode())
