"""The matrix of who may do what, as a table, as JSON, and as one HTML page that needs no other file."""

import json as json_library
from collections.abc import Sequence
from importlib import resources
from itertools import groupby

from ops.permissions import Grant


def table(grants: Sequence[Grant]) -> str:
    """Give aligned columns: who, what, where, by which rule."""
    rows = [("who", "may", "path", "rule")]
    rows += [(each.who, ", ".join(each.capabilities), each.path, each.rule) for each in grants]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "".join(
        "  ".join(
            (*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3])
        )
        + "\n"
        for row in rows
    )


def json(grants: Sequence[Grant]) -> str:
    """Give a list of objects, one a line."""
    lines = ",\n".join(
        json_library.dumps(
            {
                "who": each.who,
                "path": each.path,
                "capabilities": list(each.capabilities),
                "rule": each.rule,
            }
        )
        for each in grants
    )
    return f"[\n{lines}\n]\n"


def html(grants: Sequence[Grant]) -> str:
    """Give the page. It loads nothing; a search after `#`, such as `#shop/orders read`, is searched at once."""
    page = resources.files("ops").joinpath("matrix.html").read_text(encoding="utf-8")
    # Nothing in it may end the script element.
    return page.replace("__DATA__", _compact(grants).replace("<", "\\u003c"))


def _compact(grants: Sequence[Grant]) -> str:
    """`{paths, words, rules, who: [[name, [path, words, rule, ...]], ...]}`: numbers instead of what stands often.

    A path's number is given as the distance from the one before; what is equal to the grant before is left out
    as a run: thousands of secrets that one rule covers are four numbers.
    """
    paths: dict[str, int] = {}
    words: dict[tuple[str, ...], int] = {}
    rules: dict[str, int] = {}
    people = []
    for who, theirs in groupby(grants, key=lambda each: each.who):
        runs: list[int] = []
        for each in theirs:
            path = paths.setdefault(each.path, len(paths))
            word = words.setdefault(each.capabilities, len(words))
            rule = rules.setdefault(each.rule, len(rules))
            if runs and runs[-4] + runs[-3] == path and runs[-2:] == [word, rule]:
                runs[-3] += 1
            else:
                runs += [path, 1, word, rule]
        people.append([who, runs])
    return json_library.dumps(
        {
            "paths": list(paths),
            "words": [", ".join(each) for each in words],
            "rules": list(rules),
            "who": people,
        },
        separators=(",", ":"),
    )
