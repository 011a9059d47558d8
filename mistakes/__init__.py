"""What people wrote wrongly, gathered whole: where, what is wrong, what to write instead.

Used wherever YAML enters (settings, catalogue). Everything is read before the first line is printed, so
that one run shows every mistake. No message holds a value that was refused: it may be a secret in the wrong place.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake. `line` is None where the value stands in no file (a default, an absent key)."""

    file: str
    line: int | None = None
    wrong: str
    cure: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.wrong}; {self.cure}"


class MistakesError(Exception):
    """Every mistake that was found; `str()` is one line each, sorted by place."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(
            sorted(set(mistakes), key=lambda m: (m.file, m.line or 0, m.wrong, m.cure))
        )
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))
