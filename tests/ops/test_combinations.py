"""The table says what the settings' model says."""

import itertools
import re

import pytest

from ops.combinations import refusals, text

AWS = ("aws", "awskms")


@pytest.mark.parametrize(
    ("combination", "reason"),
    [
        (("processes", "openbao", "mysql", 3, *AWS), "is mysql, and flavour openbao"),
        (("helm", "vault", "postgresql", 3, *AWS), "is postgresql, and flavour vault"),
        (
            ("helm", "vault", "raft", 3, "alicloud", "awskms"),
            "is awskms, and the cloud is alicloud",
        ),
        (("processes", "openbao", "raft", 2, *AWS), "write 1, 3 or 5 ports"),
        (("helm", "openbao", "raft", 4, *AWS), "no more of 4 may fail than of 3; write 1, 3 or 5"),
    ],
)
def test_what_does_not_go_together_is_refused_with_a_reason(
    combination: tuple[str, str, str, int, str, str], reason: str
) -> None:
    (line,) = refusals(*combination)

    assert reason in line


def test_what_goes_together_is_not_refused() -> None:
    assert refusals("processes", "openbao", "postgresql", 5, "aws", "shamir") == []
    assert refusals("helm", "vault", "mysql", 1, "alicloud", "alicloudkms") == []


@pytest.mark.parametrize("kind", ["processes", "helm"])
def test_how_many_servers_is_a_question_of_its_own(kind: str) -> None:
    """The page asks it once, and not for each combination."""
    for flavour, storage, cloud, seal, count in itertools.product(
        ("vault", "openbao"), ("raft", "mysql", "postgresql"), ("aws", "alicloud"),
        ("awskms", "alicloudkms", "transit", "shamir"), (1, 2, 4, 5),
    ):  # fmt: skip
        counted = refusals(kind, "vault", "raft", count, "aws", "awskms")
        of_three = refusals(kind, flavour, storage, 3, cloud, seal)
        said = refusals(kind, flavour, storage, count, cloud, seal)
        # A server that is wrong by itself is not held against the rest.
        assert set(said) <= {*of_three, *counted}
        assert bool(said) == bool(of_three or counted)


def test_each_refusal_says_why_and_what_works() -> None:
    lines = [line for line in text().splitlines() if re.match(r"[0-9]+\. ", line)]

    assert lines
    for line in lines:
        why, _, works = line.partition("; ")
        assert re.search(r"(: |, where | and flavour )", why), line
        assert works.startswith("write "), line


def test_every_no_has_its_reason() -> None:
    page = text()

    for number in range(1, page.count("\n1. ") + page.count(". `")):
        assert f"no ({number})" in page
        assert f"\n{number}. `" in page
