"""`python -m ops ci drift`: what somebody changed outside: in the cloud, the cluster and Vault, values of secrets too.

A plain preview compares the program with its own state and contacts nothing that it need not; only a refresh asks. A
value in Vault even that does not see, so `ops drift` reads each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from custody.errors import CustodyError
from ops.ci import sections
from ops.ci.fitted import LIMIT, Item, Section, fitted
from ops.ci.markdown import FENCE, cell, code
from ops.ci.report import Change, Outcome, Report
from ops.ci.run import Environment, previewed
from ops.drift import compared
from ops.stack import StackError, resources
from reach.errors import ReachError

MARKER = "<!-- strongroom: drift -->"
"""By which the issue is found again."""
_COLUMNS = ("environment", "changed outside", "not deployed", "secrets", "")
_LONGEST_TITLE = 200
_REFRESH = (
    "python -m ops tunnel --if-needed --stack NAME -- pulumi refresh --run-program --stack NAME"
)


def looked_at(where: Environment, pack: str | None) -> Report:
    """Compare what is declared, and mended by the policy pack, with what is there; change nothing.

    Raises:
        PipelineError: if the pack isn't there, or the engine can't be started.

    """
    report = previewed(where, ["--refresh", "--run-program"], pack)
    if report.outcome is Outcome.MISTAKES:
        return report
    try:
        found = compared(resources(where.stack, show_secrets=True), repair=False)
    except (CustodyError, ReachError, StackError) as error:
        problem = f"secrets' values can't be compared: {error}"
        return replace(report, outcome=Outcome.FAILED, problems=(*report.problems, problem))
    return replace(report, values=tuple(f"{each.path}: {each.how}" for each in found))


def title(reports: Sequence[Report]) -> str:
    """Name the environments that the issue is about."""
    those = [each.stack for each in reports if each.drifted or each.outcome.stops]
    names = ", ".join(those) or "none any more"
    return f"Drift: {names}"[:_LONGEST_TITLE]


def issue(reports: Sequence[Report], limit: int | None = LIMIT) -> str:
    """Write the issue's body; no longer than `limit` UTF-16 units."""
    before = f"{MARKER}\nWhat is other than the program declares. Written anew by each run.\n\n"
    return fitted(before, _sections(reports), _how_to_go_on(reports), limit, sections.SHARES)


def _sections(reports: Sequence[Report]) -> Iterator[Section]:
    yield Section(
        what="environments",
        rank=0,
        opening=f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n",
        items=[Item(partial(_row, each)) for each in reports],
    )
    for report in reports:
        if not report.drifted and not report.outcome.stops:
            continue
        top = Section(
            what="environments",
            rank=0,
            items=[Item(partial("\n### {}\n".format, code(report.stack)))],
        )
        yield top
        yield from sections.problems(report, top)
        yield from sections.violations(report, top)
        yield Section(
            what="secrets",
            rank=1,
            parent=top,
            opening=f"\n**Secrets with another value than was written: {len(report.values):,}**\n\n{FENCE}text\n",
            items=sections.lines(report.values),
            closing=f"{FENCE}\n",
        )
        outside, undeployed = _parted(report)
        for heading, changes in (
            ("Changed outside. To put it back, these would be", outside),
            ("Declared and not deployed. These would be", undeployed),
        ):
            part = Section(
                what="environments", rank=0, parent=top,
                items=[Item(partial("\n#### {}\n".format, heading))] if changes else [],
            )  # fmt: skip
            yield part
            yield from sections.resources(changes, part)
            yield from sections.differences(changes, part)


def _parted(report: Report) -> tuple[list[Change], list[Change]]:
    outside = [each for each in report.changes if each.outside]
    return outside, [each for each in report.changes if not each.outside]


def _row(report: Report) -> str:
    outside, undeployed = _parted(report)
    counts = [f"{len(each):,}" if each else "" for each in (outside, undeployed, report.values)]
    said = (
        report.outcome.value if report.outcome.stops else ("" if report.drifted else "as declared")
    )
    return f"| {' | '.join([cell(report.stack), *counts, said])} |\n"


def _how_to_go_on(reports: Sequence[Report]) -> str:
    lines = []
    if any(each.values for each in reports):
        lines.append(
            "Secrets: `python -m ops drift --stack NAME --repair` writes back what the program wrote."
        )
    if any(_parted(each)[0] for each in reports):
        lines += [
            "What was right to change belongs into the program or the catalogue.",
            f"What was not: `{_REFRESH}`, then `make up STACK=NAME`, which puts it back. Audit logs say who did it.",
        ]
    if any(_parted(each)[1] for each in reports):
        lines.append("What is not deployed: the workflow `deploy`, or `make up STACK=NAME`.")
    if any(each.outcome.stops for each in reports):
        lines.append("What could not be looked at may have drifted, too: see the job's log.")
    lines.append(
        "The first run that finds nothing closes this issue. The same by hand: `python -m ops ci drift --stack NAME`."
    )
    return "\n### How to go on\n\n" + "".join(f"* {line}\n" for line in lines)
