"""What stopped the engine, from the lines that it printed: a finding may stand hundreds of them above the end."""

import re
from collections.abc import Iterable, Iterator

# `    strongroom@v1.0.0 [mandatory] [severity: high]  rule  (aws:kms:Key: name)The title.` in a preview with --diff,
# `        - [mandatory] [severity: high]  rule  (aws:kms:Key: name)` otherwise, and the title below it.
_FINDING = re.compile(
    r"^\s+\S+ \[(?P<level>\w+)\] \[severity: \w+\]  (?P<rule>[\w-]+)  \([^\s()]+: (?P<at>[^()]+)\)"
)
# Components and the stack are nothing outside the state.
_DONE = re.compile(
    r"^ \S{1,2} +(?!strongroom:|pulumi:)\S+:\S+ \S+"
    r" (?:created|updated|deleted|replaced|imported|created replacement|deleted original)\b"
)


def legible(line: str) -> str:
    """Put a blank between a finding's resource and what is said of it."""
    found = _FINDING.match(line)
    if found is None or line[found.end() :].isspace() or found.end() == len(line):
        return line
    return f"{line[: found.end()]} {line[found.end() :]}"


def paragraph(last: Iterable[str], whole: Iterable[str], again: str) -> Iterator[str]:
    """Say what stopped an engine that failed, and that it changed something before, if it did.

    `last` is what its last run printed, `whole` what all runs since the command began did, and `again` the command.
    """
    resources: dict[str, set[str]] = {}
    for found in filter(None, map(_FINDING.match, last)):
        if found["level"] == "mandatory":
            resources.setdefault(found["rule"], set()).add(found["at"])
    if resources:
        count = "1 policy" if len(resources) == 1 else f"{len(resources)} policies"
        where = (f"{rule} at {_some(resources[rule])}" for rule in sorted(resources))
        yield f"stopped by {count}: {', '.join(where)}"
    if any(map(_DONE.match, whole)):
        yield f"what is listed above was changed all the same; mend it and run {again} again"


def _some(names: set[str]) -> str:
    first, *others = sorted(names)
    if not others:
        return first
    return f"{first} and {others[0] if len(others) == 1 else f'{len(others)} more'}"
