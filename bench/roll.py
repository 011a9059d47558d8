"""`ops roll` of three pods while a service reads its secret: `python -m bench.roll [--rate 50] [--flavour vault]`.

Needs a throw-away cluster in KUBECONFIG and the chart. Printed, never asserted: a scratch copy is brought up, its
log format is changed, and the pods are rolled. The reads come from this machine through a tunnel to whoever leads,
over twelve connections that are kept; each breaks once at most before it counts as an error.
"""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from bench.cluster import Bench
from tests.e2e.kubernetes.rolled import Rolled, rolled_under_load
from tests.real.load import figures

console = Console(highlight=False)


def main() -> None:
    """Roll, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--flavour", choices=("openbao", "vault"), default="vault")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory() as folder,
        Bench.of(Path(scratch), arguments.flavour) as bench,
    ):
        bench.up()
        bench.scratch.configure(lambda server: server.update(logFormat="standard"))
        bench.up()
        _print(rolled_under_load(bench.scratch, Path(folder), arguments.rate))


def _print(rolled: Rolled) -> None:
    console.print(rolled.output, markup=False)
    first = rolled.lines[0][0]
    for begin, end in rolled.leader_changes:
        console.print(f"the leader changed from second {begin - first:.1f} to {end - first:.1f}")
    console.print(f"roll of three pods: {rolled.seconds:.0f} s, exit code {rolled.code}")
    for name, figure in figures(rolled.load, rolled.loaded_seconds):
        console.print(f"  {name:<38} {figure}", markup=False)
    for kind, when in sorted(_by_kind(rolled, first).items()):
        console.print(
            f"  {len(when)} times {kind}, from second {min(when):.1f} to {max(when):.1f}",
            markup=False,
        )
    console.print(f"  errors while no leader changed: {len(rolled.errors_at_other_times)}")


def _by_kind(rolled: Rolled, first: float) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for each in rolled.load.errors:
        found.setdefault(str(each.error), []).append(each.asked - first)
    return found


if __name__ == "__main__":
    main()
