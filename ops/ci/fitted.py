"""Keeps a document under a length: what matters least goes first, and what went is said."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from ops.ci.markdown import length

LIMIT = 65_000
"""GitHub refuses a body of more than 65,536 characters."""
_NOTE = 60
"""Room for "... and N more" at a section's end."""
_NO_SHARES: Mapping[int, float] = MappingProxyType({})
_LAST = 1_000
"""Room for what is said of sections that are not there at all."""


@dataclass(frozen=True)
class Item:
    """What is kept or left out as a whole."""

    write: Callable[[], str]
    """Gives the text with its line's end; only called as long as there is room."""
    count: int = 1
    """How many things are named in it."""

    @cached_property
    def text(self) -> str:
        """The text, written once."""
        return self.write()


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """A heading and what stands below it; without items there is no heading either."""

    what: str
    """In the plural: `updated resources`."""
    rank: int
    """0 is what matters most."""
    opening: str = ""
    items: Sequence[Item] = ()
    closing: str = ""
    parent: "Section | None" = None
    """Without which it means nothing."""


@dataclass(kw_only=True)
class _Kept:
    section: Section
    count: int = 0


def fitted(
    before: str,
    sections: Iterable[Section],
    after: str,
    limit: int | None = LIMIT,
    shares: Mapping[int, float] = _NO_SHARES,
) -> str:
    """Give the document, sections in their order; `limit` None leaves nothing out.

    Sections of one rank take turns, so that a large environment does not silence a small one. `shares`: the part of
    the room that is left which a rank takes at most, as long as a lesser one has something to say.
    """
    kept = [_Kept(section=each) for each in sections]
    room = float("inf") if limit is None else limit - length(before) - length(after) - _LAST
    ranks = sorted({each.section.rank for each in kept})
    for most in (shares, _NO_SHARES):
        for rank in ranks:
            turn = [each for each in kept if each.section.rank == rank]
            kept_back = room * (1 - most[rank]) if rank in most and limit is not None else 0
            room = kept_back + _fill(turn, kept, room - kept_back)
    written = "".join(map(_written, kept))
    return f"{before}{written}{_left_out(kept, limit)}{after}"


def _fill(turn: list[_Kept], kept: list[_Kept], room: float) -> float:
    there = {each.section: each for each in kept}
    while turn:
        going_on = []
        for each in turn:
            section = each.section
            if section.parent is not None and there[section.parent].count == 0:
                continue
            if each.count == len(section.items):
                continue
            needed = length(section.items[each.count].text)
            if each.count == 0:
                needed += length(section.opening) + length(section.closing) + _NOTE
            if needed > room:
                continue
            room -= needed
            each.count += 1
            going_on.append(each)
        turn = going_on
    return room


def _written(each: _Kept) -> str:
    section = each.section
    if each.count == 0:
        return ""
    body = "".join(item.text for item in section.items[: each.count])
    more = sum(item.count for item in section.items[each.count :])
    note = f"... and {more:,} more\n" if more else ""
    return f"{section.opening}{body}{note}{section.closing}"


def _left_out(kept: list[_Kept], limit: int | None) -> str:
    missing: Counter[str] = Counter()
    for each in kept:
        rest = each.section.items[each.count :]
        if rest:
            missing[each.section.what] += sum(item.count for item in rest)
    if not missing or limit is None:
        return ""
    said = ", ".join(f"{count:,} {what}" for what, count in missing.most_common())
    return f"\nLeft out to stay under {limit:,} characters: {said}.\n"
