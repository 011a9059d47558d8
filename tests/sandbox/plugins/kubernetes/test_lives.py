"""Every object of the table lives a whole life through gRPC, against a real API server."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sandbox.plugins.kubernetes.objects import Object
from sandbox.plugins.kubernetes.table import KINDS
from tests.sandbox.plugins.driver import Driver
from tests.sandbox.plugins.kubernetes.samples import SAMPLES, Sample
from tests.sandbox.plugins.kubernetes.server import Server

pytestmark = [pytest.mark.real, pytest.mark.kubernetes]
each = pytest.mark.parametrize("token", SAMPLES)


@pytest.fixture(scope="module")
def driver(kubeconfig: str) -> Iterator[Driver]:
    """Give one plugin for all: it knows the cluster once it has asked."""
    with Driver.start("kubernetes") as plugin:
        plugin.configure({"kubeconfig": kubeconfig})
        yield plugin


@pytest.fixture
def sample(token: str, suffix: str, namespace: str) -> Sample:
    sample = SAMPLES[token](f"sample-{suffix}")
    kind = KINDS[token]
    assert isinstance(kind, Object)
    inside = {"metadata": {"namespace": namespace}} if kind.namespaced else {}
    return replace(sample, inputs=sample.over(inside))


@pytest.fixture
def made(
    token: str, driver: Driver, sample: Sample
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Give id, state and inputs of the sample, made by the plugin and deleted by it."""
    inputs, failures = driver.check(token, sample.inputs)
    assert failures == []
    identity, state = driver.create(token, inputs)
    yield identity, state, inputs
    driver.delete(token, identity, state)
    assert driver.read(token, identity, state, inputs) == ("", {}, {})


Made = tuple[str, dict[str, Any], dict[str, Any]]


def differing(
    driver: Driver, token: str, state: dict[str, Any], olds: dict[str, Any], inputs: dict[str, Any]
) -> set[str]:
    return set(driver.compare(token, state, olds, inputs).diffs)


def test_every_type_has_its_sample() -> None:
    assert set(SAMPLES) == {token for token in KINDS if "helm" not in token}


@each
def test_it_is_made_changed_and_deleted(
    token: str, driver: Driver, sample: Sample, made: Made
) -> None:
    identity, state, inputs = made
    assert differing(driver, token, state, inputs, inputs) == set()
    read_identity, read, inputs_read = driver.read(token, identity, state, inputs)
    assert read_identity == identity
    assert inputs_read == inputs
    assert differing(driver, token, read, inputs, inputs) == set()

    changed, _ = driver.check(token, sample.over(sample.changed))
    answer = driver.compare(token, state, inputs, changed)
    assert answer.diffs
    assert not answer.replaces
    driver.update(token, identity, state, changed, preview=True)
    state = driver.update(token, identity, state, changed)
    assert differing(driver, token, state, changed, changed) == set()
    _, read, _ = driver.read(token, identity, state, changed)
    assert differing(driver, token, read, changed, changed) == set()

    other = sample.replacing or {"metadata": {"name": "other"}}
    replaced, _ = driver.check(token, sample.over(other))
    answer = driver.compare(token, state, changed, replaced)
    assert answer.replaces
    assert answer.deleteBeforeReplace == bool(sample.replacing)


@each
def test_drift_is_found_and_repaired(
    token: str, driver: Driver, server: Server, sample: Sample, made: Made
) -> None:
    identity, state, inputs = made
    server.edit(state, sample.drift)
    _, state, inputs_now = driver.read(token, identity, state, inputs)
    assert inputs_now != inputs
    answer = driver.compare(token, state, inputs_now, inputs)
    assert sample.drifted in answer.diffs
    state = driver.update(token, identity, state, inputs)
    assert differing(driver, token, state, inputs, inputs) == set()
    _, state, inputs_now = driver.read(token, identity, state, inputs)
    assert inputs_now == inputs


@each
def test_what_is_gone_is_found_gone(token: str, driver: Driver, server: Server, made: Made) -> None:
    identity, state, inputs = made
    metadata = state["metadata"]
    server.remove(state["apiVersion"], state["kind"], metadata.get("namespace"), metadata["name"])
    assert driver.read(token, identity, state, inputs) == ("", {}, {})


@each
def test_it_is_imported(token: str, driver: Driver, made: Made) -> None:
    identity, _, inputs = made
    read_identity, state, found = driver.read(token, identity)
    assert read_identity == identity
    assert differing(driver, token, state, found, found) == set()
    assert not {"status", "__fieldManager"} & set(found)
    assert "uid" not in found["metadata"]
    assert differing(driver, token, state, found, inputs) == set()
