"""A scratch copy of the checkout in which the real engine runs, as a user runs it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
import yaml

from sandbox.environment import own_environment

CHECKOUT = Path(__file__).parents[2]
SECONDS = 300


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    output: str


@dataclass(frozen=True)
class Scratch:
    """One copy: commands run in it, nothing outside it changes but the cache of builds."""

    path: Path

    @classmethod
    def make(cls, path: Path) -> "Scratch":
        """Copy what git tracks or would track, and lend it this interpreter's virtual environment."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for name in listed:
            source = CHECKOUT / name
            if name.startswith(("tests/", "bench/")) or not source.is_file():
                continue
            target = path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        (path / ".venv").symlink_to(sys.prefix)
        return cls(path)

    def run(
        self, *command: str, extra: Mapping[str, str] | None = None, input_: str | None = None
    ) -> Ran:
        """Run a command in the copy, without anybody's credentials."""
        finished = subprocess.run(
            command,
            cwd=self.path,
            env={**own_environment(), **(extra or {})},
            input=input_,
            stdin=None if input_ is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Ran(finished.returncode, finished.stdout)

    def sandbox(self, *arguments: str, extra: Mapping[str, str] | None = None) -> Ran:
        """Run `python -m sandbox ...`, which is what make runs."""
        return self.run(sys.executable, "-m", "sandbox", *arguments, extra=extra)

    def sourced(self, script: str, input_: str | None = None) -> Ran:
        """Run a shell script after `. .sandbox/env`."""
        # The user's shell has the virtual environment's python first; so has this one.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return self.run(
            "bash", "-c", f". .sandbox/env; {script}", extra={"PATH": path}, input_=input_
        )

    def up(self) -> Ran:
        """Run `make up` and insist that it worked."""
        ran = self.sandbox("up")
        assert ran.code == 0, ran.output
        return ran

    def outputs(self) -> dict[str, Any]:
        """Give the stack's outputs."""
        ran = self.sourced("pulumi stack output --json")
        assert ran.code == 0, ran.output
        outputs: dict[str, Any] = json.loads(ran.output)
        return outputs

    def client(self, token: str | None = None) -> hvac.Client:
        """Give a client of the cluster, verified by its CA."""
        return hvac.Client(
            url=self.outputs()["address"], token=token, verify=str(self.sandbox_file("tls/ca.pem"))
        )

    def logged_in(self, service: str) -> hvac.Client:
        """Log in as a service does: with its ServiceAccount token."""
        ran = self.sandbox("token", service)
        assert ran.code == 0, ran.output
        login = self.outputs()["logins"][service]
        client = self.client()
        client.auth.jwt.jwt_login(login["role"], ran.output.strip(), path=login["mount"])
        return client

    def read(self, client: hvac.Client, path: str) -> dict[str, str]:
        """Read `kv/shop/orders/mail`."""
        mount, _, name = path.partition("/")
        answer = client.secrets.kv.v2.read_secret_version(
            name, mount_point=mount, raise_on_deleted_version=True
        )
        data: dict[str, str] = answer["data"]["data"]
        return data

    def sandbox_file(self, name: str) -> Path:
        """Give a file of `.sandbox/`."""
        return self.path / ".sandbox" / name

    def service(self, name: str, **content: Any) -> Path:
        """Write a service's catalogue file."""
        namespace, _, short = name.partition("/")
        file = self.path / "catalog" / f"{namespace}-{short}.yaml"
        file.write_text(yaml.safe_dump({"service": short, "namespace": namespace, **content}))
        return file
