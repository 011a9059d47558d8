"""Two keys in turn: when which one is handed out. Pure.

Time is cut into periods of `rotate_seconds`, counted from 1970. A key belongs to one period: that of an even number to
user `even`, the next to user `odd`. At any moment there are the key of this period, which is handed out, and that of
the period before, which still works.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One of the two keys at a moment."""

    user: Literal["even", "odd"]
    period: int


def slots(*, now: float, rotate_seconds: int) -> tuple[Slot, Slot]:
    """Give the slot that is handed out at `now` (Unix seconds), and the one before it."""
    period = int(now // rotate_seconds)
    return _slot(period), _slot(period - 1)


def _slot(period: int) -> Slot:
    return Slot(user="odd" if period % 2 else "even", period=period)
