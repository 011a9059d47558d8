"""Puts other people's words into Markdown, where they stay words: no mention, no link, no heading."""

import re

FENCE = "````"
_TICKS = re.compile(r"`{3,}")
_LONGEST_NAME = 200
# Unicode's categories Cc and Cf, but for the ends of lines, and halves of pairs.
_UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\xad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u08e2\\u180e\\u200b-\\u200f\\u2028-\\u202e"
    "\\u2060-\\u206f\\ud800-\\udfff\\ufeff\\ufff9-\\ufffb\\U000110bd\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a"
    "\\U000e0001\\U000e0020-\\U000e007f]"
)


def plain(words: str) -> str:
    """Take out what changes how the rest is read: control characters and those that turn a text's direction."""
    return _UNSEEN.sub("", words)


def code(words: str) -> str:
    """Give a name as code, on one line."""
    line = " ".join(plain(words[: 4 * _LONGEST_NAME]).split()) or " "
    if len(line) > _LONGEST_NAME:
        line = f"{line[:_LONGEST_NAME]}..."
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def cell(words: str) -> str:
    """Give a name as code within a table, where a bar would end the cell."""
    return code(words.replace("|", "/"))


def block(words: str, longest: int) -> str:
    """Give lines for within a fence; none of them ends it. `longest`: characters, of which the first are kept."""
    kept = _TICKS.sub("''", plain(words[:longest]))
    return (
        kept if len(words) <= longest else f"{kept}\n... {len(words) - longest:,} more characters"
    )


def length(words: str) -> int:
    """Count as those do that count UTF-16: an emoji is two."""
    return len(words.encode("utf-16-le", "replace")) // 2
