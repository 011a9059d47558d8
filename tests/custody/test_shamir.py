"""Clusters with Shamir's seal: custody holds the unseal keys, and unseals with them."""

from dataclasses import replace
from pathlib import Path

import pytest

from custody.aws import Custody
from custody.bootstrap import STEPS, bootstrap, check
from custody.errors import CustodyError
from custody.request import AwsCustody
from custody.root import minted
from custody.unseal import KeysError, unseal
from custody.vault import Cluster as Servers
from tests.real.cluster import Cluster
from tests.real.emulator import Emulator, custody_place
from tests.real.inside import look_inside, owned_and_tidy
from tests.real.killed import run_killed
from tests.real.leaks import leaked
from tests.real.request import request_for

pytestmark = pytest.mark.real


def _restart(cluster: Cluster) -> None:
    for index in range(len(cluster.nodes)):
        cluster.stop(index)
    for index in range(len(cluster.nodes)):
        cluster.start(index)


def test_three_nodes_are_owned_and_a_later_run_unseals_them_again(
    three_shamir: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(three_shamir.address, place, tmp_path / "custody", seal="shamir")
    steps: list[str] = []

    owned = bootstrap(request, lambda step, when: steps.append(step) if when == "after" else None)

    assert [step for step in steps if step != "look"] == list(STEPS)
    assert owned_and_tidy(request, "unseal")
    _restart(three_shamir)
    with pytest.raises(CustodyError, match="is sealed"):
        check(request)

    assert bootstrap(request) == owned

    assert owned_and_tidy(request, "unseal")


@pytest.mark.parametrize(
    "point",
    [
        "before init",
        "before put strongroom-envelope",
        "after put strongroom-envelope",
        "after put vault-unseal-2",
        "before wait for members",
        "after wait for members",
        "before revoke root",
        "before mark owned",
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_run_that_was_killed_is_finished_by_the_next_even_if_the_server_was_started_anew(
    point: str, restarted: bool, shamir: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(shamir.address, place, tmp_path / "custody", seal="shamir")
    run_killed(request, point)
    if restarted:
        _restart(shamir)

    bootstrap(request)

    assert owned_and_tidy(request, "unseal")


def test_a_declared_seal_that_the_server_has_not_is_refused_before_init(
    shamir: Cluster, empty_cluster: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    with pytest.raises(CustodyError, match="has no seal that unseals by itself"):
        bootstrap(request_for(shamir.address, place, tmp_path / "one"))
    other = request_for(empty_cluster.address, place, tmp_path / "two", seal="shamir")
    with pytest.raises(CustodyError, match="Shamir is declared; take the seal stanza out"):
        bootstrap(other)

    [member] = Servers(shamir.address).members()
    assert member is not None
    assert not member.initialised


def test_a_seal_that_is_changed_before_the_cluster_is_owned_is_refused(
    shamir: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(shamir.address, place, tmp_path / "custody", seal="shamir")
    run_killed(request, "before wait for members")

    with pytest.raises(CustodyError, match="put strongroom:seal back"):
        bootstrap(replace(request, seal="auto"))


def test_keys_of_another_cluster_are_said_not_to_fit_and_shown_nowhere(
    shamir: Cluster, emulator: Emulator, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(shamir.address, place, tmp_path / "custody", seal="shamir")
    bootstrap(request)
    theirs = Custody(custody_place(emulator))
    keys = [f"{index:02x}" * 33 for index in range(1, 4)]
    for index, key in enumerate(keys):
        theirs.put(f"vault-unseal-{index}", theirs.encrypt(key.encode()))
    _restart(shamir)
    servers, url = Servers(shamir.address), shamir.address.members[0]

    with pytest.raises(KeysError, match="custody's keys don't unseal") as refused:
        unseal(servers, theirs, url)

    assert leaked(refused.value, keys) == []
    # What was wrong is forgotten: the right ones are taken at once.
    unseal(servers, Custody(place), url)
    [member] = servers.members()
    assert member is not None
    assert not member.sealed


def test_a_root_token_is_minted_from_the_unseal_keys(
    shamir: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(shamir.address, place, tmp_path / "custody", seal="shamir")
    bootstrap(request)

    with minted(shamir.address, place) as token:
        looked = Servers(shamir.address).active(token).auth.token.lookup_self()["data"]

    assert looked["policies"] == ["root"]
    assert look_inside(request).root_tokens == 0
