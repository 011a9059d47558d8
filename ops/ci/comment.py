"""`python -m ops ci comment`: one Markdown comment on what a change would do to each environment."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from mistakes import MistakesError
from ops.ci import sections
from ops.ci.fitted import LIMIT, Item, Section, fitted
from ops.ci.markdown import cell, code
from ops.ci.report import ADVISORY, OPERATIONS, REMEDIATED, Outcome, Report
from ops.ci.run import Environment, previewed
from ops.permissions import changes, of_reference, permissions
from ops.stack import StackError

MARKER = "<!-- strongroom: preview -->"
"""By which the comment is found again."""
_COLUMNS = ("environment", "", *OPERATIONS, "permissions", "policies")


def looked_at(where: Environment, against: str, pack: str | None) -> Report:
    """Preview an environment with the policy pack, and compare its permissions with those at a git reference.

    Raises:
        PipelineError: if the pack isn't there, or the engine can't be started.

    """
    report = previewed(where, pack=pack)
    if report.outcome is Outcome.MISTAKES:
        return report
    try:
        before = of_reference(where.root, against, where.stack)
        after = permissions(where.root, where.stack, where.config_file)
    except (MistakesError, StackError) as error:
        problem = f"permissions can't be compared with {against}: {error}"
        return replace(report, problems=(*report.problems, problem))
    return replace(report, permissions=tuple(changes(before, after)))


def comment(
    reports: Sequence[Report],
    revision: str,
    limit: int | None = LIMIT,
    *,
    uncommitted: bool = False,
) -> str:
    """Write the comment; no longer than `limit` UTF-16 units, whatever the reports hold.

    `revision` is what was looked at; `uncommitted` says that there was more than it in the files.
    """
    what = code(revision) + (" and what is not committed" if uncommitted else "")
    before = f"{MARKER}\n## What {what} would change\n\n"
    return fitted(before, _sections(reports), _how_to_go_on(reports), limit, sections.SHARES)


def _sections(reports: Sequence[Report]) -> Iterator[Section]:
    yield Section(
        what="environments",
        rank=0,
        opening=f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n",
        items=[Item(partial(_row, each)) for each in reports],
    )
    for report in reports:
        top = Section(
            what="environments",
            rank=0,
            items=[Item(partial(_heading, report))],
        )
        yield top
        yield from sections.problems(report, top)
        yield from sections.violations(report, top)
        yield from sections.permissions(report, top)
        yield from sections.resources(report.changes, top)
        yield from sections.advice(report, top)
        yield from sections.differences(report.changes, top)


def _heading(report: Report) -> str:
    return f"\n### {code(report.stack)}: {report.outcome.value}\n"


def _row(report: Report) -> str:
    counted = Counter(each.operation for each in report.changes)
    cells = [
        cell(report.stack),
        report.outcome.value,
        *(f"{counted[each]:,}" if counted[each] else "" for each in OPERATIONS),
        _permissions(report),
        _policies(report),
    ]
    return f"| {' | '.join(cells)} |\n"


def _permissions(report: Report) -> str:
    if report.permissions is None:
        return "not compared"
    granted = sum(each.granted for each in report.permissions)
    taken = len(report.permissions) - granted
    return f"+{granted:,} -{taken:,}" if report.permissions else ""


def _policies(report: Report) -> str:
    if report.outcome in (Outcome.MISTAKES, Outcome.MISSING):
        return "not asked"
    found = report.findings
    violations = sum(each.stops for each in found)
    counts = {
        "violated": violations,
        "mended": sum(each.level == REMEDIATED for each in found),
        "advice": sum(each.level == ADVISORY for each in found),
    }
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return said or ("kept" if report.packs else "not asked")


def _how_to_go_on(reports: Sequence[Report]) -> str:
    outcomes = {each.outcome for each in reports}
    lines = []
    if Outcome.MISTAKES in outcomes:
        lines.append(
            "Mend the files that are named; `python -m ops check --stack NAME` checks them within a second."
        )
    if Outcome.STOPPED in outcomes:
        lines.append(
            "Mend what a policy names, or write an exception with its reason and last day into"
            " `policies/exceptions.yaml`."
        )
    if outcomes & {Outcome.FAILED, Outcome.MISSING}:
        lines.append("What failed is in the job's log; run it again once it is put right.")
    if not any(each.stops for each in outcomes):
        lines.append(
            "Merging deploys it, one environment after the other, each after whoever approves it there."
            if Outcome.CHANGES in outcomes
            else "Merging changes nothing in any environment."
        )
    if any(each.permissions for each in reports):
        lines.append(
            "Permissions take effect when it is deployed: whoever owns a path should have seen who gets it."
        )
    lines.append(
        "The same on your machine: `python -m ops ci comment --stack NAME --whole`, or `make preview STACK=NAME`."
    )
    return "\n### How to go on\n\n" + "".join(f"* {line}\n" for line in lines)
