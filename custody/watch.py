"""Keeps the servers of a cluster with Shamir's seal unsealed: looks at each once a second, each in its own thread.

What is looked at is the health that a server tells anybody. Custody is asked only once a server is sealed, and its
keys are forgotten as soon as that server is unsealed.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import requests

from custody.errors import CustodyError
from custody.request import ClusterAddress, Place
from custody.store import custody_at
from custody.unseal import unseal
from custody.vault import Cluster, ask

PAUSE_SECONDS = 1.0
_LONGEST_SECONDS = 60.0
"""Between two attempts that fail."""

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one server was when it was last looked at."""

    answers: bool = False
    initialised: bool = False
    sealed: bool = True
    leads: bool = False
    unsealed_times: int = 0
    """By us."""
    failures: int = 0
    """Attempts that failed since the start."""
    looked_at: float = field(default_factory=time.monotonic)


class Watch:
    """Threads that look, and unseal.

    `say` gets a line for each change: from several threads.
    """

    def __init__(
        self,
        cluster: ClusterAddress,
        place: Place,
        say: Say,
        *,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        self._cluster = cluster
        self._place = place
        self._say = say
        self._pause = pause
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=(url,), name=url, daemon=True)
            for url in cluster.members
        ]
        self._seen = {url: Seen() for url in cluster.members}

    @property
    def seen(self) -> dict[str, Seen]:
        """What each server was, by URL."""
        return dict(self._seen)

    @property
    def alive(self) -> bool:
        """Whether every server is still being looked at."""
        # An attempt may wait for custody, and for the server to join.
        longest = 2 * _LONGEST_SECONDS + self._pause
        return all(time.monotonic() - each.looked_at < longest for each in self._seen.values())

    def start(self) -> None:
        """Begin to look."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Look no more, once what is under way has ended."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, url: str) -> None:
        # A connection of its own: one server's silence is nobody else's.
        cluster = Cluster(self._cluster)
        pause, in_a_row = 0.0, 0
        while not self._ended.wait(pause):
            pause = self._pause
            before = self._seen[url]
            seen = _look(cluster, url, before)
            self._seen[url] = seen
            if not (seen.answers and seen.initialised and seen.sealed):
                in_a_row = 0
                continue
            try:
                # Anew each time: the credentials of one that is kept for days end meanwhile.
                unseal(cluster, custody_at(self._place), url)
            except CustodyError as error:
                in_a_row += 1
                pause = min(self._pause * 2**in_a_row, _LONGEST_SECONDS)
                self._seen[url] = replace(seen, failures=seen.failures + 1)
                self._say(f"{error}; again in {pause:.0f} s")
            else:
                in_a_row = 0
                self._seen[url] = replace(
                    _look(cluster, url, seen), unsealed_times=seen.unsealed_times + 1
                )
                self._say(f"{url} was sealed and is unsealed")


def _read(answer: Any) -> dict[str, Any]:
    # hvac gives what comes with status 200 read, and all else (503 is a sealed one's) as it came.
    health: dict[str, Any] = answer.json() if isinstance(answer, requests.Response) else answer
    return health


def _look(cluster: Cluster, url: str, before: Seen) -> Seen:
    client = cluster.client(url)
    try:
        health = ask(url, "health", lambda: _read(client.sys.read_health_status(method="GET")))
    except CustodyError:
        return replace(before, answers=False, leads=False, looked_at=time.monotonic())
    return replace(
        before,
        answers=True,
        initialised=health["initialized"],
        sealed=health["sealed"],
        leads=not health["sealed"] and not health["standby"],
        looked_at=time.monotonic(),
    )
