"""`python -m bench.policies [RESOURCES]`: what the policy pack costs, by itself and in a preview (10,000 by default).

By itself: the analyzer in this process, asked as the engine asks it. In a preview: the same stack's preview with the
pack and without it, in turns; a third of the resources each are acls, roles and secrets of services, declared bare.
Nothing is contacted: no server runs.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

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
ROUNDS = 3
ASKED = 1.3


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


def previews(stack: Stack, count: int) -> dict[str, list[Measured]]:
    """Preview with the pack and without it, in turns."""
    names = ("without", "with")
    (stack.folder / "declared.json").write_text(json.dumps(count))
    command = ["pulumi", "preview", "--non-interactive", "--suppress-outputs"]
    commands = {"without": command, "with": [*command, "--policy-pack", str(CHECKOUT / "policies")]}
    run = partial(measured, folder=stack.folder, environment=dict(stack.environment), audit=[])
    rows: dict[str, list[Measured]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            rows[name].append(run(commands[name]))
    return rows


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    by_itself = ByItself(count)
    console.print(f"{len(RULES)} rules, {count} resources, by themselves:")
    findings = by_itself.resources() + by_itself.stack()
    console.print(f"findings: {findings}")
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(__file__).with_name("policies_program.py")
        with running(program, Path(scratch), {"PYTHONPATH": str(CHECKOUT)}) as stack:
            rows = previews(stack, count)
    _print(count, rows)


def _print(count: int, rows: Mapping[str, list[Measured]]) -> None:
    table = Table(title=f"preview of {count} resources, medians of {ROUNDS} in turns")
    for column in ("", "seconds", "all", "peak MB"):
        table.add_column(column, justify="right")
    for name, found in rows.items():
        table.add_row(
            f"{name} the pack", f"{_median(found):.1f} s",
            ", ".join(f"{each.seconds:.1f}" for each in found),
            f"{max(each.megabytes for each in found):.0f}",
        )  # fmt: skip
    console.print(table)
    ratio = _median(rows["with"]) / _median(rows["without"])
    console.print(f"ratio: {ratio:.2f} (asked: under {ASKED})")


def _median(found: list[Measured]) -> float:
    return statistics.median(each.seconds for each in found)


if __name__ == "__main__":
    main()
