"""From start to unsealed: a server whose key another OpenBao keeps (transit), beside one with a key of KMS.

python -m bench.seal [--runs 10]

Printed, never asserted. One node each, started anew in turn. Emulator and keeper run on this machine: what is
measured is their work and the server's, and no network's.
"""

import argparse
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from components.server import nodes
from custody.bootstrap import bootstrap
from custody.vault import Cluster as Servers
from tests.real.cluster import Cluster, running_cluster
from tests.real.emulator import custody_place, running_emulator
from tests.real.keeper import running_keeper
from tests.real.request import request_for

_LOOK_SECONDS = 0.005


def restarted(cluster: Cluster) -> float:
    """Start the only node anew; give the seconds until it is unsealed."""
    servers = Servers(cluster.address)
    cluster.stop(0)
    started = time.perf_counter()
    nodes.start(cluster.nodes[0], cluster.environment)
    while True:
        [member] = servers.members()
        if member is not None and not member.sealed:
            return time.perf_counter() - started
        time.sleep(_LOOK_SECONDS)


def main() -> None:
    """Start both anew in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cloud = stack.enter_context(running_emulator(folder / "emulator"))
        os.environ.update(cloud.environment)
        keeper = stack.enter_context(running_keeper(folder / "keeper", cloud))
        clusters = {}
        for name, seal in (("awskms", None), ("transit", keeper.seal())):
            place = custody_place(cloud)
            cluster = stack.enter_context(running_cluster(folder / name, cloud, place, seal=seal))
            bootstrap(request_for(cluster.address, place, folder / f"custody-{name}"))
            clusters[name] = cluster
        seconds: dict[str, list[float]] = {name: [] for name in clusters}
        for _ in range(runs):
            for name, cluster in clusters.items():
                seconds[name].append(restarted(cluster))
    print(f"from start to unsealed, {runs} runs each, seconds")
    for name, found in seconds.items():
        print(f"  {name:<8}  median {statistics.median(found):5.2f}, longest {max(found):5.2f}")


if __name__ == "__main__":
    main()
