"""Every line of the tables lives a whole life through gRPC, against real servers."""

from typing import Any

import pytest

from sandbox.plugins.aws.table import KINDS as AWS_KINDS
from sandbox.plugins.kind import Kind
from sandbox.plugins.values import UNKNOWN
from sandbox.plugins.vault.table import KINDS as VAULT_KINDS
from tests.sandbox.plugins import samples_aws, samples_vault
from tests.sandbox.plugins.driver import Driver
from tests.sandbox.plugins.samples import Sample, over

KINDS: dict[str, Kind[Any]] = {**VAULT_KINDS, **AWS_KINDS}
SAMPLES = {**samples_vault.SAMPLES, **samples_aws.SAMPLES}

pytestmark = pytest.mark.real
each = pytest.mark.parametrize("token", KINDS)


@pytest.fixture
def sample(token: str, server: Any, suffix: str) -> Sample:
    return SAMPLES[token](suffix).prepared(server)


def test_every_type_has_its_sample() -> None:
    assert set(SAMPLES) == set(KINDS)


@each
def test_a_preview_knows_what_the_program_gives_and_nothing_more(
    token: str, driver: Driver, sample: Sample
) -> None:
    inputs = dict(sample.inputs)
    seen = driver.preview(token, inputs)
    assert {name for name, value in seen.items() if value == UNKNOWN} == sample.unknown
    bare = {n for n in inputs if not KINDS[token].properties[n].write_only}
    assert {n: seen[n] for n in bare} == {n: inputs[n] for n in bare}


@each
def test_it_is_made_changed_and_deleted(token: str, driver: Driver, sample: Sample) -> None:
    inputs, failures = driver.check(token, dict(sample.inputs))
    assert failures == []
    identity, state = driver.create(token, inputs)
    assert driver.diff(token, state, inputs) == (set(), set())
    assert all(state.get(name) != UNKNOWN for name in state)
    read_identity, read, inputs_read = driver.read(token, identity, state, inputs)
    assert read_identity == identity
    assert driver.diff(token, read, inputs) == (set(), set())
    assert inputs_read == inputs

    if sample.changed:
        changed = over(inputs, sample.changed)
        differing, replacing = driver.diff(token, state, changed)
        assert differing
        assert replacing == set()
        driver.update(token, identity, state, changed, preview=True)
        state = driver.update(token, identity, state, changed)
        assert driver.diff(token, state, changed) == (set(), set())
        _, read, _ = driver.read(token, identity, state, changed)
        assert driver.diff(token, read, changed) == (set(), set())
        inputs = changed

    _, replacing = driver.diff(token, state, over(inputs, sample.replacing))
    assert replacing
    assert replacing <= set(sample.replacing)

    driver.delete(token, identity, state)
    driver.delete(token, identity, state)


@each
def test_drift_is_found_and_repaired(
    token: str, driver: Driver, server: Any, sample: Sample
) -> None:
    if sample.drift is None:
        assert not any(not p.immutable and not p.believed for p in KINDS[token].properties.values())
        return
    inputs = dict(sample.inputs)
    identity, state = driver.create(token, inputs)
    sample.drift(server)
    _, state, inputs_now = driver.read(token, identity, state, inputs)
    differing, replacing = driver.diff(token, state, inputs)
    assert sample.drifted <= differing
    assert replacing == set()
    assert all(inputs_now.get(name) != inputs.get(name) for name in sample.drifted)
    driver.update(token, identity, state, inputs)
    _, state, _ = driver.read(token, identity, state, inputs)
    assert driver.diff(token, state, inputs) == (set(), set())


@each
def test_what_is_gone_is_found_gone(
    token: str, driver: Driver, server: Any, sample: Sample
) -> None:
    identity, state = driver.create(token, dict(sample.inputs))
    if sample.remove is None:
        driver.delete(token, identity, state)
    else:
        sample.remove(server)
    assert driver.read(token, identity, state, dict(sample.inputs)) == ("", {}, {})
    driver.delete(token, identity, state)


@each
def test_it_is_imported(token: str, driver: Driver, sample: Sample) -> None:
    inputs = dict(sample.inputs)
    identity, _ = driver.create(token, inputs)
    read_identity, state, found = driver.read(token, identity)
    assert read_identity == identity
    expected = over(inputs, sample.imported_as)
    assert driver.diff(token, state, expected) == (set(), set())
    assert driver.diff(token, state, found) == (set(), set())
    for name, value in expected.items():
        known = KINDS[token].properties[name]
        assert known.same(found.get(name, known.default), value), name
