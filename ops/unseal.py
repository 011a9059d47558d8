"""`python -m ops unseal [--watch]`: servers with Shamir's seal, unsealed with the keys in custody."""

import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from components.server.address import named, reached_cluster
from custody.errors import CustodyError
from custody.request import ClusterAddress, Place, place_of
from custody.store import custody_at
from custody.unseal import unseal
from custody.vault import Cluster
from custody.watch import Watch
from ops.metrics import serving
from ops.stack import OWNED, StackError, resources, the_only

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Located:
    """Servers, the custody of their keys, and how people call the servers."""

    cluster: ClusterAddress
    place: Place
    named: Callable[[str], str]
    """Writes pods' names into a text in place of the addresses that lead to them for now."""


@contextmanager
def located(stack: str | None, file: Path | None) -> Iterator[Located]:
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
    with reached(props) as at:
        yield at


@contextmanager
def reached(props: Mapping[str, Any], wait: Say | None = None) -> Iterator[Located]:
    """Give what the bootstrap's properties lead to; with `wait` (it gets a line of progress) once pods run."""
    with reached_cluster(props, wait) as cluster:
        yield Located(
            cluster=cluster, place=place_of(props["custody"]), named=named(props, cluster)
        )


def unseal_once(at: Located, say: Say) -> bool:
    """Unseal what is sealed, each server by itself; say whether all are unsealed then."""
    cluster, custody = Cluster(at.cluster), custody_at(at.place)
    well = True
    for url, member in zip(at.cluster.members, cluster.members(), strict=True):
        if member is None:
            say(f"{at.named(url)} does not answer; see its log")
        elif not member.initialised:
            say(
                f"{at.named(url)} is not initialised, or has not joined yet; run again once another leads"
            )
        elif not member.sealed:
            say(f"{at.named(url)} is unsealed")
            continue
        else:
            try:
                unseal(cluster, custody, url)
            except CustodyError as error:
                say(at.named(str(error)))
            else:
                say(f"{at.named(url)} was sealed and is unsealed")
                continue
        well = False
    return well


def watch_over(at: Located, metrics: str | None, say: Say) -> None:
    """Keep the servers unsealed until SIGINT or SIGTERM.

    Raises:
        MetricsError: if metrics can't be answered at `metrics`.

    """
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    previous = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    watch = Watch(at.cluster, at.place, lambda line: say(at.named(line)))
    try:
        with serving(metrics, watch, at.named) if metrics else nullcontext():
            watch.start()
            say(f"watching {', '.join(map(at.named, at.cluster.members))}")
            ended.wait()
            watch.end()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
