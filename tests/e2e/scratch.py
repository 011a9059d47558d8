"""A scratch copy of the checkout in which the real engine runs, as a user runs it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import boto3
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


def plain_shell() -> dict[str, str]:
    """Give the PATH of a person who activated no virtual environment."""
    own = Path(sys.prefix, "bin").resolve()
    kept = [each for each in os.environ["PATH"].split(os.pathsep) if Path(each).resolve() != own]
    return {"PATH": os.pathsep.join(kept)}


@dataclass(frozen=True)
class Scratch:
    """One copy: commands run in it, nothing outside it changes but the cache of builds."""

    path: Path
    said: list[str] = field(default_factory=list, repr=False)
    """All that commands printed, but for what was asked to print a token."""
    tokens: set[str] = field(default_factory=set, repr=False)
    """Every ServiceAccount token and every Vault token that a test was given."""

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
        ran = self._run(command, extra, input_)
        self.said.append(ran.output)
        return ran

    def _run(
        self, command: Sequence[str], extra: Mapping[str, str] | None, input_: str | None = None
    ) -> Ran:
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

    def token(self, service: str) -> str:
        """Give a ServiceAccount token, as `python -m sandbox token` prints it."""
        ran = self._run((sys.executable, "-m", "sandbox", "token", service), None)
        assert ran.code == 0, ran.output
        token = ran.output.strip()
        self.tokens.add(token)
        return token

    def variables(self) -> dict[str, str]:
        """Give the variables of a shell that has sourced `.sandbox/env`."""
        shown = self.sourced("env -0").output
        return dict(line.split("=", 1) for line in shown.split("\0") if "=" in line)

    def emulator(self) -> Callable[[str], Any]:
        """Give what makes a client of one of the emulator's services, as a sourced shell reaches it."""
        variables = self.variables()
        session = boto3.Session(
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            region_name=variables["AWS_REGION"],
        )
        return partial(session.client, endpoint_url=variables["AWS_ENDPOINT_URL"])

    def sourced(self, script: str, input_: str | None = None) -> Ran:
        """Run a shell script after `. .sandbox/env`."""
        return self.run(
            "bash", "-c", f". .sandbox/env; {script}", extra=plain_shell(), input_=input_
        )

    def documented(self, line: str) -> Ran:
        """Run a line of the documentation as one who sourced `.sandbox/env`. What it prints may be a token."""
        script = f". .sandbox/env; set -o pipefail; {line}"
        return self._run(("bash", "-c", script), plain_shell())

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
        login = self.outputs()["logins"][service]
        client = self.client()
        client.auth.jwt.jwt_login(login["role"], self.token(service), path=login["mounts"]["home"])
        self.tokens.add(client.token)
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
