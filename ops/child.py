"""Starts the command that a person wrote behind `--`."""

import subprocess
from collections.abc import Mapping, Sequence

NOT_RUN = 127
"""The shell's own exit code for a command that can't be run."""


def started(
    command: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.Popen[bytes] | None":
    """Start the command; None, after a line that says why, if it can't be run."""
    try:
        return subprocess.Popen(list(command), env=dict(environment))
    except OSError as error:
        print(f"{command[0]}: {error.strerror}")  # noqa: T201
        return None
