"""Alibaba Cloud's seal key, whose next one only an `up` makes."""

from pathlib import Path

import pytest

from components.cloud.alicloud.cloud import AlicloudCloud
from ops.seal_key import overdue
from ops.stack import Resource, StackError
from tests.components.cloud.alicloud.world import answers, arguments
from tests.conftest import Declare

PARENT = "urn:pulumi:prod::strongroom::strongroom:cloud:AlicloudCloud$strongroom:cloud:SealIdentity"
KEY = f"{PARENT}$alicloud:ram/accessKey:AccessKey::cloud-seal-key-"
OF_A_SERVICE = (
    "urn:pulumi:prod::strongroom::strongroom:cloud:ApplicationCredential$"
    "alicloud:ram/accessKey:AccessKey::cloud-orders-key-"
)
DAY = 86400
DAYS = 10
LAST = 100 * DAYS * DAY
"""The moment at which period 100 begins."""


def _said(tmp_path: Path, now: float, *, days: object = DAYS, keys: tuple[str, ...] = ()) -> str:
    (tmp_path / "Pulumi.prod.yaml").write_text(
        f"config:\n  strongroom:cloud: {{kind: alicloud, sealKeyDays: {days}}}\n"
    )
    urns = keys or (f"{KEY}99", f"{KEY}100")
    found = [Resource("alicloud:ram/accessKey:AccessKey", urn, {}, {}) for urn in urns]
    return overdue(found, tmp_path, now=now) or ""


@pytest.mark.parametrize("days", [0, 9, 10, 17])
def test_nothing_is_said_while_there_is_time(tmp_path: Path, days: int) -> None:
    assert _said(tmp_path, LAST + days * DAY) == ""


def test_before_its_end_a_key_is_said_to_be_old(tmp_path: Path) -> None:
    assert _said(tmp_path, LAST + 18 * DAY) == (
        "the seal's key is old: run `pulumi up`, then `python -m ops roll`, before 1972-10-17"
    )


def test_two_periods_late_the_next_up_takes_the_servers_key_away(tmp_path: Path) -> None:
    said = _said(tmp_path, LAST + 20 * DAY)

    assert "should have been renewed before" in said
    assert "run `python -m ops roll` right after it, and take no snapshot in between" in said


def test_a_stack_that_says_no_period_has_ninety_days(tmp_path: Path) -> None:
    period = 90 * DAY
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  strongroom:cloud: {kind: alicloud}\n")
    found = [Resource("alicloud:ram/accessKey:AccessKey", f"{KEY}200", {}, {})]

    assert overdue(found, tmp_path, now=201 * period) is None
    assert overdue(found, tmp_path, now=202 * period) is not None


def test_keys_of_services_are_none_of_its_business(tmp_path: Path) -> None:
    assert _said(tmp_path, LAST + 99 * DAY, keys=(f"{OF_A_SERVICE}1",)) == ""


def test_a_period_that_is_no_number_is_said_to_be_wrong(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"cloud.sealKeyDays in Pulumi.prod.yaml is wrong"):
        _said(tmp_path, LAST, days="soon")


def test_the_keys_that_the_program_declares_are_found(declare: Declare, tmp_path: Path) -> None:
    said = arguments(now=float(LAST), seal_key_days=DAYS)
    declared = declare(lambda: AlicloudCloud("cloud", said), outputs=answers)
    urns = tuple(each.urn for each in declared.all("alicloud:ram/accessKey:AccessKey"))

    assert len(urns) == 2
    assert _said(tmp_path, LAST + 10 * DAY, keys=_in(urns)) == ""
    assert _said(tmp_path, LAST + 20 * DAY, keys=_in(urns)) != ""


def _in(urns: tuple[str, ...]) -> tuple[str, ...]:
    """Put them into the stack whose file a test writes."""
    return tuple(urn.replace("urn:pulumi:test::", "urn:pulumi:prod::") for urn in urns)
