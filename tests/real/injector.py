"""The agent injector's own code, from its Go module: to see what it makes of a pod."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from filelock import FileLock

from sandbox.layout import cache_directory

MODULE = "github.com/hashicorp/vault-k8s"
VERSION = "v1.6.2"
_SOURCE = Path(__file__).with_name("injector.go")


def injector() -> Path | None:
    """Give the program from the cache, else built (2 min); None without Go to build it."""
    digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:8]
    home = cache_directory() / f"injector-{VERSION}-{digest}"
    program = home / "injector"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "lock"):
        if not program.exists():
            if shutil.which("go") is None:
                return None
            _build(program)
    return program


def _build(program: Path) -> None:
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0", "GOWORK": "off"}
    with tempfile.TemporaryDirectory() as directory:

        def go(*arguments: str) -> str:
            return subprocess.run(
                ["go", *arguments],
                cwd=directory,
                env=environment,
                check=True,
                capture_output=True,
                text=True,
            ).stdout

        downloaded = json.loads(go("mod", "download", "-json", f"{MODULE}@{VERSION}"))
        # The module's own sums beside our go.mod: it is built from what its authors built it from.
        (Path(directory) / "go.sum").write_text((Path(downloaded["Dir"]) / "go.sum").read_text())
        (Path(directory) / "go.mod").write_text(
            f"module strongroom.invalid/tools\n\ngo 1.25\n\nrequire {MODULE} {VERSION}\n"
        )
        shutil.copyfile(_SOURCE, Path(directory) / "main.go")
        go("build", "-ldflags", "-s -w", "-o", str(Path(directory) / "built"), ".")
        # Whole or not at all: the cache is shared.
        moved = program.with_suffix(f".{os.getpid()}")
        shutil.move(Path(directory) / "built", moved)
        moved.replace(program)


def injected(program: Path, pod: dict[str, Any]) -> dict[str, Any]:
    """Give the pod as the webhook changes it.

    Raises:
        subprocess.CalledProcessError: if it refuses the pod; stderr says why.

    """
    done = subprocess.run(
        [program, pod["metadata"]["namespace"]],
        input=json.dumps(pod),
        check=True,
        capture_output=True,
        text=True,
    )
    changed: dict[str, Any] = json.loads(done.stdout)
    return changed
