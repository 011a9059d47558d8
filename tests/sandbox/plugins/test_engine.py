"""A program with every type of the tables, run by Pulumi's real engine."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from hvac import Client

from tests.sandbox.plugins import samples_aws, samples_vault
from tests.sandbox.plugins.samples import Sample, over
from tests.sandbox.plugins.stack import Listed, Stack, running

pytestmark = [pytest.mark.real, pytest.mark.e2e]


@pytest.fixture
def stack(tmp_path: Path, vault_address: str, aws_address: str) -> Iterator[Stack]:
    more = {"TEST_VAULT": vault_address, "TEST_AWS": aws_address}
    with running(Path(__file__).parent / "program.py", tmp_path, more) as made:
        yield made


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
