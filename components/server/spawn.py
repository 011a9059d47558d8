"""Starts a process that outlives the one that starts it, and recognises it later."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_EXEC_SECONDS = 0.5
# /proc/<pid>/stat: zombie, dead.
_ENDED = ("Z", "X")


def spawn(command: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
    """Start `command` in a session of its own, its output appended to `log` (0600); give its pid.

    Not subprocess.Popen, which takes a child that is left running for a mistake.

    Raises:
        OSError: if the command can't be run.

    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawnp(
        command[0],
        list(command),
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        # Neither Ctrl-C nor the end of the starting terminal reaches it.
        setsid=True,
    )


def lives(number: int) -> bool:
    """Whether that process lives. A zombie has ended: that nobody has reaped it yet says nothing about it."""
    try:
        return _state(number) not in _ENDED
    except OSError:
        return False


def recorded(file: Path, argument: str) -> int | None:
    """Give the pid that `file` records, if that process lives and was started with `argument`.

    A recycled pid is never taken for the process that once had it.
    """
    try:
        number = int(file.read_text())
        arguments, state = _arguments(number), _state(number)
        deadline = time.monotonic() + _EXEC_SECONDS
        # A process that was spawned this very moment has no arguments yet; nor has a kernel thread, ever.
        while not any(arguments) and state not in _ENDED and time.monotonic() < deadline:
            time.sleep(0.001)
            arguments, state = _arguments(number), _state(number)
    except (OSError, ValueError):
        return None
    return number if argument.encode() in arguments and state not in _ENDED else None


def end(find: Callable[[], int | None], seconds: float) -> None:
    """Stop the process that `find` gives: SIGTERM, after `seconds` SIGKILL. Returns once `find` gives None."""
    sent, deadline = signal.SIGTERM, time.monotonic() + seconds
    told: int | None = None
    while (number := find()) is not None:
        # It may end by itself at any moment; our own child leaves no zombie, and another's is init's to reap.
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            if number != told:
                os.kill(number, sent)
                told = number
            os.waitpid(number, os.WNOHANG)
        if sent == signal.SIGTERM and time.monotonic() > deadline:
            sent, told = signal.SIGKILL, None
        time.sleep(0.02)


def _arguments(number: int) -> list[bytes]:
    return Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")


def _state(number: int) -> str:
    return Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][:1]
