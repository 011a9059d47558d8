"""pytest fixtures over the helpers; a conftest.py imports those that its room needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from custody.bootstrap import bootstrap, check
from custody.request import AwsCustody, Request
from custody.vault import Cluster as Servers
from tests.real.cluster import SHAMIR, Cluster, running_cluster
from tests.real.emulator import Emulator, custody_place, running_emulator
from tests.real.inside import bucket_names, look_inside
from tests.real.keeper import RunningKeeper, running_keeper
from tests.real.request import request_for


@dataclass(frozen=True, kw_only=True)
class OwnedCluster:
    """One node that a bootstrap has owned, and the request that did."""

    cluster: Cluster
    request: Request


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Share one emulator among all tests of a process: each test makes its own keys and bucket."""
    with running_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def signed_in(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the emulator's credentials into the environment."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(emulator: Emulator, signed_in: None) -> AwsCustody:  # noqa: ARG001  used with it
    """Keys, bucket and roles of this test's own; the emulator's credentials in the environment."""
    return custody_place(emulator)


@pytest.fixture
def cluster(emulator: Emulator, place: AwsCustody, tmp_path: Path) -> Iterator[Cluster]:
    """One node of this test's own, running and not initialised."""
    with running_cluster(tmp_path / "cluster", emulator, place) as running:
        yield running


@pytest.fixture
def three_nodes(emulator: Emulator, place: AwsCustody, tmp_path: Path) -> Iterator[Cluster]:
    """Three nodes of this test's own, running and not initialised."""
    with running_cluster(tmp_path / "cluster", emulator, place, members=3) as running:
        yield running


@pytest.fixture
def shamir(emulator: Emulator, place: AwsCustody, tmp_path: Path) -> Iterator[Cluster]:
    """One node of this test's own without a seal stanza, running and not initialised."""
    with running_cluster(tmp_path / "cluster", emulator, place, seal=SHAMIR) as running:
        yield running


@pytest.fixture
def three_shamir(emulator: Emulator, place: AwsCustody, tmp_path: Path) -> Iterator[Cluster]:
    """Three such nodes."""
    directory = tmp_path / "cluster"
    with running_cluster(directory, emulator, place, members=3, seal=SHAMIR) as running:
        yield running


@pytest.fixture(scope="session")
def shared_empty(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The node behind `empty_cluster`."""
    directory = tmp_path_factory.mktemp("empty")
    with running_cluster(directory, emulator, custody_place(emulator)) as running:
        yield running


@pytest.fixture
def empty_cluster(shared_empty: Cluster) -> Iterator[Cluster]:
    """One node that is not initialised, shared by tests which prove that it stays so."""
    yield shared_empty
    [member] = Servers(shared_empty.address).members()
    assert member is not None
    if member.initialised:
        shared_empty.wipe()
        pytest.fail("the cluster was initialised")


@pytest.fixture(scope="session")
def shared_owned(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnedCluster]:
    """The node behind `owned`."""
    directory, place = tmp_path_factory.mktemp("owned"), custody_place(emulator)
    with running_cluster(directory, emulator, place) as running, pytest.MonkeyPatch.context() as at:
        for name, value in emulator.environment.items():
            at.setenv(name, value)
        request = request_for(running.address, place, directory / "custody")
        bootstrap(request)
        at.undo()
        yield OwnedCluster(cluster=running, request=request)


@pytest.fixture
def owned(shared_owned: OwnedCluster, signed_in: None) -> Iterator[OwnedCluster]:  # noqa: ARG001
    """One owned node, shared by tests which leave it as they found it."""
    before = bucket_names(shared_owned.request)
    yield shared_owned
    assert check(shared_owned.request).as_declared
    assert bucket_names(shared_owned.request) == before
    assert look_inside(shared_owned.request).root_tokens == 0


@pytest.fixture(scope="session")
def keeper(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKeeper]:
    """Share one keeper of transit keys among tests which leave it running."""
    with running_keeper(tmp_path_factory.mktemp("keeper"), emulator) as running:
        yield running


@pytest.fixture
def own_keeper(emulator: Emulator, tmp_path: Path) -> Iterator[RunningKeeper]:
    """Give a test a keeper of its own, to do with it what it likes."""
    with running_keeper(tmp_path / "keeper", emulator) as running:
        yield running
