"""What matters least goes first, and what went is said."""

import re
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from ops.ci.fitted import Item, Section, fitted
from ops.ci.markdown import length


def _section(rank: int, count: int, size: int = 10, parent: Section | None = None) -> Section:
    items = [Item(partial("{}x\n".format, "y" * (size - 2))) for _ in range(count)]
    return Section(
        what=f"things {rank}", rank=rank, opening=f"[{rank}]\n", items=items, parent=parent
    )


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 300), st.integers(2, 900)), max_size=12),
    st.integers(2_000, 20_000),
)
def test_a_document_is_never_longer_than_its_limit_and_everything_is_kept_or_counted(
    shapes: list[tuple[int, int, int]], limit: int
) -> None:
    sections = [_section(rank, count, size) for rank, count, size in shapes]

    document = fitted("before\n", sections, "after\n", limit)

    assert length(document) <= limit
    assert document.startswith("before\n")
    assert document.endswith("after\n")
    # Every item is there, or counted once in the last sentence.
    kept = document.count("x\n")
    left_out = document.rpartition("Left out to stay under")[2] if "Left out" in document else ""
    counts = re.findall(r"([\d,]+) things", left_out)
    counted = sum(int(each.replace(",", "")) for each in counts)
    assert kept + counted == sum(len(section.items) for section in sections)


def test_what_fits_is_whole_and_nothing_is_said_to_be_left_out() -> None:
    document = fitted("", [_section(0, 3), _section(1, 2)], "")

    assert document.count("x\n") == 5
    assert "Left out" not in document


def test_what_matters_more_is_kept_wherever_it_stands() -> None:
    document = fitted("", [_section(5, 1_000), _section(0, 100)], "", 3_000)

    first, _, second = document.partition("[0]\n")
    assert second.count("x\n") == 100
    assert 0 < first.count("x\n") < 1_000
    assert re.search(r"\.\.\. and \d+ more\n", first)
    assert re.search(r"Left out to stay under 3,000 characters: \d+ things 5\.", document)


def test_sections_of_one_rank_take_turns() -> None:
    large, small = _section(1, 10_000), _section(1, 20)

    document = fitted("", [large, small], "", 3_000)

    assert document.rpartition("[1]\n")[2].count("x\n") == 20


def test_a_section_without_its_heading_is_left_out_with_it() -> None:
    heading = Section(what="environments", rank=0, items=[Item(lambda: "z" * 5_000)])

    document = fitted("", [heading, _section(1, 2, parent=heading)], "", 3_000)

    assert "[1]" not in document
    assert "1 environments" in document
    assert "2 things 1" in document


def test_without_a_limit_nothing_is_left_out() -> None:
    document = fitted("", [_section(0, 20_000)], "", None)

    assert document.count("x\n") == 20_000
    assert "more" not in document
