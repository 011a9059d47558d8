"""Servers whose seal's key another OpenBao keeps."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.server import nodes
from custody import account
from custody.bootstrap import bootstrap, check
from custody.errors import CustodyError
from custody.keeper import prove
from custody.request import AwsCustody, Request
from custody.vault import Cluster as Servers
from custody.vault import wait_until
from sandbox import certificates
from sandbox.layout import Layout
from tests.real.cluster import Cluster, NodeSeal, running_cluster
from tests.real.emulator import Emulator
from tests.real.fixtures import emulator, own_keeper, place, signed_in
from tests.real.inside import look_inside
from tests.real.keeper import RunningKeeper
from tests.real.request import request_for

__all__ = ["emulator", "own_keeper", "place", "signed_in"]

pytestmark = pytest.mark.real

PERIOD = 8
"""Seconds. A busy machine takes some to start three servers with the token, before anybody renews it."""


@pytest.fixture
def token(own_keeper: RunningKeeper, request: pytest.FixtureRequest) -> str:
    """Give one that ends after an hour, or as the test says, unless a server renews it."""
    return own_keeper.token(period=getattr(request, "param", "1h"))


@pytest.fixture
def servers(
    own_keeper: RunningKeeper, token: str, emulator: Emulator, place: AwsCustody, tmp_path: Path
) -> Iterator[Cluster]:
    """Three nodes whose key the keeper has."""
    seal = own_keeper.seal(token)
    own = Layout(checkout=tmp_path / "own")
    own.prepare()
    certificates.ensure(own)
    # As the official chart gives it to every server, for its own client: it must not lead the seal astray.
    chart = {"VAULT_ADDR": "https://127.0.0.1:1", "VAULT_CACERT": str(own.tls / "ca.pem")}
    seal = replace(seal, environment={**seal.environment, **chart})
    with running_cluster(tmp_path / "cluster", emulator, place, members=3, seal=seal) as running:
        yield running


@pytest.fixture
def request_(
    servers: Cluster, own_keeper: RunningKeeper, token: str, place: AwsCustody, tmp_path: Path
) -> Request:
    """Ask for them to be owned; the key is proven with their own token."""
    keeper = own_keeper.keeper(token)
    proven = replace(place, seal_proof=lambda: prove(keeper))
    return request_for(servers.address, proven, tmp_path / "custody")


def test_they_are_owned_and_unseal_by_themselves_through_outage_and_rotation(
    servers: Cluster, request_: Request, own_keeper: RunningKeeper
) -> None:
    cluster = Servers(servers.address)
    bootstrap(request_)
    assert look_inside(request_).root_tokens == 0

    # The keeper is down: who is unsealed stays so and serves; who starts ends at once and says why.
    own_keeper.stop()
    servers.stop(2)
    assert nodes.start(servers.nodes[2], servers.environment)
    with pytest.raises(nodes.NodeError, match="connection refused"):
        nodes.wait_until_answers([servers.nodes[2]])
    assert cluster.wait_until_active(30)
    assert account.answers(cluster, request_.account)
    # Nobody can be given a root token meanwhile: the recovery keys are compared by means of the seal.
    with pytest.raises(CustodyError, match=r"its seal can't be used now .*connection refused"):
        look_inside(request_)

    # It is back: whoever starts then unseals.
    own_keeper.start()
    servers.start(2)
    cluster.wait_until_unsealed(30)

    # A new version of the key: those who start go on with the old one's text, and the leader writes it anew.
    own_keeper.rotate()
    for index in range(3):
        servers.stop(index)
        servers.start(index)
        cluster.wait_until_unsealed(30)
    own_keeper.forget_before(2)
    for index in range(3):
        servers.stop(index)
        servers.start(index)
        cluster.wait_until_unsealed(30)

    assert check(request_).as_declared


@pytest.mark.parametrize("token", [f"{PERIOD}s"], indirect=True)
def test_the_servers_keep_a_token_alive_that_ends_in_seconds_otherwise(
    servers: Cluster, request_: Request, own_keeper: RunningKeeper, token: str
) -> None:
    bootstrap(request_)

    def outlived() -> bool:
        looked = own_keeper.client.auth.token.lookup(token)["data"]
        return bool((looked["last_renewal_time"] or 0) > looked["creation_time"] + PERIOD)

    assert wait_until(outlived, 30)
    servers.stop(1)
    servers.start(1)
    Servers(servers.address).wait_until_unsealed(30)


@pytest.mark.parametrize("token", [f"{PERIOD}s"], indirect=True)
def test_a_token_that_nobody_renews_is_gone_and_a_new_one_brings_the_servers_back(
    servers: Cluster, request_: Request, own_keeper: RunningKeeper, token: str
) -> None:
    bootstrap(request_)
    cluster = Servers(servers.address)
    for index in range(3):
        servers.stop(index)

    def gone() -> bool:
        return not _lives(own_keeper, token)

    assert wait_until(gone, 30)
    assert nodes.start(servers.nodes[0], servers.environment)
    with pytest.raises(nodes.NodeError, match="permission denied"):
        nodes.wait_until_answers([servers.nodes[0]])

    for index in range(3):
        servers.reseal(index, own_keeper.seal())
        servers.start(index)

    cluster.wait_until_unsealed(30)
    assert check(request_).as_declared


def _lives(keeper: RunningKeeper, token: str) -> bool:
    answer = keeper.client.session.post(
        f"{keeper.address}/v1/auth/token/lookup",
        json={"token": token},
        headers={"X-Vault-Token": keeper.root.reveal()},
        timeout=5,
    )
    return answer.status_code == 200


def test_no_file_of_a_node_but_its_environment_holds_the_token(
    servers: Cluster, token: str
) -> None:
    for node in servers.nodes:
        holding = [
            path.name
            for path in Path(node.directory).rglob("*")
            if path.is_file() and token.encode() in path.read_bytes()
        ]
        assert holding == ["environment.json"]
        assert (Path(node.directory) / "environment.json").stat().st_mode & 0o077 == 0


def test_a_keeper_s_certificate_of_another_ca_is_not_trusted(
    own_keeper: RunningKeeper, emulator: Emulator, place: AwsCustody, tmp_path: Path
) -> None:
    seal = own_keeper.seal()
    other = tmp_path / "other"
    with running_cluster(other, emulator, place) as stranger:
        wrong = NodeSeal(
            kind="transit",
            parameters={**seal.parameters, "tls_ca_cert": str(stranger.ca_file)},
            environment=seal.environment,
        )
        with (
            pytest.raises(nodes.NodeError, match="certificate signed by unknown authority"),
            running_cluster(tmp_path / "cluster", emulator, place, seal=wrong),
        ):
            pass
