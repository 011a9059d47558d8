"""Programs that Debian has: installed where that can be done (Debian, root); else the test says what is missing."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from sandbox.layout import cache_directory


def ensure(
    program: str, package: str, found: Callable[[str], str | None] = shutil.which
) -> str | None:
    """Give the program's path, after its package was installed if need be; skip the test where that can't be done."""
    if found(program) is not None:
        return found(program)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.skip(f"{program} is not here: install {package}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    locks: Path = cache_directory() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    # Tests run beside each other, and apt-get refuses company.
    with FileLock(locks / "apt"):
        for arguments in (
            ["update", "-q"],
            ["install", "-y", "-q", "--no-install-recommends", package],
        ):
            subprocess.run(
                ["apt-get", *arguments], check=True, capture_output=True, env=environment
            )
    return found(program)
