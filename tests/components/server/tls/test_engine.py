"""The CA's private key in the state of Pulumi's real engine: encrypted, through create and update."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import toolchain
from sandbox.layout import cache_directory
from sandbox.plugins import install

pytestmark = [pytest.mark.real, pytest.mark.e2e]

CHECKOUT = Path(__file__).parents[4]
PROGRAM = """\
import json
import pulumi
from components.server.tls.own import _Authority, _SECRET_OUTPUTS

names = json.loads(open("names.json").read())
opts = pulumi.ResourceOptions(additional_secret_outputs=_SECRET_OUTPUTS)
authority = _Authority("authority", {"dns_names": names, "ip_addresses": ["127.0.0.1"]}, opts)
pulumi.export("ca", authority.ca_certificate)
pulumi.export("key", authority.key)
"""


@dataclass(frozen=True)
class Stack:
    folder: Path
    environment: Mapping[str, str]

    def pulumi(self, *arguments: str) -> str:
        ran = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def up(self, *names: str) -> str:
        (self.folder / "names.json").write_text(json.dumps(names))
        return self.pulumi("up", "--yes", "--skip-preview")

    def outputs(self, *, secret: bool) -> dict[str, Any]:
        shown = ["--show-secrets"] if secret else []
        outputs: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", *shown))
        return outputs


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    tools = toolchain.ensure(cache_directory(), print)
    install(tmp_path / "home", Path(sys.executable))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: authority\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    (tmp_path / "state").mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
        **tools.environment,
        "PATH": f"{tools.bin}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
    }
    made = Stack(folder, environment)
    made.pulumi("stack", "init", "test")
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview")


def test_a_private_key_is_in_no_plain_text_of_the_engine_s(stack: Stack) -> None:
    said = stack.up("vault.vault.svc")
    ca = stack.outputs(secret=False)["ca"]
    assert stack.outputs(secret=False)["key"] == "[secret]"
    assert "PRIVATE KEY" in stack.outputs(secret=True)["key"]

    again = json.loads(stack.pulumi("preview", "--json"))
    said += stack.up("vault.vault.svc", "vault.example.com")

    assert {step["op"] for step in again["steps"]} == {"same"}
    # Another certificate, by the same CA, whose key came back out of the state.
    assert stack.outputs(secret=False)["ca"] == ca
    kept = "".join(
        file.read_text()
        for file in stack.folder.parent.joinpath("state").rglob("*")
        if file.is_file()
    )
    assert "BEGIN CERTIFICATE" in kept
    assert "PRIVATE KEY" not in kept + said
