"""Runs Pulumi's engine: the stack, its secrets, preview and up."""

import json
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from components.server import spawn
from sandbox import child
from sandbox.layout import Layout, write_private
from sandbox.problem import ProblemError

Say = Callable[[str], None]

# Written over whatever is there, and deleted twice without harm: losing a record of these in a crash loses
# nothing. Everything else (cloud resources, mounts, logins' mounts) is recorded as soon as it exists.
REPEATABLE = (
    "vault:index/policy:Policy",
    "vault:jwt/authBackendRole:AuthBackendRole",
    "vault:kubernetes/authBackendRole:AuthBackendRole",
    "vault:kv/secretV2:SecretV2",
)
# Fewer than this many are recorded one by one like the rest: the time saved is not worth a second run.
_MANY = 100
# What has only begun is said again when it is done; the log keeps both.
_NOISE = re.compile(r"^@ |^ . +\S+ .* (creating|updating|deleting|reading|replacing) \(\d+s\)\s*$")


@dataclass(kw_only=True)
class Engine:
    """Pulumi's command line in one environment."""

    layout: Layout
    environment: Mapping[str, str]
    """Of the child processes, whole."""
    say: Say
    said: list[str] = field(default_factory=list)
    """What the last shown command printed."""

    def ensure_stack(self) -> None:
        """Make the stack unless it is there; take away the lock of an engine that died."""
        for lock in (self.layout.state / ".pulumi" / "locks").rglob("*.json"):
            if _abandoned(lock):
                self.say("  a run before this one died and left Pulumi's lock: taken away")
                lock.unlink(missing_ok=True)
        if self.layout.stack_file.exists() and "encryptionsalt" in self.layout.settings.read_text():
            return
        # `stack init` writes the stack's salt into the tracked file, wherever the settings are told to lie.
        tracked = self.layout.tracked_settings.read_bytes()
        try:
            self._quietly("stack", "init", self.layout.stack, "--secrets-provider", "passphrase")
            written = yaml.safe_load(self.layout.tracked_settings.read_bytes())
        finally:
            self.layout.tracked_settings.write_bytes(tracked)
        settings = yaml.safe_load(self.layout.settings.read_bytes())
        settings.setdefault("encryptionsalt", written.get("encryptionsalt"))
        write_private(self.layout.settings, yaml.safe_dump(settings, sort_keys=False))

    def set_secret(self, key: str, value: str) -> None:
        """Store a stack secret. It goes through a pipe: arguments are visible to every process."""
        self._quietly("config", "set", "--secret", key, input_=value)

    def preview(self, *options: str) -> int:
        """Show what `up` would do."""
        return self._shown("preview", *options)

    def changes(self) -> Counter[tuple[str, str]]:
        """Ask what would change: (operation, resource type) -> how often; `same` is left out.

        Raises:
            ProblemError: where the preview fails; its own lines were printed.

        """
        finished = subprocess.run(
            ["pulumi", "preview", "--json", "--non-interactive"],
            cwd=self.layout.checkout, env=dict(self.environment), capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        try:
            document = json.loads(finished.stdout)
        except ValueError:
            document = {}
        if finished.returncode != 0:
            for line in _diagnostics(document) or [finished.stderr.strip()]:
                self.say(line)
            raise ProblemError("the preview failed", "put right what it says, then run this again")
        steps = document.get("steps") or []
        return Counter(
            (step["op"], _type(step["urn"])) for step in steps if step["op"] not in ("same", "read")
        )

    def up(self, changes: Counter[tuple[str, str]]) -> int:
        """Carry out `changes`; give Pulumi's exit code.

        Where very many repeatable resources change, everything else goes first, recorded as it is made; the
        repeatable ones follow without a checkpoint after each, which would take ten times as long.
        """
        repeatable = sum(many for (_, kind), many in changes.items() if kind in REPEATABLE)
        if repeatable < _MANY:
            return self._shown("up", "--yes", "--skip-preview")
        if repeatable < changes.total():
            excluded = [f"--exclude=**{kind}::**" for kind in REPEATABLE]
            code = self._shown("up", "--yes", "--skip-preview", *excluded)
            if code != 0:
                return code
        return self._shown(
            "up", "--yes", "--skip-preview", "--suppress-outputs",
            extra={"PULUMI_SKIP_CHECKPOINTS": "true"},
        )  # fmt: skip

    def repair_secrets(self) -> int:
        """Find KV values that differ from what the program wrote, and write them back.

        pulumi-vault sees no such drift; after `up`, so that what is declared now is what counts.
        """
        return self._run(sys.executable, "-m", "ops", "drift", "--repair")

    def outputs(self) -> dict[str, object]:
        """The stack's outputs; none of them is secret."""
        outputs: dict[str, object] = json.loads(self._quietly("stack", "output", "--json"))
        return outputs

    def _shown(self, *arguments: str, extra: Mapping[str, str] | None = None) -> int:
        return self._run("pulumi", *arguments, "--non-interactive", extra=extra)

    def _run(self, *command: str, extra: Mapping[str, str] | None = None) -> int:
        """Run a command, pass on what it prints, keep a copy in the log."""
        log = self.layout.root / "pulumi.log"
        self.said.clear()
        with log.open("a", buffering=1) as copy:
            log.chmod(0o600)

            def line(each: str) -> None:
                copy.write(each)
                self.said.append(each)
                if each.strip() and not _NOISE.search(each):
                    self.say(each.rstrip())

            return child.shown(
                command,
                folder=self.layout.checkout,
                environment={**self.environment, **(extra or {})},
                line=line,
                say=self.say,
            )

    def _quietly(self, *arguments: str, input_: str | None = None) -> str:
        finished = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.layout.checkout, env=dict(self.environment), input=input_, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        if finished.returncode != 0:
            reason = finished.stderr.strip().splitlines() or ["it gave no reason"]
            command = " ".join(arguments[:2])
            raise ProblemError(
                f"pulumi {command} failed: {reason[-1].removeprefix('error: ')}",
                self._cure(reason[-1]),
            )
        return finished.stdout

    def _cure(self, reason: str) -> str:
        folder, make = self.layout.root.name, self.layout.make
        if "passphrase" in reason:
            again = f"begin again with `{make('down')}` and `{make('up')}`"
            return f"put back {folder}/passwords/passphrase, or {again}"
        return f"see {folder}/pulumi.log"


def _abandoned(lock: Path) -> bool:
    """Whether the engine that wrote this lock ran on this machine and lives no more."""
    try:
        owner = json.loads(lock.read_text())
        here = owner["hostname"] == socket.gethostname()
        return here and not spawn.lives(int(owner["pid"]))
    except (OSError, ValueError, KeyError):
        return False


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _diagnostics(document: Mapping[str, object]) -> list[str]:
    listed = document.get("diagnostics")
    entries: Iterable[Mapping[str, str]] = listed if isinstance(listed, Sequence) else ()
    return [
        str(entry.get("message", "")).strip()
        for entry in entries
        if entry.get("severity") == "error"
    ]


def described(changes: Counter[tuple[str, str]]) -> str:
    """Say `12 to create, 1 to update`."""
    counted: Counter[str] = Counter()
    for (operation, _), many in changes.items():
        counted[operation] += many
    shown = ("create", "update", "delete", "replace")
    return ", ".join(f"{counted[op]} to {op}" for op in shown if counted[op]) or "nothing"
