"""Starts a process that outlives the one that starts it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path


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
