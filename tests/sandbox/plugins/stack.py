"""A project with a stack of its own, run by Pulumi's real engine with the stand-ins."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import toolchain
from sandbox.layout import cache_directory
from sandbox.plugins import install

Listed = list[dict[str, Any]]
SECONDS = 300


@dataclass(frozen=True)
class Stack:
    """One project with a stack of its own."""

    folder: Path
    environment: Mapping[str, str]

    def pulumi(self, *arguments: str) -> str:
        ran = self._run(*arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def failed(self, *arguments: str) -> str:
        """Give all that a command says which must fail."""
        ran = self._run(*arguments)
        assert ran.returncode != 0, ran.stdout
        return ran.stdout + ran.stderr

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def declare(self, listed: Listed) -> None:
        (self.folder / "declared.json").write_text(json.dumps(listed))

    def up(self) -> None:
        self.pulumi("up", "--yes", "--skip-preview")

    def planned(self) -> dict[str, str]:
        """Resource -> what a preview would do to it; nothing is left out but what stays as it is."""
        steps = json.loads(self.pulumi("preview", "--json"))["steps"]
        return {s["urn"].rpartition("::")[2]: s["op"] for s in steps if s["op"] != "same"}

    def state(self) -> str:
        return self.pulumi("stack", "export")

    def forget(self, tokens: set[str]) -> dict[str, str]:
        """Drop resources of these types from the state, and from nowhere else; give their ids."""
        state = json.loads(self.state())
        resources = state["deployment"]["resources"]
        state["deployment"]["resources"] = [r for r in resources if r["type"] not in tokens]
        file = self.folder / "forgotten.json"
        file.write_text(json.dumps(state))
        self.pulumi("stack", "import", "--file", str(file))
        return {r["type"]: r["id"] for r in resources if r["type"] in tokens}


@contextmanager
def running(
    program: Path, folder: Path, more: Mapping[str, str], *, releases: bool = False
) -> Iterator[Stack]:
    """Give a stack of the program that lies in a file; destroyed afterwards."""
    tools = toolchain.ensure(cache_directory(), print, releases=releases)
    home = folder / "home"
    install(home, Path(sys.executable))
    project = folder / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: plugins\nruntime: python\n")
    shutil.copy(program, project / "__main__.py")
    (folder / "state").mkdir()
    foreign = ("VAULT_", "AWS_", "PULUMI_")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        **tools.environment,
        "PATH": f"{tools.bin}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        # Stand-ins whatever the machine can reach.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        **more,
    }
    made = Stack(project, environment)
    made.declare([])
    made.pulumi("stack", "init", "test")
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview")
