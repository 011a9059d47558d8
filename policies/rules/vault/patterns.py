"""Where two of Vault's paths with `+` and a final `*` meet."""

from functools import lru_cache

# A few areas are held against every path of a stack's acls, by several rules each.
_KEPT = 65536

ANYTHING = "…"
"""What stands in a path for a segment, or an end, of which nothing is said: no rule is about it by name."""


@lru_cache(_KEPT)
def meeting(one: str, other: str) -> str | None:
    """Give a path that both match, or None if there is none.

    A templated part (`{{identity.entity.id}}`) means itself.
    """
    ours_begin, theirs_begin = literal(one), literal(other)
    if not (ours_begin.startswith(theirs_begin) or theirs_begin.startswith(ours_begin)):
        return None
    ours, theirs = _Pattern(one), _Pattern(other)
    path: list[str] = []
    for index in range(max(len(ours.segments), len(theirs.segments))):
        for mine, yours in ((ours, theirs), (theirs, ours)):
            if mine.ends_at(index):
                rest = yours.beginning_with(mine.segments[index], index)
                return None if rest is None else "/".join([*path, *rest])
        if index >= len(ours.segments) or index >= len(theirs.segments):
            return None
        a, b = ours.segments[index], theirs.segments[index]
        if "+" not in (a, b) and a != b:
            return None
        path.append(ANYTHING if a == b == "+" else b if a == "+" else a)
    return "/".join(path)


@lru_cache(_KEPT)
def literal(pattern: str) -> str:
    """Give what every path that matches begins with."""
    segments = pattern.split("/")
    if "+" in segments:
        before = segments[: segments.index("+")]
        return "/".join([*before, ""]) if before else ""
    return pattern.removesuffix("*")


class _Pattern:
    def __init__(self, pattern: str) -> None:
        self.is_prefix = pattern.endswith("*")
        self.segments = pattern.removesuffix("*").split("/")

    def ends_at(self, index: int) -> bool:
        return self.is_prefix and index == len(self.segments) - 1

    def beginning_with(self, text: str, index: int) -> list[str] | None:
        """Give segments from `index` on, filled in, that begin with `text`, in which no whole segment is open."""
        rest = self.segments[index:]
        if not rest:
            return None
        first, *more = rest
        if self.ends_at(index):
            longer, shorter = (first, text) if len(first) >= len(text) else (text, first)
            return [longer + ANYTHING] if longer.startswith(shorter) else None
        if first == "+":
            first = text + ANYTHING
        elif not first.startswith(text):
            return None
        filled = [first, *(ANYTHING if each == "+" else each for each in more)]
        if self.is_prefix:
            filled[-1] += ANYTHING
        return filled
