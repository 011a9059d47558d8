"""A program with every type of the tables, run by Pulumi's real engine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from hvac import Client

from sandbox import toolchain
from sandbox.layout import cache_directory
from sandbox.plugins import install
from tests.sandbox.plugins import samples_aws, samples_vault
from tests.sandbox.plugins.samples import Sample, over

pytestmark = [pytest.mark.real, pytest.mark.e2e]

Listed = list[dict[str, Any]]
SECONDS = 120


@dataclass(frozen=True)
class Stack:
    """One project with a stack of its own."""

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
            timeout=SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

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


@pytest.fixture
def stack(tmp_path: Path, vault_address: str, aws_address: str) -> Iterator[Stack]:
    tools = toolchain.ensure(cache_directory(), print)
    home = tmp_path / "home"
    install(home, Path(sys.executable))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: plugins\nruntime: python\n")
    shutil.copy(Path(__file__).parent / "program.py", folder / "__main__.py")
    (tmp_path / "state").mkdir()
    foreign = ("VAULT_", "AWS_", "PULUMI_")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        **tools.environment,
        "PATH": f"{tools.bin}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        # Stand-ins whatever the machine can reach.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "TEST_VAULT": vault_address,
        "TEST_AWS": aws_address,
    }
    made = Stack(folder, environment)
    made.declare([])
    made.pulumi("stack", "init", "test")
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview")


@pytest.fixture
def samples(bao: Client, cloud: boto3.Session, suffix: str) -> dict[str, Sample]:
    """Give every type's sample, each with surroundings of its own; by its name in the program."""
    found = {}
    for table, server in ((samples_vault.SAMPLES, bao), (samples_aws.SAMPLES, cloud)):
        for number, (token, make) in enumerate(table.items()):
            sample = make(f"{suffix}-{number}").prepared(server)
            found[token] = sample
    return found


def declared(inputs: Mapping[str, Mapping[str, Any]], **more: Mapping[str, Any]) -> Listed:
    return [
        {"token": token, "name": name_of(token), "inputs": values, **{k: v[token] for k, v in more.items()}}
        for token, values in inputs.items()
    ]  # fmt: skip


def name_of(token: str) -> str:
    return token.replace(":", "-").replace("/", "-")


def test_a_program_with_every_type_lives(
    stack: Stack, samples: dict[str, Sample], bao: Client, cloud: boto3.Session, suffix: str
) -> None:
    inputs: dict[str, Mapping[str, Any]] = {t: sample.inputs for t, sample in samples.items()}
    stack.declare(declared(inputs))
    assert set(stack.planned().values()) == {"create"}
    stack.up()
    assert stack.planned() == {}

    state = stack.state()
    for secret in ("password-", "value-"):
        assert f"{secret}{suffix}" not in state
    [key] = [r for r in json.loads(state)["deployment"]["resources"] if "accessKey" in r["type"]]
    assert "ciphertext" in key["outputs"]["secret"]

    for token, sample in samples.items():
        if sample.drift is not None:
            sample.drift(bao if token.startswith("vault") else cloud)
    stack.pulumi("refresh", "--yes", "--skip-preview")
    drifted = {name_of(token) for token, sample in samples.items() if sample.drift is not None}
    assert stack.planned() == dict.fromkeys(drifted, "update")
    stack.up()
    assert stack.planned() == {}

    changed = {t: over(sample.inputs, sample.changed) for t, sample in samples.items()}
    stack.declare(declared(changed))
    assert stack.planned() == {
        name_of(token): "update" for token, sample in samples.items() if sample.changed
    }
    stack.up()
    assert stack.planned() == {}

    replaced = {
        t: over(changed[t], sample.replacing) if sample.replaceable else changed[t]
        for t, sample in samples.items()
    }
    stack.declare(declared(replaced))
    assert {name for name, op in stack.planned().items() if "replace" in op} == {
        name_of(token) for token, sample in samples.items() if sample.replaceable
    }
    stack.up()
    assert stack.planned() == {}


def test_every_type_is_imported(stack: Stack, samples: dict[str, Sample]) -> None:
    made: dict[str, Mapping[str, Any]] = {
        token: over(sample.inputs, sample.imported_as) for token, sample in samples.items()
    }
    # What the server never tells can't be in a program that imports it.
    stack.declare(declared({token: sample.inputs for token, sample in samples.items()}))
    stack.up()
    identities = stack.forget(set(samples))
    stack.declare(declared(made, **{"import": identities}))
    assert set(stack.planned().values()) == {"import"}
    stack.up()
    stack.declare(declared(made))
    assert stack.planned() == {}
