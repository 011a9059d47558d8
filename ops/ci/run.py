"""Runs the engine for a report, as `make preview` does: after `ops check`, within a tunnel where one is needed."""

import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mistakes import MistakesError
from ops.check import check
from ops.ci import blinded
from ops.ci.errors import PipelineError
from ops.ci.events import read
from ops.ci.gathering import gathered
from ops.ci.report import Outcome, Report

_LAST_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Which one is looked at, and from where."""

    root: Path
    stack: str
    config_file: Path | None = None
    """Read instead of the stack's own file."""


def previewed(where: Environment, options: Sequence[str] = (), pack: str | None = None) -> Report:
    """Run `pulumi preview` with a policy pack. What it prints goes to stderr: stdout is the report's.

    Raises:
        PipelineError: if the pack isn't there, or the engine can't be started.

    """
    if pack is not None:
        if not (where.root / pack / "PulumiPolicy.yaml").is_file():
            raise PipelineError(
                f'{pack} is no policy pack; name another, or write --policy-pack "" for none'
            )
        options = [*options, "--policy-pack", pack]
    try:
        check(where.root, where.stack, where.config_file)
    except MistakesError as error:
        return Report(stack=where.stack, outcome=Outcome.MISTAKES, problems=(str(error),))
    # The log may hold what a program forgot to call secret: 0700, and gone with this block.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events"
        code, said = _preview(where, [*options, "--event-log", str(file)])
        events = read(file) if file.exists() else iter(())
        report = gathered(where.stack, events, succeeded=code == 0)
    if report.outcome is Outcome.FAILED and not report.problems:
        # It ended before it had an event to log: no such stack, no backend, a wrong passphrase.
        return replace(
            report, problems=(blinded.text("".join(said).strip()) or f"exit code {code}",)
        )
    return report


def _preview(where: Environment, options: Sequence[str]) -> tuple[int, deque[str]]:
    environment = {**os.environ, "PULUMI_DEBUG_COMMANDS": "1"}  # --event-log is hidden without it
    if where.config_file is not None:
        environment["PULUMI_OPTION_CONFIG_FILE"] = str(where.config_file)
    command = [
        sys.executable, "-m", "ops", "tunnel", "--if-needed", "--stack", where.stack, "--",
        "pulumi", "preview", "--stack", where.stack, "--non-interactive", "--suppress-outputs",
        "--color", "never", *options,
    ]  # fmt: skip
    said: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        process = subprocess.Popen(
            command,
            cwd=where.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise PipelineError(f"{command[0]} can't be run ({error.strerror})") from None
    with process:
        for line in process.stdout or ():
            said.append(line)
            sys.stderr.write(line)
    return process.returncode, said
