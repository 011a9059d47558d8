"""`python -m ops unseal [--watch]`: servers with Shamir's seal, unsealed with the keys in custody."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType

from components.server.address import reached_cluster
from custody.errors import CustodyError
from custody.request import ClusterAddress, Place, place_of
from custody.store import custody_at
from custody.unseal import unseal
from custody.vault import Cluster
from custody.watch import Watch
from ops.metrics import serving
from ops.stack import OWNED, StackError, resources, the_only

Say = Callable[[str], None]


@contextmanager
def located(stack: str | None, file: Path | None) -> Iterator[tuple[ClusterAddress, Place]]:
    """Give servers and custody, from the stack's state or from a file; pods are reached for as long as the block runs.

    The file is JSON with the bootstrap's properties `flavour`, `members`, `generate_root_members`,
    `ca_certificate` and `custody`, and lets this run where there is no state.

    Raises:
        StackError: if neither says where they are.

    """
    if file is None:
        props = the_only(resources(stack), OWNED).outputs
    else:
        try:
            props = json.loads(file.read_text())
        except (OSError, ValueError) as error:
            raise StackError(f"{file} can't be read ({type(error).__name__}); write it") from None
        lacking = {"flavour", "members", "ca_certificate", "custody"} - props.keys()
        if lacking:
            raise StackError(f"{file} lacks {', '.join(sorted(lacking))}; write it")
        props = {"generate_root_members": props["members"], **props}
    with reached_cluster(props) as cluster:
        yield cluster, place_of(props["custody"])


def unseal_once(address: ClusterAddress, place: Place, say: Say) -> bool:
    """Unseal what is sealed, each server by itself; say whether all are unsealed then."""
    cluster, custody = Cluster(address), custody_at(place)
    well = True
    for url, member in zip(address.members, cluster.members(), strict=True):
        if member is None:
            say(f"{url} does not answer; see its log")
        elif not member.initialised:
            say(f"{url} is not initialised, or has not joined yet; run again once another leads")
        elif not member.sealed:
            say(f"{url} is unsealed")
            continue
        else:
            try:
                unseal(cluster, custody, url)
            except CustodyError as error:
                say(str(error))
            else:
                say(f"{url} was sealed and is unsealed")
                continue
        well = False
    return well


def watch_over(address: ClusterAddress, place: Place, metrics: str | None, say: Say) -> None:
    """Keep the servers unsealed until SIGINT or SIGTERM.

    Raises:
        MetricsError: if metrics can't be answered at `metrics`.

    """
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    previous = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    watch = Watch(address, place, say)
    try:
        with serving(metrics, watch) if metrics else nullcontext():
            watch.start()
            say(f"watching {', '.join(address.members)}")
            ended.wait()
            watch.end()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
