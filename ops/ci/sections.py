"""The parts of which comment and issue are made, each with how much it matters."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

from ops.ci.fitted import Item, Section
from ops.ci.markdown import FENCE, block, code
from ops.ci.report import ADVISORY, OPERATIONS, REMEDIATED, Change, Finding, Report
from ops.permissions import Change as PermissionChange

_PROBLEM, _FINDING, _DIFFERENCE = 4_000, 1_000, 2_000
"""Characters of one at most."""
_NAMES = 20
"""On one line."""
SHARES = {1: 0.5, 2: 0.7, 3: 0.7}
"""Neither ten thousand errors silence permissions, nor those what is deleted; the rest goes strictly by rank."""
WORDS = {
    "delete": "deleted", "replace": "replaced", "update": "updated", "create": "created",
    "import": "imported",
}  # fmt: skip
_SIGNS = {"delete": "-", "replace": "-+", "update": "~", "create": "+", "import": "="}


def problems(report: Report, parent: Section) -> Iterator[Section]:
    """What went wrong."""
    yield Section(
        what="errors",
        rank=1,
        parent=parent,
        opening=f"\n{FENCE}text\n",
        items=lines(report.problems, _PROBLEM),
        closing=f"{FENCE}\n",
    )


def lines(texts: Iterable[str], longest: int = _FINDING) -> list[Item]:
    """Give each as it is, for within a fence."""
    return [Item(partial(_lines, each, longest)) for each in texts]


def _lines(text: str, longest: int) -> str:
    return f"{block(text, longest)}\n"


def violations(report: Report, parent: Section) -> Iterator[Section]:
    """What policies don't let pass."""
    found = [each for each in report.findings if each.stops]
    yield _findings("violations", "Policies that stop it", found, 1, parent)


def advice(report: Report, parent: Section) -> Iterator[Section]:
    """What policies changed by themselves, and what they recommend."""
    remedied = [each for each in report.findings if each.level == REMEDIATED]
    yield _findings("remediations", "Mended by policies, for this run only", remedied, 4, parent)
    recommended = [each for each in report.findings if each.level == ADVISORY]
    yield _findings("advisories", "Advice of policies", recommended, 4, parent)


def _findings(
    what: str, title: str, found: Sequence[Finding], rank: int, parent: Section
) -> Section:
    return Section(
        what=what,
        rank=rank,
        parent=parent,
        opening=f"\n**{title}: {len(found):,}**\n\n{FENCE}text\n",
        items=[Item(partial(_finding, each)) for each in found],
        closing=f"{FENCE}\n",
    )


def _finding(found: Finding) -> str:
    where = f" at {found.type} {found.name}" if found.name else ""
    said = block(found.message, _FINDING).replace("\n", "\n    ")
    return f"{block(f'{found.policy}{where}', _FINDING)}\n    {said}\n"


def permissions(report: Report, parent: Section) -> Iterator[Section]:
    """Which are granted and taken away; those granted first."""
    changes = sorted(
        report.permissions or (),
        key=lambda each: (not each.granted, each.who, each.path, each.rule, each.capability),
    )
    granted = sum(each.granted for each in changes)
    yield Section(
        what="permissions",
        rank=2,
        parent=parent,
        opening=(
            f"\n**Permissions: {granted:,} granted, {len(changes) - granted:,} taken away**\n\n{FENCE}diff\n"
        ),
        items=list(_by_path(changes)),
        closing=f"{FENCE}\n",
    )


def _by_path(changes: Iterable[PermissionChange]) -> Iterator[Item]:
    """Give one line for all that one may do, or no longer, at one path by one rule."""
    for (granted, who, path, rule), group in groupby(
        changes, key=lambda each: (each.granted, each.who, each.path, each.rule)
    ):
        words = [each.capability for each in group]
        line = f"{'+' if granted else '-'} {who} {path}: {', '.join(words)} ({rule})"
        yield Item(partial(_lines, line, _FINDING), len(words))


def resources(changes: Sequence[Change], parent: Section) -> Iterator[Section]:
    """What happens to which resources: by operation, then by type."""
    ranks = {"delete": 3, "replace": 3, "update": 5, "import": 6, "create": 6}
    for operation in OPERATIONS:
        those = [each for each in changes if each.operation == operation]
        yield Section(
            what=f"{WORDS[operation]} resources",
            rank=ranks[operation],
            parent=parent,
            opening=f"\n**{WORDS[operation].capitalize()}: {len(those):,}**\n\n",
            items=list(_by_type(those)),
        )


def _by_type(changes: Iterable[Change]) -> Iterator[Item]:
    ordered = sorted(changes, key=lambda each: (each.type, each.name))
    for kind, group in groupby(ordered, key=lambda each: each.type):
        those = list(group)
        for start in range(0, len(those), _NAMES):
            part = those[start : start + _NAMES]
            count = f" ({len(those):,})" if start == 0 and len(those) > 1 else ""
            yield Item(partial(_of_type, kind, count, part), len(part))


def _of_type(kind: str, count: str, changes: Sequence[Change]) -> str:
    return f"- {code(kind)}{count}: {', '.join(map(_named, changes))}\n"


def _named(change: Change) -> str:
    if not change.replacing:
        return code(change.name)
    return f"{code(change.name)} (because of {', '.join(map(code, change.replacing[:5]))})"


def differences(changes: Sequence[Change], parent: Section) -> Iterator[Section]:
    """Properties of what changes, folded; those of new resources matter least."""
    for title, rank, those in (
        ("What differs", 7, [each for each in changes if each.operation != "create"]),
        ("What new resources are", 8, [each for each in changes if each.operation == "create"]),
    ):
        told = [each for each in those if each.difference]
        yield Section(
            what="resources' properties",
            rank=rank,
            parent=parent,
            opening=f"\n<details><summary>{title}: {len(told):,}</summary>\n\n{FENCE}diff\n",
            items=[Item(partial(_difference, each)) for each in told],
            closing=f"{FENCE}\n</details>\n",
        )


def _difference(change: Change) -> str:
    title = block(f"{_SIGNS[change.operation]} {change.type} {change.name}", _FINDING)
    # Indented: the engine's own signs stand in front.
    return f"@@ {title} @@\n{block(change.difference, _DIFFERENCE)}\n"
