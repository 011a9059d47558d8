"""Foreign programs built from their Go modules, once: the real peers that tests run beside ours."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from sandbox.layout import cache_directory


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """One program of a Go module."""

    name: str
    module: str
    version: str
    package: str
    replace: Sequence[tuple[str, str]] = ()
    """`module` and `other version`: a module that is not served under the name that is asked for."""
    own_sums: bool = False
    """Take the module's own go.sum: it is then built from what its authors built it from."""
    cgo: bool = False
    """False gives a static binary, which an image without a libc can run."""

    def built(self) -> Path | None:
        """Give the program from the cache, else build it; None without Go to build it."""
        home = cache_directory() / f"{self.name}-{self.version}"
        program = home / self.name
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / "lock"):
            if not program.exists():
                if shutil.which("go") is None:
                    return None
                self._build(program)
        return program

    def _build(self, program: Path) -> None:
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": str(int(self.cgo))}
        replaced = "".join(f"replace {one} => {other}\n" for one, other in self.replace)
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)

            def go(*arguments: str) -> str:
                return subprocess.run(
                    ["go", *arguments],
                    cwd=work, env=environment, check=True, capture_output=True, text=True,
                ).stdout  # fmt: skip

            if self.own_sums:
                found = go("mod", "download", "-json", f"{self.module}@{self.version}")
                sums = Path(json.loads(found)["Dir"]) / "go.sum"
                (work / "go.sum").write_text(sums.read_text())
            (work / "go.mod").write_text(
                f"module strongroom.invalid/tools\n\ngo 1.25\n\nrequire {self.module} {self.version}\n{replaced}"
            )
            go("build", "-trimpath", "-ldflags=-s -w", "-o", str(work / "built"), self.package)
            # Whole or not at all: the cache is shared.
            moved = program.with_suffix(f".{os.getpid()}")
            shutil.move(work / "built", moved)
            moved.replace(program)
