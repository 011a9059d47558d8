"""An owned cluster whose servers go from one seal to another: they are given custody's keys, and these their new name.

A server that is started anew with another seal waits for keys of its former one ("migrate"). Which those are custody
knows: what recovered with a seal that unseals by itself, unseals with Shamir's, and the other way round. The key
itself stays what it was. Every step may be killed: what it left is found by the next run.
Source: https://developer.hashicorp.com/vault/docs/concepts/seal#seal-migration
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from custody import names, records
from custody.errors import CustodyError, UnreachableError
from custody.keys import held
from custody.request import ClusterAddress, Place
from custody.states import Intent
from custody.store import Custody, custody_at
from custody.unseal import submit
from custody.vault import Cluster, Member, ask

_PAUSE_SECONDS = 0.5
_AGAIN_SECONDS = 2.0

Say = Callable[[str], None]


def intent_of(custody: Custody) -> Intent:
    """Give the intent: how many keys there are.

    Raises:
        CustodyError: if custody owns no cluster, or holds fewer keys than its intent says.

    """
    intent = records.read_intent(custody)
    if intent is None or records.read_owner(custody) is None:
        raise CustodyError(
            "custody owns no cluster whose seal could be migrated", "run `pulumi up` first"
        )
    held(custody, intent.role, shares=intent.recovery_shares, required=intent.recovery_shares)
    return intent


@contextmanager
def handing(cluster: ClusterAddress, place: Place, say: Say) -> Iterator[None]:
    """Give keys to whichever server waits for some, for as long as the block runs: each by itself."""
    intent = intent_of(custody_at(place))
    ended = threading.Event()
    threads = [
        threading.Thread(target=_hand, args=(cluster, place, intent, url, ended, say), daemon=True)
        for url in cluster.members
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _hand(
    address: ClusterAddress,
    place: Place,
    intent: Intent,
    url: str,
    ended: threading.Event,
    say: Say,
) -> None:
    cluster, pause, before = Cluster(address), 0.0, ""
    while not ended.wait(pause):
        pause = _PAUSE_SECONDS
        try:
            given = give(cluster, custody_at(place), intent, url)
        except UnreachableError:
            # It is being started anew.
            continue
        except CustodyError as error:
            # A pod that is being replaced breaks off connections: it is said if it stays so.
            if str(error) == before:
                say(before)
            before, pause = str(error), _AGAIN_SECONDS
        else:
            before = ""
            if given:
                say(f"{url} was given its keys")


def give(cluster: Cluster, custody: Custody, intent: Intent, url: str) -> bool:
    """Give one server the keys that it waits for; say whether it waited for any.

    Raises:
        CustodyError: if they don't fit, or it is sealed still.

    """
    member = cluster.member(url)
    if member is None or not (member.initialised and member.sealed):
        return False
    client = cluster.client(url)
    # Left by a run that died, or refused while the seal changed under it: a server takes no key a second time, and
    # without a new one it never combines those that it has.
    ask(url, "reset", lambda: client.sys.submit_unseal_key(reset=True))
    # Whatever they are called by now. One that finds the seal exchanged when it comes back wants them, too: while
    # its former seal stands in its configuration, no server unseals by itself.
    keys = held(
        custody, "recovery", shares=intent.recovery_shares, required=intent.recovery_threshold
    )
    submit(client, keys, migrate=member.migrating)
    return True


def unfinished(cluster: Cluster) -> str | None:
    """Say what stands between the servers and one common seal; None if nothing does."""
    members = cluster.members()
    found = [member for member in members if member is not None]
    if len(found) < len(members) or any(member.sealed for member in found):
        return cluster.why_not_unsealed()
    waiting = [member.url for member in found if member.migrating]
    if waiting:
        return f"{', '.join(waiting)}: the seal is exchanged once another server leads"
    if len({member.recovery_seal for member in found}) > 1:
        return "the servers don't have the same seal: not all of them have been started anew"
    return None


def rename(cluster: Cluster, custody: Custody) -> tuple[names.Role, int]:
    """Give custody's keys the name of what the servers' seal makes of them; give it, and how many were renamed.

    The same ciphertext is stored under its new name, read back, opened and compared; then the old name is hidden,
    whose versions stay.

    Raises:
        CustodyError: if the servers' seal is not exchanged everywhere, or custody lacks a key.

    """
    left = unfinished(cluster)
    if left is not None:
        raise CustodyError(
            f"the migration is not at its end: {left}", "let it go on, then run again"
        )
    intent = intent_of(custody)
    member = next(member for member in cluster.members() if member is not None)
    role = _role(member)
    other: names.Role = "unseal" if role == "recovery" else "recovery"
    shares = range(intent.recovery_shares)
    for index in shares:
        if custody.get(names.key(role, index)) is None:
            body = custody.get(names.key(other, index))
            custody.put(names.key(role, index), body or b"")
    old = [index for index in shares if custody.get(names.key(other, index)) is not None]
    for index in old:
        _verify(custody, names.key(role, index), names.key(other, index))
    for index in old:
        custody.hide(names.key(other, index))
    return role, len(old)


def _role(member: Member) -> names.Role:
    return "recovery" if member.recovery_seal else "unseal"


def _verify(custody: Custody, new: str, old: str) -> None:
    bodies = [custody.get(name) for name in (new, old)]
    if None in bodies or len({custody.decrypt(body or b"") for body in bodies}) != 1:
        raise CustodyError(
            f"{new} in custody is not what {old} is",
            "see who else writes to this bucket; nothing was hidden",
        )
