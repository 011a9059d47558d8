import gc
from collections.abc import Iterator

import pulumi
import pytest

from engine import quicken


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    yield
    gc.enable()


def test_the_collector_rests_and_debug_lines_cost_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRONGROOM_DEBUG", raising=False)
    before = pulumi.log.debug

    quicken()

    assert not gc.isenabled()
    assert pulumi.log.debug is not before


def test_debug_lines_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRONGROOM_DEBUG", "1")
    before = pulumi.log.debug

    quicken()

    assert pulumi.log.debug is before
