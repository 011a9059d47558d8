"""Runs Pulumi's engine: the stack, its secrets, preview and up."""

import json
import re
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from components.server import spawn
from engine import REFUSED, REPEATABLE, SKIP_CHECKPOINTS
from ops.stack import Resource, resources
from sandbox import child
from sandbox.foresight import Way
from sandbox.layout import Layout, write_private
from sandbox.problem import ProblemError
from sandbox.stopped import legible, paragraph

Say = Callable[[str], None]

_KEPT = 5
_PACK = ("--policy-pack", "policies")
_UP = ("up", "--yes", "--skip-preview", "--suppress-outputs", *_PACK)
PARTIAL = "STRONGROOM_PARTIAL"
"""Tells the policy pack, which imports nothing of ours, not to look at the stack as a whole: it isn't yet."""
# What has only begun is said again when it is done; the log keeps both.
_NOISE = re.compile(
    r"^@ |^ . +\S+ .* (creating|updating|deleting|reading|replacing) \(\d+s\)\s*$|^Loading policy packs"
)


@dataclass(kw_only=True)
class Engine:
    """Pulumi's command line in one environment."""

    layout: Layout
    environment: Mapping[str, str]
    """Of the child processes, whole."""
    say: Say
    said: list[str] = field(default_factory=list)
    """What the last shown command printed."""
    before: list[str] = field(default_factory=list)
    """What those before it did."""

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
        """Show what `up` would do, and what the policy pack says of it."""
        return self._shown("preview", *options, *_PACK)

    def up(self, way: Way) -> int:
        """Bring the stack up this way, or the next that the engine does not refuse; give Pulumi's exit code."""
        ways = list(Way)
        for each in ways[ways.index(way) :]:
            code = self._up(each)
            if code == 0 or not any(REFUSED in line for line in self.said):
                break
            self.say(
                "  there is more to make than acls, roles and secrets: again, recording it as it is made"
            )
        self._forget()
        return code

    def _forget(self) -> None:
        """Keep the state as it was after the last few runs, and not after every one: it may be megabytes."""
        kept = (self.layout.state / ".pulumi" / "history").rglob("*.checkpoint.json")
        for old in sorted(kept)[:-_KEPT]:
            for file in (old, old.with_name(f"{old.name}.attrs")):
                file.unlink(missing_ok=True)

    def _up(self, way: Way) -> int:
        if way is Way.ONE_BY_ONE:
            return self._shown(*_UP)
        if way is Way.REST_FIRST:
            # Without the dependents it would be an error that something needs what is left out.
            excluded = [f"--exclude=**{kind}::**" for kind in REPEATABLE]
            code = self._shown(*_UP, "--exclude-dependents", *excluded, extra={PARTIAL: "true"})
            if code != 0:
                return code
        return self._shown(*_UP, extra={SKIP_CHECKPOINTS: "true"})

    def say_what_stopped_it(self) -> None:
        """Say it as the last thing, after a preview or an `up` that failed."""
        again = self.layout.make("up")
        for number, each in enumerate(paragraph(self.said, [*self.before, *self.said], again)):
            self.say(each if number else f"\n{each}")

    def resources(self) -> list[Resource]:
        """Give the stack's resources with their secrets, in memory only.

        Raises:
            StackError: if the state can't be read.

        """
        folder = self.layout.checkout
        return resources(None, show_secrets=True, folder=folder, environment=self.environment)

    def _shown(self, *arguments: str, extra: Mapping[str, str] | None = None) -> int:
        return self._run("pulumi", *arguments, "--non-interactive", extra=extra)

    def _run(self, *command: str, extra: Mapping[str, str] | None = None) -> int:
        """Run a command, pass on what it prints, keep a copy in the log."""
        log = self.layout.root / "pulumi.log"
        self.before += self.said
        self.said.clear()
        with log.open("a", buffering=1) as copy:
            log.chmod(0o600)

            def line(each: str) -> None:
                copy.write(each)
                self.said.append(each)
                if each.strip() and not _NOISE.search(each):
                    self.say(legible(each).rstrip())

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
