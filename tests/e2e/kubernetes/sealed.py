"""An environment of its own for a seal: of one service, after the one that the other modules share."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from reach.pods import core
from tests.e2e.kubernetes.scratch import ClusterScratch, pods, read_as, ready, until
from tests.e2e.kubernetes.volumes import renew_released_volumes

PATH = "kv/shop/orders/mail"


@contextmanager
def sealed(
    shared: ClusterScratch, folder: Path, server: dict[str, Any], seal: dict[str, Any]
) -> Iterator[ClusterScratch]:
    """Take the shared environment down, make one with this seal; take it down at the end."""
    down = shared.sandbox("down")
    assert down.code == 0, down.output
    renew_released_volumes()
    scratch = ClusterScratch(ClusterScratch.make(folder).path)
    scratch.configure(lambda said: said.update(server))
    said_of_seal(scratch, seal)
    for other in (scratch.path / "catalog").glob("*.yaml"):
        other.unlink()
    scratch.service(
        "shop/orders",
        secrets={"mail": {"password": {"config": "mailPassword"}}},
        workload={"as": "injector"},
    )
    try:
        yield scratch
    finally:
        ran = scratch.sandbox("down")
        renew_released_volumes()
        shutil.rmtree(folder, ignore_errors=True)
        assert ran.code == 0, ran.output


def said_of_seal(
    scratch: ClusterScratch, seal: dict[str, Any], former: dict[str, Any] | None = None
) -> None:
    """Write what seals the servers, and what sealed them before, into the tracked settings."""
    file = scratch.path / "Pulumi.cluster.yaml"
    document = yaml.safe_load(file.read_text())
    document["config"]["strongroom:seal"] = seal
    document["config"].pop("strongroom:formerSeal", None)
    if former is not None:
        document["config"]["strongroom:formerSeal"] = former
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def kill(*names: str) -> None:
    """Delete pods of the servers at once; wait until others have taken their place and run."""
    killed = {pod.metadata.name: pod.metadata.uid for pod in pods("vault")}
    for name in names:
        core(None).delete_namespaced_pod(name, "vault", grace_period_seconds=0)

    def replaced() -> bool:
        now = {pod.metadata.name: pod for pod in pods("vault")}
        return all(
            name in now
            and now[name].metadata.uid != killed[name]
            and now[name].status.phase == "Running"
            for name in names
        )

    until("other pods run in their place", replaced)


def serves(scratch: ClusterScratch) -> bool:
    """Whether all pods are ready and the service reads its secret."""
    until("three pods are ready", lambda: ready("vault") == 3)
    return read_as(scratch, "shop/orders", PATH).code == 0
