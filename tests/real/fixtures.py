"""pytest fixtures over the helpers; a conftest.py imports those that its room needs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from custody.request import AwsCustody
from tests.real.cluster import Cluster, running_cluster
from tests.real.emulator import Emulator, custody_place, running_emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Share one emulator among all tests of a process: each test makes its own keys and bucket."""
    with running_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def place(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> AwsCustody:
    """Keys, bucket and roles of this test's own; the emulator's credentials in the environment."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    return custody_place(emulator)


@pytest.fixture
def cluster(emulator: Emulator, place: AwsCustody, tmp_path: Path) -> Iterator[Cluster]:
    """One node, running and not initialised."""
    with running_cluster(tmp_path / "cluster", emulator, place) as running:
        yield running


@pytest.fixture
def three_nodes(emulator: Emulator, place: AwsCustody, tmp_path: Path) -> Iterator[Cluster]:
    """Three nodes, running and not initialised."""
    with running_cluster(tmp_path / "cluster", emulator, place, members=3) as running:
        yield running
