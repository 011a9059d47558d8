"""What was found out about one environment: plain data, which one job writes and another reads. It holds no secret."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ops.ci.errors import PipelineError
from ops.permissions import Change as PermissionChange

OPERATIONS = ("delete", "replace", "update", "create", "import")
"""What a preview announces, what hurts most first. The engine's others are parts of these, or change nothing."""
ADVISORY = "advisory"
REMEDIATED = "remediated"


class Outcome(StrEnum):
    """What came of looking at an environment."""

    CHANGES = "changes"
    NOTHING = "nothing changes"
    STOPPED = "stopped by policies"
    FAILED = "failed"
    MISTAKES = "mistakes in its files"
    MISSING = "not looked at"

    @property
    def stops(self) -> bool:
        """Whether it can't go on like this."""
        return self not in (Outcome.CHANGES, Outcome.NOTHING)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource that an `up` would touch."""

    operation: str
    type: str
    """As people write it: `vault:Policy`."""
    name: str
    difference: str = ""
    """Lines, `+ - !` in front."""
    replacing: tuple[str, ...] = ()
    outside: bool = False
    """Whether somebody changed it outside; otherwise it is declared and not deployed."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a policy says."""

    policy: str
    level: str
    type: str
    name: str
    message: str

    @property
    def stops(self) -> bool:
        """Whether nothing goes on before it is mended."""
        return self.level not in (ADVISORY, REMEDIATED)


@dataclass(frozen=True, kw_only=True)
class Report:
    """One environment."""

    stack: str
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    packs: tuple[str, ...] = ()
    """Policy packs that were asked."""
    permissions: tuple[PermissionChange, ...] | None = None
    """None where nobody compared them."""
    problems: tuple[str, ...] = ()
    """What went wrong, a text each."""
    values: tuple[str, ...] = ()
    """Secrets in Vault whose value is another than was written: `kv/shop/orders/mail: changed`."""

    @property
    def drifted(self) -> bool:
        """Whether anything is other than declared."""
        return bool(self.changes or self.values)


_ADAPTER: TypeAdapter[Report] = TypeAdapter(Report)


def write(file: Path, report: Report) -> None:
    """Write it for another job."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_ADAPTER.dump_json(report))


def read(file: Path) -> Report:
    """Read what a job wrote.

    Raises:
        PipelineError: if it is no report, or none of this version.

    """
    try:
        return _ADAPTER.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        raise PipelineError(
            f"{file} is no report; write it with `python -m ops ci comment --stack NAME --save FILE`"
        ) from None


def with_missing(reports: Iterable[Report], expected: Iterable[str]) -> list[Report]:
    """Put in an environment that was to be looked at and has no report: its job failed before."""
    there = {each.stack: each for each in reports}
    wanted = list(dict.fromkeys((*expected, *there)))
    missing = Report(
        stack="", outcome=Outcome.MISSING, problems=("its job ended before; see the job's log",)
    )
    return [there.get(name) or replace(missing, stack=name) for name in wanted]
