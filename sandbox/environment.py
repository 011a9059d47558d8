"""The variables that a shell, Pulumi and the servers need, and the file that a shell sources."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import emulator
from sandbox.layout import Layout, write_private

# What would lead Vault's or AWS's clients to somebody's real servers.
_FOREIGN = ("VAULT_", "BAO_", "AWS_", "PULUMI_")


def variables(
    layout: Layout, emulator_port: int, own: Mapping[str, str], directories: Sequence[Path]
) -> dict[str, str]:
    """Give every variable of the environment, without the rest of the process's.

    `own`: the toolchain's variables, and those that lead to this kind's servers. `directories` come first on PATH.
    """
    return {
        **own,
        "PATH_ADD": os.pathsep.join(map(str, directories)),
        **emulator.CREDENTIALS,
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{emulator_port}",
        # A profile or a metadata service of the person's own must not come in between.
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        # Every run copies the whole state: once is enough, see `Engine.up`.
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "PULUMI_BACKEND_URL": f"file://{layout.state}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(layout.passwords / "passphrase"),
        "PULUMI_OPTION_CONFIG_FILE": str(layout.settings),
        "PULUMI_STACK": layout.stack,
    }


def own_environment() -> dict[str, str]:
    """Give this process's environment without what leads to somebody's real servers."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}


def process_environment(added: Mapping[str, str]) -> dict[str, str]:
    """Give the environment for a child process: ours, without what leads to somebody's real servers."""
    kept = own_environment()
    own = dict(added)
    path = f"{own.pop('PATH_ADD')}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, **own, "PATH": path}


def write(layout: Layout, added: Mapping[str, str]) -> None:
    """Write the file that a shell sources. It names files with secrets, it holds none."""
    own = dict(added)
    lines = [f"# Source this: . {layout.root.name}/env\n"]
    lines += [f"unset {' '.join(_unset(own))}\n"]
    first = shlex.quote(own.pop("PATH_ADD"))
    lines += [f'case ":$PATH:" in *:{first}:*) ;; *) PATH={first}:"$PATH" ;; esac\n']
    lines += [f"export {name}={shlex.quote(value)}\n" for name, value in own.items()]
    write_private(layout.env, "".join([*lines, "export PATH\n"]))


def _unset(own: Mapping[str, str]) -> list[str]:
    tokens = ("VAULT_TOKEN", "VAULT_NAMESPACE", "BAO_TOKEN", "AWS_PROFILE", "AWS_SESSION_TOKEN",
              "AWS_DEFAULT_REGION", "VAULT_SKIP_VERIFY", "PULUMI_CONFIG_PASSPHRASE")  # fmt: skip
    return [name for name in tokens if name not in own]
