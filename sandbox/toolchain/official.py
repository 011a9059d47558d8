"""Pulumi's own downloads: the engine, and the provider plugins of the installed SDKs."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sysconfig
import threading
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from sandbox.toolchain.progress import Say, step

_SITE = "https://get.pulumi.com"
_SECONDS = 2.0
# What a Python program needs of the official archive, which holds every language's host.
_KEPT = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
    "pulumi-analyzer-policy-python",
)


def version() -> str:
    """Give the version that is downloaded: the installed SDK's."""
    return importlib.metadata.version("pulumi")


def reachable() -> bool:
    """Say within two seconds whether Pulumi's downloads can be reached."""
    answers: list[bool] = []

    def ask() -> None:
        request = urllib.request.Request(f"{_SITE}/install.sh", method="HEAD")  # noqa: S310  https
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
                answers.append(response.status == 200)  # noqa: PLR2004  OK
        except (OSError, ValueError):
            answers.append(False)

    # In a thread, because looking up a name takes no time limit.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_SECONDS)
    return answers == [True]


def download(directory: Path, say: Say) -> None:
    """Fill the directory with the official engine and its Python language host.

    Raises:
        OSError, subprocess.CalledProcessError, ValueError: if it can't be had whole.

    """
    from pulumi.automation import PulumiCommand  # noqa: PLC0415  0.3 s that only a download needs

    with step(say, f"downloading Pulumi {version()}"):
        PulumiCommand.install(root=str(directory / "archive"))
    for name in _KEPT:
        part = directory / "archive" / "bin" / name
        if part.exists():
            part.rename(directory / name)
    shutil.rmtree(directory / "archive")


def plugins() -> list[tuple[str, str]]:
    """Give (name, version) of the provider plugins of the installed SDKs."""
    found = []
    for description in Path(sysconfig.get_paths()["purelib"]).glob("pulumi_*/pulumi-plugin.json"):
        plugin = json.loads(description.read_text())
        if plugin.get("resource") and "version" in plugin:
            found.append((plugin["name"], plugin["version"]))
    return sorted(found)


def missing_plugins(home: Path) -> list[tuple[str, str]]:
    """Give those of `plugins` that are not in a PULUMI_HOME, whole."""
    return [
        (name, number)
        for name, number in plugins()
        if not _installed(home / "plugins" / f"resource-{name}-v{number}")
    ]


def install_plugins(pulumi: Path, home: Path, wanted: Iterable[tuple[str, str]], say: Say) -> bool:
    """Install plugins into a PULUMI_HOME with Pulumi's own command; say whether all are there now."""
    environment = {**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    for name, number in wanted:
        command = [str(pulumi), "plugin", "install", "resource", name, number]
        with step(say, f"downloading the provider plugin {name} {number}"):
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()[-1:]
            say(f"the provider plugin {name} {number} can't be downloaded: {' '.join(reason)}")
            return False
    return True


def _installed(plugin: Path) -> bool:
    # Pulumi puts a mark beside what it has not finished.
    return plugin.is_dir() and not plugin.with_name(f"{plugin.name}.partial").exists()
