"""How soon `ops unseal --watch` unseals a server that was started anew, and what watching three of them costs.

python -m bench.unseal [--runs 10] [--idle 30]

Printed, never asserted. The emulator stands for KMS and S3: real ones take longer to answer.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import psutil

from custody.bootstrap import bootstrap
from custody.vault import Cluster as Servers
from tests.real.cluster import SHAMIR, running_cluster
from tests.real.emulator import custody_place, running_emulator
from tests.real.request import request_for

_LOOK_SECONDS = 0.01


def until(servers: Servers, url: str, *, sealed: bool) -> float:
    """Wait until the server answers and is sealed, or isn't; give the moment."""
    while True:
        members = dict(zip(servers.address.members, servers.members(), strict=True))
        member = members[url]
        if member is not None and member.initialised and member.sealed is sealed:
            return time.perf_counter()
        time.sleep(_LOOK_SECONDS)


def main() -> None:
    """Watch three servers, start one of them anew several times, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--idle", type=float, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running_emulator(Path(name) / "emulator") as cloud:
        folder = Path(name)
        os.environ.update(cloud.environment)
        place = custody_place(cloud)
        with running_cluster(folder / "nodes", cloud, place, members=3, seal=SHAMIR) as cluster:
            request = request_for(cluster.address, place, folder / "custody", seal="shamir")
            bootstrap(request)
            own = {n: v for n, v in asdict(place).items() if not n.startswith("seal_")}
            own["seal_key"] = place.seal_key
            file = folder / "place.json"
            file.write_text(json.dumps({**asdict(cluster.address), "custody": own}))
            command = ["-m", "ops", "unseal", "--watch", "--place", str(file)]
            with subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL) as watch:
                time.sleep(5)
                process = psutil.Process(watch.pid)
                before, began = process.cpu_times(), time.perf_counter()
                time.sleep(arguments.idle)
                after, took = process.cpu_times(), time.perf_counter() - began
                spent = after.user + after.system - before.user - before.system
                servers, seconds = Servers(cluster.address), []
                for run in range(arguments.runs):
                    index = run % 3
                    cluster.stop(index)
                    cluster.start(index)
                    sealed = until(servers, cluster.address.members[index], sealed=True)
                    unsealed = until(servers, cluster.address.members[index], sealed=False)
                    seconds.append(unsealed - sealed)
                    servers.wait_until_unsealed(60)
                memory = process.memory_info().rss / 1e6
                watch.terminate()
    print(f"watching 3 servers for {took:.0f} s: {100 * spent / took:.2f} % of one core")
    print(f"resident: {memory:.0f} MB")
    print(f"sealed and answering to unsealed, {arguments.runs} runs, seconds:")
    print(f"  median {statistics.median(seconds):.2f}, longest {max(seconds):.2f}")


if __name__ == "__main__":
    main()
