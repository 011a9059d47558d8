"""`make up STACK=cluster` beside a bare `helm install`: `python -m bench.cluster [--flavour vault] [--runs 1]`.

Needs a throw-away cluster in KUBECONFIG and the chart. In the same run, on the same cluster, with the same chart,
values and images (on the node already for both):

* ours: `make up` from an empty cluster to both applications Ready, then twice with nothing to change, then
  `ops workload`;
* bare: `helm install` with the very values of our release, `operator init` in the first pod, until every pod is Ready
  again. It finds namespace, certificate, CA, the seal's key and credentials ready-made, and ends with keys and a root
  token on the screen: no custody, login, acl, secret or application.

Printed, never asserted.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client
from rich.console import Console

from bench.measure import FailedError
from reach.pods import core
from sandbox import leftovers
from sandbox.environment import own_environment
from tests.e2e.kubernetes.scratch import IMAGES, ClusterScratch, ready, until, with_chart
from tests.e2e.kubernetes.volumes import renew_released_volumes
from tests.real import chart

console = Console(highlight=False)
NAMESPACE, REPLICAS = "vault", 3
_KEPT = ("vault-tls", "vault-seal")
"""Secrets that bare finds ready-made; and the ConfigMap of the first one's name."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One scratch environment of stack `cluster`."""

    scratch: ClusterScratch

    @classmethod
    @contextmanager
    def of(cls, folder: Path, flavour: str) -> Iterator["Bench"]:
        """Make it, and take down whatever became of it."""
        scratch = ClusterScratch(ClusterScratch.make(folder).path)
        scratch.configure(lambda server: server.update(IMAGES[flavour], flavour=flavour))
        renew_released_volumes()
        try:
            yield cls(scratch=scratch)
        finally:
            scratch.sandbox("down")
            renew_released_volumes()

    def up(self) -> tuple[float, str]:
        """Run `make up`; give its seconds and what it printed."""
        command = [sys.executable, "-m", "sandbox", "--stack", "cluster", "up"]
        return _timed(command, self.scratch.path, {**own_environment(), **with_chart()})

    def ops(self, *arguments: str) -> float:
        """Run `python -m ops ...` as a person does; give its seconds."""
        command = [sys.executable, "-m", "ops", *arguments]
        return _timed(command, self.scratch.path, own_environment())[0]


def _timed(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[float, str]:
    started = time.monotonic()
    done = subprocess.run(
        list(command), cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise FailedError(done.stdout[-4000:])
    return time.monotonic() - started, done.stdout


def phases(output: str) -> str:
    """Give the lines in which `make up` says how long each phase took."""
    lines = (line.strip() for line in output.splitlines())
    return ", ".join(line for line in lines if line.endswith(" s") and ": " in line)


class Bare:
    """The release again, by helm and by hand."""

    def __init__(self, scratch: ClusterScratch) -> None:
        variables = scratch.variables()
        self._environment = {**own_environment(), "PATH": variables["PATH"]}
        self._folder = scratch.path
        self._values = self._run("helm", "get", "values", "vault", "-n", NAMESPACE, "-o", "json")
        self._objects = [
            _plain(core(None).read_namespaced_secret(each, NAMESPACE)) for each in _KEPT
        ]
        self._ca = _plain(core(None).read_namespaced_config_map(_KEPT[0], NAMESPACE))

    def prepare(self, scratch: ClusterScratch) -> None:
        """Empty the cluster of ours, and put ready-made what helm's pods mount. The emulator goes on."""
        leftovers.remove(
            scratch.sandbox_file("state/.pulumi/stacks/strongroom/cluster.json"), print
        )
        renew_released_volumes()
        core(None).create_namespace(
            client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE))
        )
        for each in self._objects:
            core(None).create_namespaced_secret(NAMESPACE, each)
        core(None).create_namespaced_config_map(NAMESPACE, self._ca)

    def run(self) -> dict[str, float]:
        """Give the seconds at which each part was done."""
        values = self._folder / "bare-values.json"
        values.write_text(self._values)
        started = time.monotonic()
        done: dict[str, float] = {}
        self._run(
            "helm", "install", "vault", str(chart.directory()), "-n", NAMESPACE, "-f", str(values)
        )
        done["helm install"] = time.monotonic() - started
        until("the first pod takes init", self._initialised)
        done["operator init"] = time.monotonic() - started
        until("every pod is Ready", lambda: ready(NAMESPACE) == REPLICAS)
        done["every pod Ready"] = time.monotonic() - started
        return done

    def _initialised(self) -> bool:
        init = ("vault", "operator", "init", "-recovery-shares=5", "-recovery-threshold=3")
        try:
            self._run("kubectl", "-n", NAMESPACE, "exec", "vault-0", "-c", "vault", "--", *init)
        except FailedError:
            return False
        return True

    def _run(self, *command: str) -> str:
        return _timed(command, self._folder, self._environment)[1]


def _plain(found: Any) -> Any:
    found.metadata = client.V1ObjectMeta(name=found.metadata.name)
    return found


def measured(folder: Path, flavour: str) -> dict[str, float]:
    """Run both ways once."""
    with Bench.of(folder, flavour) as bench:
        empty, output = bench.up()
        console.print(f"  from empty: {phases(output)}", markup=False)
        for number in range(2):
            again, output = bench.up()
            console.print(f"  again, {number + 1}: {phases(output)}", markup=False)
        pasted = ("workload", "shop/orders", "--stack", "cluster", "--as", "annotations")
        workload = statistics.median(bench.ops(*pasted) for _ in range(5))
        bare = Bare(bench.scratch)
        bare.prepare(bench.scratch)
        steps = bare.run()
        console.print(f"  bare: {json.dumps({name: round(s, 1) for name, s in steps.items()})}")
    return {
        "make up, from empty to applications Ready": empty,
        "bare helm install, init, every pod Ready": steps["every pod Ready"],
        "make up, nothing changed": again,
        "ops workload": workload,
    }


def main() -> None:
    """Run as often as asked, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flavour", choices=tuple(IMAGES), default="vault")
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    runs = []
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(measured(Path(folder), arguments.flavour))
    console.print(f"flavour {arguments.flavour}, median of {arguments.runs}, seconds")
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    for name, seconds in middle.items():
        console.print(f"  {name:<44} {seconds:6.2f}", markup=False)
    ours, theirs = list(middle.values())[:2]
    console.print(f"  {'ratio':<44} {ours / theirs:6.2f}")


if __name__ == "__main__":
    main()
