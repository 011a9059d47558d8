"""The table says what the settings' model says."""

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
        (("helm", "openbao", "raft", 4, *AWS), "1, 3 or 5"),
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


def test_every_no_has_its_reason() -> None:
    page = text()

    for number in range(1, page.count("\n1. ") + page.count(". `")):
        assert f"no ({number})" in page
        assert f"\n{number}. `" in page
