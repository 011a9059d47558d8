"""Puts the tools together in one directory, for one interpreter."""

import hashlib
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.plugins.parent import ENGINE
from sandbox.toolchain import bao, engine, helm, official
from sandbox.toolchain.cache import Cache
from sandbox.toolchain.engine import MARK, Engine
from sandbox.toolchain.progress import Say

_HOST = Path(__file__).parent / MARK
_SCRIPTS = ("pulumi-language-python-exec", "pulumi-resource-pulumi-python")


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """The tools of one environment."""

    pulumi: Path
    pulumi_home: Path
    """PULUMI_HOME: where Pulumi looks for plugins."""
    bin: Path
    """The directory to put first on PATH: pulumi, its language host and scripts, bao, helm."""
    scripts: Path | None
    """The one to put after it: the `python` that has what this program needs; None outside a virtual environment."""
    bao: Path
    helm: Path | None
    """Only where stand-ins need it."""
    official_plugins: bool
    """Whether the providers' own plugins are in `pulumi_home`; otherwise stand-ins belong there."""
    environment: Mapping[str, str]
    """What Pulumi needs besides PATH: its home, the interpreter, and no network where there is none."""


def ensure(
    cache: Path, say: Say, stand_ins: Path | None = None, *, releases: bool = False
) -> Toolchain:
    """Find or make every tool for the interpreter that runs this; `say` gets one line at a time.

    `stand_ins` becomes PULUMI_HOME where the official plugins can't be had: one of the checkout's own, since
    stand-ins run a checkout's code; otherwise one in the cache. `releases` says that the stack has Helm
    releases: the official plugin brings its own helm, its stand-in needs one.

    Raises:
        ProblemError: if a tool can't be had; it says what to install.

    """
    cache = cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    # Links in the way would make Pulumi warn of a language host that is not its own.
    cache = cache.resolve()
    search_path = _foreign(os.environ.get("PATH", os.defpath), cache)
    server = bao.find(search_path)
    found = engine.find(Cache(directory=cache, say=say), search_path)
    python = _interpreter()
    tools = cache / "bin" / _key(python, str(found.pulumi))
    _assemble(tools, found, server, python)
    own_home = stand_ins or cache / "homes" / _key(python)
    home, are_official = _home(cache / "home", own_home, found.pulumi, say)
    charts = None
    if releases and not are_official:
        charts = helm.find(Cache(directory=cache, say=say), search_path)
        _link(charts, tools / "helm")
    environment = {
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_PYTHON_CMD": python,
        # A plugin on the person's own PATH would win over the one that belongs to the SDK.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    }
    _no_debug_log(home)
    if not are_official:
        environment |= {
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
        }
    return Toolchain(
        pulumi=tools / "pulumi",
        pulumi_home=home,
        bin=tools,
        scripts=_scripts(),
        bao=server,
        helm=charts,
        official_plugins=are_official,
        environment=environment,
    )


def _interpreter() -> str:
    """Give one name for the interpreter, whichever of a virtual environment's names started this."""
    python = Path(sys.prefix, "bin", "python")
    return str(python) if python.exists() else sys.executable


def _scripts() -> Path | None:
    """Give the virtual environment's directory of programs; None where the system's own Python runs this."""
    return Path(sys.prefix, "bin") if sys.prefix != sys.base_prefix else None


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _foreign(search_path: str, cache: Path) -> str:
    """Give the search path without what is our own: `.sandbox/env` puts it there.

    A virtual environment has a `bao` too, and perhaps a `pulumi`: what a run finds must not hang on the shell.
    """
    scripts = _scripts()
    found = [
        folder
        for folder in search_path.split(os.pathsep)
        if folder
        and not Path(folder).resolve().is_relative_to(cache)
        and not (Path(folder) / MARK).exists()
        and not (scripts is not None and Path(folder).resolve() == scripts.resolve())
    ]
    return os.pathsep.join(found)


def _home(shared: Path, stand_ins: Path, pulumi: Path, say: Say) -> tuple[Path, bool]:
    """Give PULUMI_HOME, and whether it holds the official plugins."""
    missing = official.missing_plugins(shared)
    if not missing:
        return shared, True
    # A stack keeps its plugins: one that a stand-in made must not meet the official one by accident.
    if not stand_ins.exists() and official.reachable():
        shared.mkdir(exist_ok=True)
        if official.install_plugins(pulumi, shared, missing, say):
            return shared, True
    if not stand_ins.exists():
        say(f"the official provider plugins can't be downloaded: stand-ins, in {stand_ins}")
        stand_ins.mkdir(parents=True, exist_ok=True)
    return stand_ins, False


def _no_debug_log(home: Path) -> None:
    """Let the engine write no debug log: megabytes with every run, at a quarter of its CPU, that nobody reads.

    There is no setting for it, but where the log's directory can't be made the engine goes without.
    """
    logs = home / "logs"
    if logs.is_dir():
        shutil.rmtree(logs, ignore_errors=True)
    if not logs.exists():
        _write(logs, b"A file where Pulumi would make a directory: then it writes no debug log.\n")


def _assemble(tools: Path, found: Engine, server: Path, python: str) -> None:
    tools.mkdir(parents=True, exist_ok=True)
    source = found.pulumi.parent
    _link(server, tools / "bao")
    if found.hosted:
        for part in source.glob("pulumi*"):
            _link(part, tools / part.name)
        return
    # Pulumi takes the language host that lies beside its own file, whatever links lead there: no link.
    _same(found.pulumi, tools / "pulumi")
    for script in _SCRIPTS:
        _write(tools / script, (source / script).read_bytes(), executable=True)
    _write(tools / MARK, _HOST.read_bytes())
    # Isolated: nothing of the person's own environment changes what it imports.
    launcher = f'#!/bin/sh\n{ENGINE}=$PPID exec {shlex.quote(python)} -I {shlex.quote(str(tools / MARK))} "$@"\n'
    _write(tools / "pulumi-language-python", launcher.encode(), executable=True)


def _link(target: Path, link: Path) -> None:
    if not (link.is_symlink() and link.readlink() == target):
        fresh = Path(tempfile.mkdtemp(dir=link.parent)) / link.name
        fresh.symlink_to(target)
        _put(fresh, link)


def _same(target: Path, copy: Path) -> None:
    if not (copy.exists() and copy.samefile(target)):
        fresh = Path(tempfile.mkdtemp(dir=copy.parent)) / copy.name
        try:
            fresh.hardlink_to(target)
        except OSError:  # a file system without hard links
            shutil.copy2(target, fresh)
        _put(fresh, copy)


def _write(path: Path, data: bytes, *, executable: bool = False) -> None:
    if not (path.is_file() and path.read_bytes() == data):
        fresh = Path(tempfile.mkdtemp(dir=path.parent)) / path.name
        fresh.write_bytes(data)
        fresh.chmod(0o755 if executable else 0o644)
        _put(fresh, path)


def _put(fresh: Path, place: Path) -> None:
    """Move a file to its place in one step: others may be running what lies there."""
    fresh.replace(place)
    shutil.rmtree(fresh.parent)
