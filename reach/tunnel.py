"""One fixed local port that leads to the cluster: pod 0 before init, the active pod afterwards."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from socket import socket

from reach.errors import ReachError
from reach.forward import HOST, dial, listening, reached
from reach.health import ACTIVE, health
from reach.pods import Pods

_FRESH_SECONDS = 2.0


def pod_health(url: str, ca: str) -> int | None:
    """What a pod answers at a forwarded address, see `reach.health`; `ca` is PEM. None if silent or `ca` is none."""
    try:
        context = ssl.create_default_context(cadata=ca)
    except ssl.SSLError:
        return None
    return health(url, context)


class ActivePod:
    """Knows which pod leads; looks again when what it knows is older than two seconds."""

    def __init__(self, pods: Pods, members: Sequence[str], ca: Callable[[], str | None]) -> None:
        self._pods = pods
        self._members = members
        self._ca = ca
        self._lock = threading.Lock()
        self._index = 0
        self._seen: float | None = None

    def name(self) -> str:
        """Give the active pod's name; the first pod's where none leads, as before init."""
        with self._lock:
            if self._seen is None or time.monotonic() - self._seen > _FRESH_SECONDS:
                self._index = self._look()
                self._seen = time.monotonic()
            return self._pods.names[self._index]

    def forget(self) -> None:
        """Look anew at the next call."""
        with self._lock:
            self._seen = None

    def _look(self) -> int:
        ca = self._ca()
        if ca is None:
            return 0
        # The one that led last most likely leads still.
        order = [self._index, *(i for i in range(len(self._members)) if i != self._index)]
        answers: dict[int, int | None] = {}
        for index in order:
            answers[index] = pod_health(self._members[index], ca)
            if answers[index] == ACTIVE:
                return index
        return next((index for index in sorted(answers) if answers[index] is not None), 0)


@contextmanager
def tunnel(pods: Pods, ca: Callable[[], str | None], port: int) -> Iterator[str]:
    """Give the URL of a local port that leads to the active pod, whichever it is when a connection is made.

    `ca` gives the servers' CA as PEM, None as long as there is none. A connection to a pod that stops leading
    goes on: standbys forward. One to a pod that died ends, and the next one finds the new leader.

    Raises:
        ReachError: if the port is taken.

    """
    with reached(pods) as direct:
        active = ActivePod(pods, direct.members, ca)

        def opens() -> socket:
            try:
                return dial(pods, active.name(), pods.port)
            except ReachError:
                # It died since we looked.
                active.forget()
                return dial(pods, active.name(), pods.port)

        with listening(opens, port) as local:
            yield f"https://{HOST}:{local}"
