"""`python -m bench.policies [--resources N] [--rounds N]`: what the policy pack costs, by itself and in a preview.

By itself: the analyzer in this process, asked as the engine asks it. In a preview: the same stack's preview without a
pack, with one of Pulumi's SDK whose only rule does nothing (what the engine takes to ask at all, twice a resource),
and with ours, in turns; a third of the resources each are acls, roles and secrets of services, declared bare. Nothing
is contacted: no server runs.
"""

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from rich.console import Console
from rich.table import Table

from acl.grants import service_acl
from bench.measure import Measured, measured
from policies.framework.analyzer import Analyzer, ResourcePolicy, StackPolicy
from policies.framework.exceptions import Exceptions
from policies.framework.properties import secret
from policies.rules import RULES
from policies.rules.stack.picture import SECRET
from policies.rules.vault.acls import ACL
from policies.rules.vault.bearers import JWT
from tests.sandbox.plugins.stack import Stack, running

console = Console(highlight=False)
CHECKOUT = Path(__file__).parents[1]
ASKED = 1.3
WITHOUT, NOTHING, OURS = "no pack", "a pack that does nothing", "the pack"
_NOTHING = Path(__file__).with_name("policies_nothing.py")


def services(count: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give type, name and inputs of what `count` services have; each shares its secret with the next."""
    for index in range(count):
        name = f"svc-bench.s{index}"
        shared = [f"bench/s{(index + 1) % count}/mail"]
        acl = service_acl("kv", f"bench/s{index}", shared)
        yield ACL, name, {"name": name, "policy": acl}
        role = {
            "backend": "kubernetes", "roleName": name, "roleType": "jwt", "userClaim": "sub",
            "boundAudiences": ["vault"], "boundSubject": f"system:serviceaccount:bench:s{index}",
            "tokenPolicies": [name], "tokenTtl": 600, "tokenMaxTtl": 600,
        }  # fmt: skip
        yield JWT, f"role-{name}", role
        path = f"bench/s{index}/mail"
        inputs = {"mount": "kv", "name": path, "dataJson": secret('{"password": "x"}')}
        yield SECRET, f"secret-{name}", inputs


class ByItself:
    """The analyzer without an engine."""

    def __init__(self, count: int) -> None:
        self.count = count
        asked = [StackPolicy(rule) if rule.whole_stack else ResourcePolicy(rule) for rule in RULES]
        self._analyzer = Analyzer(
            "strongroom", "1", asked, EnforcementLevel.MANDATORY, exceptions=Exceptions()
        )
        self._asked = [self._request(*each) for each in services(count // 3)]

    @staticmethod
    def _request(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        properties = json_format.ParseDict(inputs, struct_pb2.Struct())
        urn = f"urn:pulumi:bench::bench::{type_}::{name}"
        return {"type": type_, "name": name, "urn": urn, "properties": properties}

    def resources(self) -> int:
        """Ask about each resource; give how many findings there were."""
        requests = [analyzer_pb2.AnalyzeRequest(**each) for each in self._asked]
        return self._timed("each resource", lambda: [self._ask(each) for each in requests])

    def _ask(self, request: Any) -> int:
        return len(self._analyzer.Analyze(request, None).diagnostics)

    def stack(self) -> int:
        """Ask about all of them together."""
        request = analyzer_pb2.AnalyzeStackRequest(
            resources=[analyzer_pb2.AnalyzerResource(**each) for each in self._asked]
        )
        return self._timed(
            "the stack", lambda: [len(self._analyzer.AnalyzeStack(request, None).diagnostics)]
        )

    def _timed(self, what: str, ask: Callable[[], list[int]]) -> int:
        wall, cpu = time.perf_counter(), time.process_time()
        found = sum(ask())
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        console.print(
            f"{what}: {cpu:.2f} s CPU ({wall:.2f} s), {cpu / len(self._asked) * 1e6:.0f} us a resource"
        )
        return found


def previews(stack: Stack, count: int, rounds: int) -> dict[str, list[Measured]]:
    """Preview without a pack and with each, in turns."""
    (stack.folder / "declared.json").write_text(json.dumps(count))
    command = ["pulumi", "preview", "--non-interactive", "--suppress-outputs"]
    commands = {
        WITHOUT: command,
        NOTHING: [*command, "--policy-pack", str(_nothing(stack.folder.parent / "nothing"))],
        OURS: [*command, "--policy-pack", str(CHECKOUT / "policies")],
    }
    run = partial(measured, folder=stack.folder, environment=dict(stack.environment), audit=[])
    rows: dict[str, list[Measured]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, each in commands.items():
            rows[name].append(run(each))
    return rows


def _nothing(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(_NOTHING, folder / "__main__.py")
    described = (CHECKOUT / "policies" / "PulumiPolicy.yaml").read_text()
    (folder / "PulumiPolicy.yaml").write_text(
        described.replace("../.venv", str(CHECKOUT / ".venv"))
    )
    return folder


def main(
    resources: Annotated[int, typer.Option(help="How many are declared.")] = 10_000,
    rounds: Annotated[int, typer.Option(help="How often each is measured.")] = 3,
) -> None:
    """Measure and print."""
    by_itself = ByItself(resources)
    console.print(f"{len(RULES)} rules, {resources} resources, by themselves:")
    findings = by_itself.resources() + by_itself.stack()
    console.print(f"findings: {findings}")
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(__file__).with_name("policies_program.py")
        with running(program, Path(scratch), {"PYTHONPATH": str(CHECKOUT)}) as stack:
            rows = previews(stack, resources, rounds)
    _print(resources, rows)


def _print(count: int, rows: Mapping[str, list[Measured]]) -> None:
    table = Table(title=f"preview of {count} resources, medians in turns")
    for column in ("", "seconds", "all", "peak MB"):
        table.add_column(column, justify="right")
    for name, found in rows.items():
        table.add_row(
            name, f"{_median(found):.1f} s", ", ".join(f"{each.seconds:.1f}" for each in found),
            f"{max(each.megabytes for each in found):.0f}",
        )  # fmt: skip
    console.print(table)
    ours = _median(rows[OURS])
    console.print(f"to {WITHOUT}: {ours / _median(rows[WITHOUT]):.2f} (asked: under {ASKED})")
    console.print(f"to {NOTHING}: {ours / _median(rows[NOTHING]):.2f}")


def _median(found: list[Measured]) -> float:
    return statistics.median(each.seconds for each in found)


if __name__ == "__main__":
    typer.run(main)
