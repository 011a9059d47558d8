"""Finds Pulumi's engine with a Python language host: on PATH, in the cache, downloaded, or built."""

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.problem import ProblemError
from sandbox.toolchain import go, official, pulumi_source
from sandbox.toolchain.cache import Cache

OLDEST = (3, 250, 0)
_MAJOR = 3
_HOST = "pulumi-language-python"
# Lies where our own language host lies: a directory that we made is no source.
MARK = "language_host.py"


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine and what lies beside it."""

    pulumi: Path
    hosted: bool
    """Whether Pulumi's own language host lies beside it; otherwise only the scripts that ours needs."""


def find(cache: Cache, search_path: str) -> Engine:
    """Give an engine that runs Python programs.

    Raises:
        ProblemError: if none can be had.

    """
    system = f"{platform.system().lower()}-{platform.machine()}"
    downloaded = f"pulumi-{official.version()}-{system}"
    built = f"pulumi-{pulumi_source.VERSION}-{system}-built"
    found = _on_path(cache, search_path)
    if found is not None:
        return found
    # What is there needs no network: a run without it, and a run soon after another, must not wait.
    for name, hosted in ((downloaded, True), (built, False)):
        entry = cache.get(name, works)
        if entry is not None:
            return Engine(pulumi=entry / "pulumi", hosted=hosted)
    if official.reachable():
        try:
            entry = cache.make(downloaded, lambda empty: official.download(empty, cache.say), works)
            return Engine(pulumi=entry / "pulumi", hosted=True)
        except (OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
            cache.say(f"Pulumi's official download failed ({type(error).__name__}): it is built")
    if not go.usable(search_path):
        raise ProblemError(
            "there is no Pulumi here: none on PATH, its download can't be reached, and there is no Go to build it",
            "install Pulumi >= 3.250 (https://www.pulumi.com/docs/install/) or Go >= 1.25 (https://go.dev/dl/)",
        )
    entry = cache.make(built, lambda empty: pulumi_source.build(empty, cache.say), works)
    return Engine(pulumi=entry / "pulumi", hosted=False)


def works(entry: Path) -> bool:
    """Say whether the entry's engine runs."""
    return version(entry / "pulumi") is not None


def version(pulumi: Path) -> str | None:
    """Give the version that a `pulumi` says it has, or None if it does not run."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [pulumi, "version"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", answer.stdout.strip())
    return None if match is None else match.group(1)


def _on_path(cache: Cache, search_path: str) -> Engine | None:
    found = shutil.which("pulumi", path=search_path)
    if found is None:
        return None
    pulumi = Path(found).resolve()
    number = version(pulumi)
    numbers = tuple(int(part) for part in re.findall(r"\d+", number or "")[:3])
    if numbers < OLDEST or numbers[0] != _MAJOR:
        cache.say(f"{found} is not used: {number or 'it does not run'}, wanted >= 3.250 < 4")
        return None
    if not (pulumi.parent / _HOST).exists() or not (pulumi.parent / f"{_HOST}-exec").exists():
        cache.say(f"{found} is not used: no {_HOST} lies beside it")
        return None
    return Engine(pulumi=pulumi, hosted=True)
