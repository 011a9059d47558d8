"""One fixed local port that leads to the cluster: pod 0 before init, the active pod afterwards."""

import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from reach.errors import ReachError
from reach.forward import dial, listening, reached
from reach.pods import Pods

ACTIVE = 200
_FRESH_SECONDS = 2.0


def health(url: str, ca: str | Path | None, *, timeout: float = 2.0) -> int | None:
    """The status of /v1/sys/health: 200 active, 429 standby, 501 not initialised, 503 sealed; None if silent.

    `ca` is a PEM text or a file of it.
    """
    try:
        if isinstance(ca, Path):
            context = ssl.create_default_context(cafile=str(ca))
        else:
            context = ssl.create_default_context(cadata=ca)
        # No proxy of the person's environment: it would be asked for 127.0.0.1.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{url}/v1/sys/health", timeout=timeout) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


class ActivePod:
    """Knows which pod leads; looks again when what it knows is older than two seconds."""

    def __init__(
        self, pods: Pods, members: Sequence[str], ca: Callable[[], str | None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._pods = pods
        self._members = members
        self._ca = ca
        self._now = now
        self._lock = threading.Lock()
        self._index = 0
        self._seen: float | None = None

    def name(self) -> str:
        """Give the active pod's name; the first pod's where none leads, as before init."""
        with self._lock:
            if self._seen is None or self._now() - self._seen > _FRESH_SECONDS:
                self._index = self._look()
                self._seen = self._now()
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
            answers[index] = health(self._members[index], ca)
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
            yield f"https://127.0.0.1:{local}"
