"""Makes reports for tests: large ones, and any."""

from hypothesis import strategies as st

from ops.ci.report import ADVISORY, OPERATIONS, REMEDIATED, Change, Finding, Outcome, Report
from ops.permissions import Change as PermissionChange

words = st.text(max_size=60) | st.sampled_from(
    ["```", "````diff", "</details>", "<!-- strongroom: preview -->", "@everyone", "# Title",
     "|", "\n\n---\n", "\u202e", "😀"]
)  # fmt: skip
_changes = st.builds(
    Change, operation=st.sampled_from(OPERATIONS), type=words, name=words, difference=words,
    replacing=st.lists(words, max_size=2).map(tuple), outside=st.booleans(),
)  # fmt: skip
_findings = st.builds(
    Finding, policy=words, level=st.sampled_from([ADVISORY, REMEDIATED, "mandatory", "disabled"]),
    type=words, name=words, message=words,
)  # fmt: skip
_permissions = st.builds(
    PermissionChange, who=words, path=words, capability=words, granted=st.booleans(), rule=words
)


def _some(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=4).map(tuple)


reports = st.builds(
    Report, stack=words, outcome=st.sampled_from(Outcome), changes=_some(_changes),
    findings=_some(_findings), packs=_some(words), problems=_some(words), values=_some(words),
    permissions=st.none() | _some(_permissions),
)  # fmt: skip


def large(stack: str = "prod", count: int = 10_000, line: str = "x") -> Report:
    """Give a report of this many changes of each operation, findings, permissions, errors and secrets."""
    lines = "\n".join(f"! property{number}: {line} -> {line}" for number in range(40))
    message = line * 20
    numbers = range(count)
    return Report(
        stack=stack,
        outcome=Outcome.STOPPED,
        changes=tuple(
            Change(
                operation=OPERATIONS[number % len(OPERATIONS)],
                type=f"vault:Type{number % 7}",
                name=f"{line}-{number}",
                difference=lines,
                outside=number % 2 == 0,
            )
            for number in numbers
        ),
        findings=tuple(
            Finding(
                policy=f"policy-{number}",
                level=("mandatory", ADVISORY, REMEDIATED)[number % 3],
                type="vault:Policy",
                name=f"acl-{number}",
                message=message,
            )
            for number in numbers
        ),
        permissions=tuple(
            PermissionChange(
                who=f"shop/{number}", path=f"kv/{line}/{number}", capability="read", granted=number % 2 == 0, rule="a:1"
            )
            for number in numbers
        ),
        problems=tuple(f"error {number}: {line}" for number in numbers),
        values=tuple(f"kv/shop/{number}: changed" for number in numbers),
    )  # fmt: skip
