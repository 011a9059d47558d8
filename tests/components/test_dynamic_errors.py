import traceback

import pytest

from components.dynamic_errors import ToldError, told


class _KnownError(Exception):
    pass


@told(_KnownError)
def _raising(error: Exception) -> None:
    raise error


@pytest.fixture(autouse=True)
def _restore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traceback, "format_exc", traceback.format_exc)


def test_what_people_are_told_is_one_line() -> None:
    with pytest.raises(ToldError):
        _raising(_KnownError("port 1 is taken; stop it"))
    try:
        _raising(_KnownError("port 1 is taken; stop it"))
    except ToldError:
        shown = traceback.format_exc()

    assert shown == "port 1 is taken; stop it"


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    try:
        _raising(KeyError("surprise"))
    except KeyError:
        shown = traceback.format_exc()

    assert "Traceback (most recent call last)" in shown
