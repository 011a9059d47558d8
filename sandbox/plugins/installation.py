"""Where and how the engine finds a plugin."""

import os
import secrets
import shlex
from importlib.metadata import version
from pathlib import Path

from sandbox.plugins.parent import ENGINE

_CHECKOUT = Path(__file__).resolve().parents[2]


def install_plugin(name: str, pulumi_home: Path, python: Path) -> None:
    """Write `$PULUMI_HOME/plugins/resource-<name>-v<version>/pulumi-resource-<name>`."""
    sdk = version(f"pulumi-{name}")
    folder = pulumi_home / "plugins" / f"resource-{name}-v{sdk}"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / f"pulumi-resource-{name}"
    text = _script(name, sdk, python)
    if script.exists() and script.read_text() == text and os.access(script, os.X_OK):
        return
    temporary = folder / f".{script.name}.{secrets.token_hex(4)}"
    temporary.write_text(text)
    temporary.chmod(0o755)
    temporary.replace(script)


def _script(name: str, sdk: str, python: Path) -> str:
    # -P: the working directory is a program's, and may hold a module named like one of ours.
    return (
        "#!/bin/sh\n"
        f"{ENGINE}=$PPID "
        f"PYTHONPATH={shlex.quote(str(_CHECKOUT))} exec {shlex.quote(str(python))} "
        f'-P -m sandbox.plugins.{name} {sdk} "$@"\n'
    )
