"""SIGKILL anywhere: the next run finishes, and what it leaves is as if nothing had been."""

from pathlib import Path

import pytest

from custody.bootstrap import STEPS, bootstrap
from custody.request import AwsCustody
from custody.states import LostInitError
from custody.vault import Cluster as Servers
from tests.real.cluster import Cluster
from tests.real.inside import bucket_names, owned_and_tidy
from tests.real.killed import run_killed
from tests.real.request import impatient, request_for

pytestmark = pytest.mark.real

POINTS = [
    # Up to here nothing is kept; the test that kills at every point in turn has those before.
    *(f"before {step}" for step in STEPS[STEPS.index("take data key") :]),
    "after mark owned",
    # In the middle of a step.
    "before put vault-test",
    "after put vault-test",
    "before put strongroom-envelope",
    "after put strongroom-envelope",
    "after put vault-recovery-2",
    "before put vault-root",
    "after hide strongroom-envelope",
]


@pytest.mark.parametrize("point", POINTS)
def test_a_run_that_was_killed_is_finished_by_the_next(
    point: str, cluster: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(cluster.address, place, tmp_path / "custody")

    said = run_killed(request, point)

    assert request.account.password.reveal() not in said
    bootstrap(request)
    assert owned_and_tidy(request)


def test_a_bootstrap_killed_at_every_point_in_turn_still_ends_owned(
    three_nodes: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(three_nodes.address, place, tmp_path / "custody")
    for step in STEPS:
        for when in ("before", "after"):
            run_killed(request, f"{when} {step}")

    bootstrap(request)

    assert owned_and_tidy(request)


@pytest.mark.parametrize("point", ["before put strongroom-envelope", "before split"])
def test_the_bucket_alone_or_the_file_alone_is_enough(
    point: str, cluster: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(cluster.address, place, tmp_path / "custody")
    run_killed(request, point)
    [local] = request.directory.iterdir()
    if bucket_names(request).get("strongroom-envelope"):
        local.unlink()

    bootstrap(request)

    assert owned_and_tidy(request)


def test_killed_between_the_answer_and_its_first_copy_ends_in_the_wipe(
    cluster: Cluster, place: AwsCustody, tmp_path: Path
) -> None:
    request = request_for(cluster.address, place, tmp_path / "custody")
    run_killed(request, "before envelope.seal")
    assert Servers(cluster.address).wait_until_active(30)

    with pytest.raises(LostInitError, match="nobody ever owned") as lost:
        bootstrap(impatient(request))

    assert lost.value.commands == request.wipe_commands
    assert "rm -r the-storage" in str(lost.value)
    cluster.wipe()
    bootstrap(request)
    assert owned_and_tidy(request)
