"""What custody asks of each cloud for one bootstrap, and how long that takes: AWS beside Alibaba Cloud.

python -m bench.custody [--runs 10]

Printed, never asserted. The same calls in the same order as a first run makes them, without servers: prove, store the
envelope, split it into Bank-Vaults' objects, read everything back, take the envelope and the root token away; then
what minting a root token later reads. AWS is the emulator, Alibaba Cloud tests/real/alicloud, both on this machine:
what is measured is the client's work (signatures, connections) and theirs, and no network's, so requests are what to
compare. They are counted in a run of their own, because AWS's go through a proxy there.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from custody import envelope, keys, names, proofs
from custody.request import ClusterAddress, Place
from custody.secret import Secret
from custody.store import Custody, custody_at
from tests.real.alicloud.account import SEAL_USER, account
from tests.real.alicloud.server import PIPELINE
from tests.real.emulator import custody_place, running_emulator
from tests.real.faults import faulty
from tests.real.request import request_for

# Nobody is asked anything there.
NOWHERE = ClusterAddress(flavour="openbao", members=(), generate_root_members=(), ca_certificate="")
ANSWER = envelope.Answer(
    keys=tuple(Secret(f"{index:02x}" * 33) for index in range(5)),
    root_token=Secret("s.0123456789abcdefghijklmn"),
)
INTENT = "00000000-0000-4000-8000-000000000000"
Step = tuple[str, Callable[[], object]]


def steps(place: Place, custody: Custody, directory: Path) -> list[Step]:
    """Give what a bootstrap does with custody, in its order, each under the name that it has there."""
    request = request_for(NOWHERE, place, directory)
    taken: list[envelope.DataKey] = []

    def split() -> None:
        keys.store(custody, ANSWER)

    def store_envelope() -> None:
        sealed = envelope.seal(ANSWER, intent=INTENT, key=taken[0])
        custody.put(names.ENVELOPE, sealed)

    return [
        ("look", custody.listed),
        ("prove custody", lambda: proofs.prove_custody(request, custody)),
        ("prove seal", custody.prove_seal),
        ("record intent", lambda: custody.put(names.INTENT, INTENT.encode())),
        ("take data key", lambda: taken.append(keys.proven_data_key(custody))),
        ("envelope", store_envelope),
        ("split", split),
        ("verify", lambda: keys.verify(custody, ANSWER)),
        ("drop envelope", lambda: custody.hide(names.ENVELOPE)),
        ("delete vault-root", lambda: custody.erase(names.ROOT)),
        ("mark owned", lambda: custody.put(names.OWNER, INTENT.encode())),
        ("later: three recovery keys", lambda: keys.held(custody, "recovery", shares=5, required=3)),
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One cloud."""

    seconds: list[dict[str, float]]
    """By step, a dictionary for each run."""
    requests: Counter[str]
    """By kind, of one run."""

    @property
    def whole(self) -> list[float]:
        """Seconds of each run."""
        return [sum(run.values()) for run in self.seconds]


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """How a new, empty place is had; and the same with its requests counted."""

    place: Callable[[], Place]
    counted: Callable[[Place], tuple[Place, Callable[[], list[str]]]]


def measured(cloud: Cloud, directory: Path, runs: int) -> Measured:
    """Count one run, which also imports the cloud's SDK, and time the others; each in a new place."""
    place, asked = cloud.counted(cloud.place())
    for _, does in steps(place, custody_at(place), directory):
        does()
    requests = Counter(action.partition(":")[2] for action in asked())
    seconds = []
    for _ in range(runs):
        place = cloud.place()
        took = {}
        # Signing in as a role belongs to the first step that needs it.
        for name, does in steps(place, custody_at(place), directory):
            started = time.perf_counter()
            does()
            took[name] = time.perf_counter() - started
        seconds.append(took)
    return Measured(seconds=seconds, requests=requests)


@contextmanager
def aws(folder: Path) -> Iterator[Cloud]:
    """Give the emulator, and a proxy in front of it that counts."""
    with running_emulator(folder / "emulator") as running, faulty(running.endpoint) as proxy:
        os.environ.update(running.environment)

        def counted(place: Place) -> tuple[Place, Callable[[], list[str]]]:
            return replace(place, endpoint=proxy.url), lambda: [action for action, _ in proxy.seen]

        yield Cloud(place=lambda: custody_place(running), counted=counted)


@contextmanager
def alicloud() -> Iterator[Cloud]:
    """Give the stand-in, which counts by itself."""
    with account() as (services, place):
        pipeline, seal = services.key(PIPELINE), services.key(SEAL_USER)
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] = pipeline.id
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = pipeline.secret
        credentials = {"ALICLOUD_ACCESS_KEY": seal.id, "ALICLOUD_SECRET_KEY": seal.secret}
        secrets = {name: Secret(value) for name, value in credentials.items()}

        def empty() -> Place:
            services.oss.buckets[place.bucket].objects.clear()
            return replace(place, seal_credentials=secrets)

        def counted(place: Place) -> tuple[Place, Callable[[], list[str]]]:
            services.asked.clear()
            return place, lambda: [action for _, action in services.asked]

        yield Cloud(place=empty, counted=counted)


def main() -> None:
    """Measure both and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with aws(folder) as cloud:
            on_aws = measured(cloud, folder, runs)
        with alicloud() as cloud:
            on_alicloud = measured(cloud, folder, runs)
    console = Console(highlight=False)
    _print_requests(console, on_aws, on_alicloud)
    _print_seconds(console, on_aws, on_alicloud, runs)


def _print_requests(console: Console, one: Measured, other: Measured) -> None:
    table = Table(title="requests of one bootstrap")
    for column in ("", "AWS", "Alibaba Cloud"):
        table.add_column(column, justify="right")
    for kind in sorted(one.requests.keys() | other.requests.keys()):
        table.add_row(kind, str(one.requests[kind]), str(other.requests[kind]))
    table.add_row("all", str(one.requests.total()), str(other.requests.total()))
    console.print(table)


def _print_seconds(console: Console, one: Measured, other: Measured, runs: int) -> None:
    table = Table(title=f"milliseconds, median of {runs} runs")
    for column in ("", "AWS", "Alibaba Cloud"):
        table.add_column(column, justify="right")

    def row(name: str, *found: list[float]) -> None:
        table.add_row(name, *(f"{1000 * statistics.median(each):.0f}" for each in found))

    for step in one.seconds[0]:
        row(step, *([run[step] for run in each.seconds] for each in (one, other)))
    row("all", one.whole, other.whole)
    console.print(table)


if __name__ == "__main__":
    main()
