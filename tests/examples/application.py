"""Runs the example application's script."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "applications" / "show.sh"


def shown(directory: Path, status: Path, shell: Sequence[str] = ("sh",)) -> set[str]:
    """Give the lines that it shows of a directory's files, once.

    Raises:
        subprocess.CalledProcessError: if it can't read one; stderr says why.

    """
    done = subprocess.run(
        [*shell, SCRIPT, directory, status, "once"], check=True, capture_output=True, text=True
    )
    assert status.read_text() == done.stdout
    return set(done.stdout.splitlines())
