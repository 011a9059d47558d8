"""Pods whose seal's key another Vault keeps, which runs on this machine."""

import re
from collections.abc import Iterator

import pytest

from sandbox.kinds.pods import ClusterPods
from sandbox.layout import Layout
from tests.e2e.kubernetes.scratch import IMAGES, ClusterScratch, pods, ready, until
from tests.e2e.kubernetes.sealed import kill, sealed, serves
from tests.real.emulator import running_emulator
from tests.real.keeper import KEY, MOUNT, RunningKeeper, running_keeper

pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes]


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKeeper]:
    folder = tmp_path_factory.mktemp("keeper")
    for name in ("layout", "emulator", "keeper"):
        (folder / name).mkdir()
    host = ClusterPods(Layout(checkout=folder / "layout", stack="cluster")).emulator_addresses[1]
    with (
        running_emulator(folder / "emulator") as emulator,
        running_keeper(folder / "keeper", emulator, host) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def kept(
    keeper: RunningKeeper,
    scratch: ClusterScratch,
    flavour: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ClusterScratch]:
    folder = tmp_path_factory.mktemp("transit")
    token = folder / "token"
    token.write_text(f"{keeper.token()}\n")
    (folder / "scratch").mkdir()
    seal = {
        "kind": "transit", "address": keeper.address, "mountPath": MOUNT, "keyName": KEY,
        "ca": str(keeper.cluster.ca_file), "tokenFile": str(token),
    }  # fmt: skip
    server = {"flavour": flavour, **IMAGES[flavour]}
    with sealed(scratch, folder / "scratch", server, seal) as made:
        yield made


def test_pods_whose_key_another_vault_keeps_serve_a_secret(kept: ClusterScratch) -> None:
    kept.up()

    assert serves(kept)
    status = kept.ops("tunnel", "--", "bao", "status", "-format=json")
    assert '"type": "transit"' in status.output


def test_a_second_run_changes_nothing(kept: ClusterScratch) -> None:
    before = {pod.metadata.uid for pod in pods("vault")}

    ran = kept.up()

    assert not re.search(r"^ [+~-]  ", ran.output, flags=re.MULTILINE), ran.output
    assert {pod.metadata.uid for pod in pods("vault")} == before


def test_killed_pods_come_back_by_themselves_after_a_rotation(
    kept: ClusterScratch, keeper: RunningKeeper
) -> None:
    keeper.rotate()

    kill("vault-0", "vault-1", "vault-2")

    assert serves(kept)
    # Every one was started anew: what the key sealed before its rotation is needed no more.
    keeper.forget_before(2)
    kill("vault-1")
    assert serves(kept)


def test_a_pod_that_starts_while_the_keeper_is_down_recovers_once_it_is_back(
    kept: ClusterScratch, keeper: RunningKeeper
) -> None:
    keeper.stop()
    try:
        kill("vault-2")
        until("it says why it can't start", lambda: "connection refused" in _log(kept, "vault-2"))
        assert ready("vault") == 2
    finally:
        keeper.start()

    until("the pod has unsealed", lambda: ready("vault") == 3)
    assert serves(kept)


def _log(scratch: ClusterScratch, pod: str) -> str:
    kind = ClusterPods(Layout(checkout=scratch.path, stack="cluster"))
    [lines] = [lines for name, lines in kind.logs(50) if name.endswith(pod)]
    return "\n".join(lines)
