"""Starts a process that outlives the one that starts it, recognises it later, and ends it."""

import contextlib
import os
import signal
import socket
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


def why_not_free(host: str, port: int) -> OSError | None:
    """What would keep a server from listening there; None if nothing does."""
    with socket.socket() as probe:
        # As servers do, so that connections in TIME_WAIT don't count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
        return None


def running(file: Path, argument: str, *others: str) -> int | None:
    """Give the pid of the process that `file` records, or else of one of ours with all these arguments.

    Starting a process and recording it are two steps. Who was killed in between has left a process that no
    file names: it is found by its command line, and recorded.
    """
    number = recorded(file, argument)
    if number is None:
        number = _found({argument.encode(), *(other.encode() for other in others)})
        if number is not None:
            file.write_text(str(number))
    return number


def _found(wanted: set[bytes]) -> int | None:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            number = int(entry.name)
            # Processes end while we look.
            with contextlib.suppress(OSError):
                if wanted <= set(_arguments(number)) and _ours(number):
                    return number
    return None


def _ours(number: int) -> bool:
    """Whether it runs as this user and sees this machine's files: the same path in a container is another file."""
    status = Path(f"/proc/{number}/status").read_text()
    user = status.partition("Uid:")[2].split(maxsplit=1)[0]
    try:
        return int(user) == os.getuid() and Path(f"/proc/{number}/root").samefile("/")
    except PermissionError:
        # A binary that was given a capability (IPC_LOCK, as packages do) hides this even from its own user.
        return True


def _arguments(number: int) -> list[bytes]:
    return Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")


def _state(number: int) -> str:
    return Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][:1]
