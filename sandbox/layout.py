"""Where an embedded environment keeps its things: below `.sandbox/` of the checkout, or `.sandbox-<stack>/`."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.problem import ProblemError

LOCAL = "local"
_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Paths of one embedded environment: a stack of one checkout. Several may be up at once."""

    checkout: Path
    stack: str = LOCAL

    @property
    def root(self) -> Path:
        """Everything that `make down` deletes."""
        # Beside each other, so that removing one leaves the others alone.
        return self.checkout / (".sandbox" if self.stack == LOCAL else f".sandbox-{self.stack}")

    def make(self, target: str) -> str:
        """Give the command that a person types: `make up STACK=cluster`."""
        return f"make {target}" if self.stack == LOCAL else f"make {target} STACK={self.stack}"

    @property
    def tracked_settings(self) -> Path:
        """What people edit."""
        return self.checkout / f"Pulumi.{self.stack}.yaml"

    @property
    def settings(self) -> Path:
        """What Pulumi reads: the tracked settings, filled in for this machine, and the stack's secrets."""
        return self.root / f"Pulumi.{self.stack}.yaml"

    @property
    def state(self) -> Path:
        """Pulumi's file backend."""
        return self.root / "state"

    @property
    def stack_file(self) -> Path:
        """The stack's state, once there is one."""
        return self.state / ".pulumi" / "stacks" / "strongroom" / f"{self.stack}.json"

    @property
    def servers(self) -> Path:
        """The Vault nodes."""
        return self.root / "vault"

    @property
    def emulator(self) -> Path:
        """The AWS emulator's log and pid."""
        return self.root / "emulator"

    @property
    def tls(self) -> Path:
        """The private CA and the servers' certificate."""
        return self.root / "tls"

    @property
    def cluster(self) -> Path:
        """What stands for, or belongs to, a Kubernetes cluster: locally the keys that sign ServiceAccount tokens."""
        return self.root / "cluster"

    @property
    def passwords(self) -> Path:
        """Generated passwords, one file each, 0600."""
        return self.root / "passwords"

    @property
    def custody(self) -> Path:
        """The envelope's local copy, while there is one."""
        return self.root / "custody"

    @property
    def env(self) -> Path:
        """What a shell sources."""
        return self.root / "env"

    @property
    def ports_file(self) -> Path:
        """The ports that were chosen, remembered."""
        return self.root / "ports.json"

    def refuse_copy(self) -> None:
        """Refuse an environment that was copied or moved here: its paths lead to another one's servers.

        Raises:
            ProblemError: naming the place where it was made.

        """
        mark = self.root / "checkout"
        if mark.exists() and mark.read_text() != str(self.checkout):
            raise ProblemError(
                f"the environment in {self.root} was made at {mark.read_text()}",
                f"if this is a copy, delete {self.root.name} here; if it was moved, move it back and"
                f" `{self.make('down')}` first",
            )

    def prepare(self) -> None:
        """Make the folders; nobody else may look in."""
        for folder in (self.root, self.state, self.servers, self.emulator, self.tls, self.cluster,
                       self.passwords, self.custody):  # fmt: skip
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.root / "checkout", str(self.checkout))

    def resources(self) -> list[dict[str, Any]]:
        """Give the stack's resources as its own state has them; secrets are encrypted there."""
        try:
            checkpoint = json.loads(self.stack_file.read_text())
        except (OSError, ValueError):
            return []
        latest = checkpoint.get("checkpoint", {}).get("latest") or {}
        return [each for each in latest.get("resources") or [] if each["type"] != _STACK]


def cache_directory() -> Path:
    """Where downloads and builds outlive the checkout: STRONGROOM_CACHE, else the user's cache."""
    own = os.environ.get("STRONGROOM_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "strongroom"


def write_private(path: Path, text: str | bytes) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    data = text.encode() if isinstance(text, str) else text
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)


def last_lines(file: Path, lines: int) -> list[str]:
    """Give a log's last lines; none where there is no log yet."""
    return file.read_text(errors="replace").splitlines()[-lines:] if file.exists() else []


def password(layout: Layout, name: str) -> str:
    """Give the password of that name, made at first use."""
    path = layout.passwords / name
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text()
