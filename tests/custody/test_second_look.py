from collections.abc import Callable

import pytest

from custody import second_look
from custody.errors import CustodyError
from custody.second_look import await_copy
from custody.states import Observation

EMPTY = Observation(initialised=True, cluster_id="this")
ARRIVED = Observation(initialised=True, cluster_id="this", envelope_stored=True)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_look, "_PAUSE", 0.001)
    monkeypatch.setattr(second_look, "_TELL_EVERY", 0.05)


def looking(*found: Observation | None) -> Callable[[], Observation]:
    """Give one after the other, the last one again and again; None fails."""
    left = list(found)

    def look() -> Observation:
        seen = left.pop(0) if len(left) > 1 else left[0]
        if seen is None:
            raise CustodyError("the bucket does not answer", "run again")
        return seen

    return look


def test_where_nothing_arrives_it_is_told_how_long_is_looked() -> None:
    told: list[str] = []

    await_copy(looking(EMPTY), 0.1, told.append)

    assert told[0] == "look whether another run stores init's answer, for 0 s"
    assert len(told) == 2


def test_without_patience_it_is_looked_once_more() -> None:
    with pytest.raises(CustodyError, match="another run is under way"):
        await_copy(looking(ARRIVED), 0.0, lambda _: None)


def test_a_look_that_fails_is_followed_by_another() -> None:
    with pytest.raises(CustodyError, match="another run is under way"):
        await_copy(looking(None, EMPTY, None, ARRIVED), 60.0, lambda _: None)


def test_a_bucket_that_stays_silent_is_not_looked_at_without_end() -> None:
    await_copy(looking(None), 0.1, lambda _: None)
