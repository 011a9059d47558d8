"""Wall time, peak memory of a process tree, and how many requests Vault's audit log counted."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One command."""

    seconds: float
    megabytes: float
    """Peak of the summed resident sizes of the command and its descendants, sampled ten times a second."""
    requests: int
    """Requests that Vault's active node wrote to its audit log meanwhile."""


class FailedError(Exception):
    """A measured command failed; its output says why."""


def measured(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], audit: Sequence[Path]
) -> Measured:
    """Run `command` and measure it.

    Raises:
        FailedError: if it exits with another code than 0.

    """
    before = sum(map(_requests, audit))
    started = time.monotonic()
    with subprocess.Popen(
        list(command), cwd=folder, env=dict(environment), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        peak = _Peak(process.pid)
        output, _ = process.communicate()
        seconds = time.monotonic() - started
        megabytes = peak.stop()
    if process.returncode != 0:
        raise FailedError(output[-4000:])
    return Measured(
        seconds=seconds, megabytes=megabytes, requests=sum(map(_requests, audit)) - before
    )


def _requests(audit: Path) -> int:
    # One line a request, one a response; both carry their type.
    return audit.read_bytes().count(b'"type":"request"') if audit.exists() else 0


class _Peak:
    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._bytes = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            total = 0
            try:
                tree = [self._root, *self._root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            for process in tree:
                # Ended between the listing and the look: it counts no more.
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self._bytes = max(self._bytes, total)

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._bytes / 1e6
