"""`python -m ops migrate-seal -- <command>`: servers get another seal while the command starts them anew.

The command is what exchanges their configuration one by one: `pulumi up` where they are processes, `python -m ops roll`
where they are pods. docs/seal-migration.md goes through it.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from custody.errors import CustodyError
from custody.migrate import handing, rename, unfinished
from custody.request import Place
from custody.root import minted
from custody.store import custody_at
from custody.vault import Cluster, wait_until
from ops.child import NOT_RUN, started
from ops.snapshot import SnapshotError, take
from ops.stack import OWNED, resources, the_only
from ops.unseal import Located, reached

Say = Callable[[str], None]
_SETTLE_SECONDS = 120.0


def migrate(stack: str | None, command: Sequence[str], say: Say) -> int:
    """Take a snapshot, run `command` and give keys to whoever waits for some, rename custody's; give an exit code.

    Run again, it goes on where it stopped; without a command it only brings to its end what was begun.

    Raises:
        CustodyError: if keys can't be had or don't fit, or the migration is not at its end after the command.
        SnapshotError: if no whole snapshot can be taken: nothing has been changed then.
        StackError: if the state doesn't say where the cluster is.

    """
    owned = the_only(resources(stack), OWNED)
    with reached(owned.outputs) as at:
        return migrate_at(at, Path(owned.outputs["directory"]) / "snapshots", command, say)


def migrate_at(at: Located, snapshots: Path, command: Sequence[str], say: Say) -> int:
    """Do it to servers that are reached already; the snapshot goes into `snapshots`. See `migrate`."""

    def told(text: str) -> None:
        # A pod's local port of this moment tells nobody which pod it is.
        say(at.named(text))

    cluster = Cluster(at.cluster)
    if unfinished(cluster) is None:
        _snapshot(at, snapshots, told)
    else:
        told("a migration is under way: it goes on, without another snapshot")
    with handing(at.cluster, at.place, told):
        code = _run(command)
        if code == 0:
            wait_until(lambda: unfinished(cluster) is None, _SETTLE_SECONDS, pause=0.5)
    left = unfinished(cluster)
    if code != 0:
        if left is not None:
            told(f"the migration is not at its end: {left}")
        return code
    _end(cluster, at.place, told)
    return 0


def _snapshot(at: Located, directory: Path, say: Say) -> None:
    # That a token can be minted also proves that custody's keys are the cluster's.
    with minted(at.cluster, at.place) as token:
        try:
            file = take(Cluster(at.cluster).active(token), directory)
        except SnapshotError as error:
            raise SnapshotError(at.named(str(error))) from None
    say(f"snapshot {file}: it opens with the seal that the servers have now")


def _run(command: Sequence[str]) -> int:
    if not command:
        return 0
    process = started(command, os.environ)
    if process is None:
        return NOT_RUN
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _end(cluster: Cluster, place: Place, say: Say) -> None:
    try:
        # A bucket's policy that was changed a moment ago is not known everywhere yet.
        role, renamed = rename(cluster, custody_at(place, patience=30.0))
    except CustodyError as error:
        error.cure += " (`python -m ops migrate-seal` alone goes on)"
        error.args = (f"{error.cause}; {error.cure}",)
        raise
    if renamed:
        say(f"custody's keys are {role} keys now: {renamed} were renamed")
    else:
        say(f"custody's keys are {role} keys")
    say("now delete formerSeal and start the servers anew once more: see docs/seal-migration.md")
