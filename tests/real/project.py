"""A tiny Pulumi project with a state of its own, run by the real engine."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.toolchain import Toolchain


@dataclass(frozen=True, kw_only=True)
class Project:
    """One directory, one stack called dev, a file backend in it."""

    directory: Path
    environment: Mapping[str, str]

    @classmethod
    def make(cls, directory: Path, tools: Toolchain, program: str) -> "Project":
        """Write the project and make its stack."""
        (directory / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
        (directory / "__main__.py").write_text(program)
        (directory / "state").mkdir()
        environment = {
            "HOME": str(directory),
            **tools.environment,
            "PATH": f"{tools.bin}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "PULUMI_BACKEND_URL": f"file://{directory / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "x",
        }
        made = cls(directory=directory, environment=environment)
        made.succeed("stack", "init", "dev")
        return made

    def pulumi(
        self, *arguments: str, extra: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command, whatever comes of it."""
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.directory,
            env={**self.environment, **(extra or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    def succeed(self, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
        """Run a command that must succeed; give what it printed."""
        done = self.pulumi(*arguments, extra=extra)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def set(self, key: str, value: str, *options: str) -> None:
        """Set a value of the stack's configuration."""
        self.succeed("config", "set", key, value, *options)

    @property
    def state(self) -> str:
        """What the file backend holds."""
        return (self.directory / "state/.pulumi/stacks/tiny/dev.json").read_text()
