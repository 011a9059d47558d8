"""Init to owned, beside bare `operator init` and the wait for every member, on clusters of the same kind.

python -m bench.bootstrap [--nodes 3] [--runs 3]

Printed, never asserted. Each run starts two fresh clusters, one for each way, in turn, on one emulator.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from custody.bootstrap import bootstrap
from custody.vault import Cluster as Servers
from tests.real.cluster import Cluster, bao, running_cluster
from tests.real.emulator import Emulator, custody_place, running_emulator
from tests.real.request import request_for


def bare(cluster: Cluster) -> tuple[float, float]:
    """Give the seconds of `bao operator init`, and those until every member is unsealed."""
    started = time.perf_counter()
    subprocess.run(
        [bao(), "operator", "init", "-recovery-shares=5", "-recovery-threshold=3"],
        env={
            "PATH": os.environ["PATH"],
            "VAULT_ADDR": cluster.address.members[0],
            "VAULT_CACERT": str(cluster.ca_file),
        },
        check=True,
        stdout=subprocess.DEVNULL,
    )
    initialised = time.perf_counter()
    Servers(cluster.address).wait_until_unsealed(60)
    return initialised - started, time.perf_counter() - started


def measured(emulator: Emulator, directory: Path, nodes: int) -> tuple[float, dict[str, float]]:
    """Give the seconds of a whole bootstrap, and those of each step."""
    place = custody_place(emulator)
    steps: dict[str, float] = {}
    begun: dict[str, float] = {}

    def on_step(step: str, when: str) -> None:
        if when == "before":
            begun[step] = time.perf_counter()
        else:
            steps[step] = time.perf_counter() - begun[step]

    with running_cluster(directory / "cluster", emulator, place, members=nodes, fast=False) as ours:
        request = request_for(ours.address, place, directory / "custody", patience=60)
        started = time.perf_counter()
        bootstrap(request, on_step)
        return time.perf_counter() - started, steps


def main() -> None:
    """Run both ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=3, choices=(1, 3, 5))
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    nodes = arguments.nodes
    inits: list[float] = []
    bares: list[float] = []
    owned: list[float] = []
    last: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with running_emulator(directory / "emulator") as emulator:
            os.environ.update(emulator.environment)
            for number in range(arguments.runs):
                place = custody_place(emulator)
                home = directory / f"bare-{number}"
                with running_cluster(home, emulator, place, members=nodes, fast=False) as cluster:
                    init, whole = bare(cluster)
                inits.append(init)
                bares.append(whole)
                seconds, last = measured(emulator, directory / f"owned-{number}", nodes)
                owned.append(seconds)
    middle: Callable[[list[float]], float] = statistics.median
    print(f"{nodes} nodes, median of {arguments.runs} runs, seconds")
    print(f"  bare operator init                    {middle(inits):6.2f}")
    print(f"  bare init, every member unsealed      {middle(bares):6.2f}")
    print(f"  init to owned                         {middle(owned):6.2f}")
    print(f"  ratio                                 {middle(owned) / middle(bares):6.2f}")
    waiting = last["init"] + last["wait for members"]
    print(f"  last run without init and waiting     {owned[-1] - waiting:6.2f}")
    print("  steps of the last run:")
    for step, seconds in last.items():
        print(f"    {step:<34}  {seconds:6.2f}")


if __name__ == "__main__":
    main()
