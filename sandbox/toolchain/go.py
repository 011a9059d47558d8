"""Builds tools from their Go modules, where only package registries can be reached."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.problem import ProblemError
from sandbox.toolchain.progress import Say, step

_WANTED = (1, 25)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One tool, as it is built."""

    name: str
    """As people call it."""
    version: str
    """Of each of its modules, without the `v`."""
    binary: str
    package: str
    """What is built."""
    sums: Mapping[str, str]
    """Module, and module with `/go.mod` after it -> its hash. The first module's own go.sum pins all others."""
    flags: str = ""
    """For the linker."""
    replace: str = ""
    """Lines of go.mod. A `replace` counts only in the module that is built: these are the tool's own."""
    takes: str
    """How long it takes, for people."""
    instead: str
    """What to do where it can't be built."""

    @property
    def modules(self) -> list[str]:
        """Modules that are fetched, the one with the go.sum first."""
        return [name for name in self.sums if not name.endswith("/go.mod")]


def version(search_path: str) -> tuple[int, ...] | None:
    """Give the version of the `go` on the search path, or None if there is none."""
    go = shutil.which("go", path=search_path)
    if go is None:
        return None
    answer = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    match = re.match(r"go(\d+)\.(\d+)", answer.stdout.strip())
    return None if match is None else tuple(int(part) for part in match.groups())


def usable(search_path: str) -> bool:
    """Say whether there is a Go that builds what we build."""
    found = version(search_path)
    return found is not None and found >= _WANTED


def build(recipe: Recipe, directory: Path, say: Say) -> Mapping[str, Path]:
    """Put the tool into the directory; give the directory of each of its modules.

    Raises:
        ProblemError: if a module can't be had, is not the one that we know, or does not build.

    """
    work = directory / "work"
    work.mkdir()
    required = "".join(f"\t{name} v{recipe.version}\n" for name in recipe.modules)
    (work / "go.mod").write_text(
        "module strongroom.invalid/toolchain\n\ngo 1.25.11\n\n"
        f"require (\n{required})\n\n{recipe.replace}"
    )
    known = "".join(
        f"{name.removesuffix('/go.mod')} v{recipe.version}{'/go.mod' * name.endswith('/go.mod')} {value}\n"
        for name, value in recipe.sums.items()
    )
    (work / "go.sum").write_text(known)
    wanted = [f"{name}@v{recipe.version}" for name in recipe.modules]
    with step(say, f"fetching {recipe.name} {recipe.version}'s Go modules"):
        modules = _modules(_go(recipe, work, "mod", "download", "-json", *wanted))
    for name in recipe.modules:
        if modules[name]["Sum"] != recipe.sums[name]:
            raise ProblemError(
                f"the Go proxy serves another {name} v{recipe.version} than the one that we know",
                f"use another GOPROXY, or {recipe.instead}",
            )
    found = {name: Path(modules[name]["Dir"]) for name in recipe.modules}
    (work / "go.sum").write_text(known + (found[recipe.modules[0]] / "go.sum").read_text())
    with step(say, f"building {recipe.name} {recipe.version} (once; {recipe.takes})"):
        flags = ("-mod=mod", "-trimpath", "-ldflags", f"-s -w {recipe.flags}".strip())
        _go(recipe, work, "build", *flags, "-o", str(directory / recipe.binary), recipe.package)
    shutil.rmtree(work)
    return found


def _go(recipe: Recipe, work: Path, *arguments: str) -> str:
    # Without cgo no C compiler is needed; a workspace of the person's own must not come in between.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run(
        ["go", *arguments], cwd=work, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = [module["Error"] for module in _modules(done.stdout).values() if "Error" in module]
        reason = " ".join((said or done.stderr.strip().splitlines() or ["nothing"])[-1].split())
        raise ProblemError(
            f"{recipe.name} {recipe.version} can't be built, `go {arguments[0]}` says: {reason}",
            f"set GOPROXY to one that can be reached, or {recipe.instead}",
        )
    return done.stdout


def _modules(stream: str) -> dict[str, dict[str, str]]:
    """Read the JSON documents that `go mod download -json` writes one after another, by module."""
    decoder = json.JSONDecoder()
    found = {}
    rest = stream.strip()
    while rest:
        module, end = decoder.raw_decode(rest)
        found[module["Path"]] = module
        rest = rest[end:].strip()
    return found
