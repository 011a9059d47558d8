"""Shamir's servers unsealed with keys from custody, each by itself. Keys are read when needed, and not kept."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import hvac

from custody.errors import CustodyError, RefusedError
from custody.keys import held
from custody.secret import Secret
from custody.store import Custody
from custody.vault import INVALID, Cluster, ask, wait_until

_UNSEALED_SECONDS = 30.0
"""One that joins is unsealed once the leader has answered it."""
_AGAIN_SECONDS = 0.5


class KeysError(CustodyError):
    """The keys that custody holds are not this server's."""


def unseal(cluster: Cluster, custody: Custody, url: str) -> None:
    """Unseal one initialised member; do nothing if it is unsealed.

    Raises:
        KeysError: if the keys don't fit.
        CustodyError: if it unseals by itself, waits for a migration, or is sealed still after half a minute.

    """
    client = cluster.client(url)
    status = ask(url, "seal status", client.sys.read_seal_status)
    if not status["sealed"]:
        return
    if status.get("migration"):
        # Once its keys are given a seal is exchanged for good: not without a person who wants it.
        raise CustodyError(
            f"{url} is sealed until its seal is migrated",
            "put strongroom:seal back, or give it the keys of its former seal: operator unseal -migrate",
        )
    if status.get("recovery_seal"):
        raise CustodyError(
            f"{url} is sealed, and no key unseals it but its own seal's",
            "see its log: it needs its seal's key, which may be out of reach",
        )
    keys = held(custody, "unseal", shares=status["n"], required=status["t"])
    submit(client, keys)
    _await_unsealed(cluster, url)


def submit(client: hvac.Client, keys: Sequence[Secret], *, migrate: bool = False) -> None:
    """Hand keys to one server until it has enough.

    What somebody else has handed it before counts, too: if that was wrong, so is the sum, and the server forgets all.

    Raises:
        KeysError: if they don't fit.

    """
    for key in keys:
        try:
            answer: dict[str, Any] = ask(
                client.url, "a key", partial(_submitted, client, key, migrate=migrate)
            )
        except RefusedError as error:
            if error.reason != INVALID:
                raise
            said = error.cause
            break
        if not answer["sealed"]:
            return
    else:
        return
    raise KeysError(
        f"custody's keys don't unseal {client.url} ({said})",
        "check that custody.bucket, custody.prefix and the servers belong together, then run again",
    )


def _submitted(client: hvac.Client, key: Secret, *, migrate: bool) -> Any:
    return client.sys.submit_unseal_key(key.reveal(), migrate=migrate)


def _await_unsealed(cluster: Cluster, url: str) -> None:
    client = cluster.client(url)

    def unsealed() -> bool:
        return not ask(url, "seal status", client.sys.read_seal_status)["sealed"]

    if not wait_until(unsealed, _UNSEALED_SECONDS):
        raise CustodyError(
            f"{url} has been given its keys and is sealed still",
            "see its log: it may not reach the one that leads. Then run again",
        )


def unseal_all(cluster: Cluster, custody: Custody, patience: float) -> None:
    """Unseal every member as soon as it can be: whoever leads first, then those that join it.

    Raises:
        KeysError: at once, if keys don't fit.
        CustodyError: with the last reason, if a member is sealed still after `patience` seconds.

    """
    failure: CustodyError | None = None

    def unsealed() -> bool:
        nonlocal failure
        sealed = [each for each in cluster.members() if each is None or each.sealed]
        for member in sealed:
            if member is None or not member.initialised:
                continue
            try:
                unseal(cluster, custody, member.url)
            except KeysError:
                raise
            except CustodyError as error:
                failure = error
        return not sealed

    if not wait_until(unsealed, patience, pause=_AGAIN_SECONDS):
        raise failure or CustodyError(
            f"after {patience:.0f} s {cluster.why_not_unsealed()}", "see their logs, then run again"
        )


def waits_for_keys(cluster: Cluster) -> bool:
    """Whether every member that answers is initialised, sealed, and waits for somebody who unseals it."""
    answering = [each for each in cluster.members() if each is not None]
    return bool(answering) and all(
        each.sealed and not each.recovery_seal and not each.migrating for each in answering
    )
