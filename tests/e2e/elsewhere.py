"""A scratch copy whose stack is configured in a Vault that the test runs as somebody else's."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hvac
import yaml

from components.external import LENT
from sandbox import issuer, plugins, toolchain
from sandbox.environment import own_environment
from sandbox.layout import Layout, cache_directory
from tests.e2e.scratch import SECONDS, Ran, Scratch
from tests.real.foreign import Foreign

STACK = "elsewhere"
_ORDERS = {
    "service": "orders",
    "namespace": "shop",
    "secrets": {"mail": {"password": {"config": "mailPassword"}}},
}


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """One stack of kind external; commands run in the copy with the toolchain on PATH."""

    path: Path
    foreign: Foreign
    namespace: str | None
    layout: Layout
    environment: Mapping[str, str] = field(repr=False)
    said: list[str] = field(default_factory=list, repr=False)

    @classmethod
    def make(cls, path: Path, foreign: Foreign, namespace: str | None) -> "Elsewhere":
        """Copy the program, write settings and catalogue, make the stack."""
        Scratch.make(path)
        layout = Layout(checkout=path / "elsewhere")
        layout.prepare()
        issuer.ensure(layout)
        tools = toolchain.ensure(cache_directory(), print, layout.root / "pulumi")
        if not tools.official_plugins:
            plugins.install(tools.pulumi_home, Path(sys.executable))
        environment = {
            **own_environment(),
            **tools.environment,
            "PATH": f"{tools.bin}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{layout.state}",
            "PULUMI_CONFIG_PASSPHRASE": "of the state, and long",
        }
        made = cls(
            path=path, foreign=foreign, namespace=namespace, layout=layout, environment=environment
        )
        made.write_service(_ORDERS)
        made.write_settings({})
        made.succeed("pulumi", "stack", "init", STACK, "--secrets-provider", "passphrase")
        for key in ("accountPassword", "mailPassword"):
            made.run("pulumi", "config", "set", "--secret", key, input_=made.value(key))
        return made

    def value(self, key: str) -> str:
        """Give the value of a stack secret."""
        return f"the-value-of-{key}-{self.layout.checkout.parent.name}"

    def write_service(self, service: Mapping[str, Any]) -> Path:
        """Write a file of the stack's own catalogue."""
        folder = self.path / "services"
        folder.mkdir(exist_ok=True)
        file = folder / f"{service['namespace']}-{service['service']}.yaml"
        file.write_text(yaml.safe_dump(dict(service)))
        return file

    def write_settings(self, changes: Mapping[str, Any]) -> None:
        """Write the stack's settings; what Pulumi keeps in the file stays."""
        file = self.path / f"Pulumi.{STACK}.yaml"
        kept = yaml.safe_load(file.read_text()) if file.exists() else {}
        server = {
            "kind": "external",
            "flavour": "openbao",
            "address": self.foreign.address,
            "ca": str(self.foreign.ca_file),
        }
        if self.namespace:
            server["vaultNamespace"] = self.namespace
        config = {
            "strongroom:keep": False,
            "strongroom:catalog": "services",
            "strongroom:server": server,
            "strongroom:account": {"cidrs": ["127.0.0.1/32"]},
            "strongroom:access": {
                "method": "jwt",
                "issuer": issuer.ISSUER,
                "keys": [str(self.layout.cluster / "public.pem")],
            },
        }
        secrets = {key: value for key, value in kept.get("config", {}).items() if key not in config}
        merged = {**kept, "config": {**config, **secrets, **changes}}
        file.write_text(yaml.safe_dump(merged, sort_keys=False))

    def run(self, *command: str, lent: str | None = None, input_: str | None = None) -> Ran:
        """Run a command; `lent` is the token that the owner lends for it."""
        finished = subprocess.run(
            command,
            cwd=self.path,
            env={**self.environment, **({LENT: lent} if lent else {})},
            input=input_,
            stdin=None if input_ is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        self.said.append(finished.stdout)
        return Ran(finished.returncode, finished.stdout)

    def succeed(self, *command: str, lent: str | None = None) -> str:
        """Run a command that must succeed; give what it printed."""
        ran = self.run(*command, lent=lent)
        assert ran.code == 0, ran.output
        return ran.output

    def up(self, *, lent: str | None = None) -> Ran:
        """Run `pulumi up`."""
        return self.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", lent=lent)

    def ops(self, *arguments: str, lent: str | None = None) -> Ran:
        """Run `python -m ops ...`."""
        return self.run(sys.executable, "-m", "ops", *arguments, lent=lent)

    def owner(self) -> hvac.Client:
        """Give the owner's client, in the namespace."""
        return self.foreign.client(namespace=self.namespace)

    def logged_in(self, service: str) -> hvac.Client:
        """Log in as a service does, where the stack's outputs say."""
        outputs = json.loads(self.succeed("pulumi", "stack", "output", "--json"))
        login = outputs["logins"][service]
        client = self.foreign.client("none", login.get("namespace"))
        client.auth.jwt.jwt_login(
            login["role"], issuer.token(self.layout, service), path=login["mounts"]["home"]
        )
        return client
