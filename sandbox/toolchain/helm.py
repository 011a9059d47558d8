"""Finds helm: on PATH, in the cache, or built from its Go module. Only stand-in plugins need it."""

import platform
import re
import shutil
import subprocess
from pathlib import Path

from sandbox.problem import ProblemError
from sandbox.toolchain import go
from sandbox.toolchain.cache import Cache

# 4 has other options; 3.14 is the first that uninstalls what may be gone.
_OLDEST, _MAJOR = (3, 14), 3
_VERSION = "3.19.0"
_MODULE = "helm.sh/helm/v3"
_RECIPE = go.Recipe(
    name="helm",
    version=_VERSION,
    binary="helm",
    package=f"{_MODULE}/cmd/helm",
    sums={
        _MODULE: "h1:krVyCGa8fa/wzTZgqw0DUiXuRT5BPdeqE/sQXujQ22k=",
        f"{_MODULE}/go.mod": "h1:Lk/SfzN0w3a3C3o+TdAKrLwJ0wcZ//t1/SDXAvfgDdc=",
    },
    flags=f"-X {_MODULE}/internal/version.version=v{_VERSION}",
    takes="some 2 minutes on 2 cores",
    instead="install helm 3 (https://helm.sh/docs/intro/install/)",
)


def find(cache: Cache, search_path: str) -> Path:
    """Give a helm 3.

    Raises:
        ProblemError: if none can be had.

    """
    found = shutil.which("helm", path=search_path)
    if found is not None:
        number = version(Path(found))
        if number is not None and number >= _OLDEST and number[0] == _MAJOR:
            return Path(found).absolute()
        told = ".".join(map(str, number or ())) or "it does not run"
        cache.say(f"{found} is not used: {told}, wanted >= 3.14 < 4")
    name = f"helm-{_VERSION}-{platform.system().lower()}-{platform.machine()}-built"
    entry = cache.get(name, works)
    if entry is None:
        if not go.usable(search_path):
            raise ProblemError(
                "there is no helm 3 here: none on PATH, and no Go to build it",
                "install helm 3 (https://helm.sh/docs/intro/install/) or Go >= 1.25 (https://go.dev/dl/)",
            )
        entry = cache.make(name, lambda empty: _build(empty, cache), works)
    return entry / "helm"


def works(entry: Path) -> bool:
    """Say whether the entry's helm runs."""
    return version(entry / "helm") is not None


def version(helm: Path) -> tuple[int, ...] | None:
    """Give the version that a `helm` says it has, or None if it does not run."""
    command = [str(helm), "version", "--template", "{{.Version}}"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"v(\d+)\.(\d+)\.(\d+)", answer.stdout.strip())
    return None if match is None else tuple(int(part) for part in match.groups())


def _build(directory: Path, cache: Cache) -> None:
    go.build(_RECIPE, directory, cache.say)
