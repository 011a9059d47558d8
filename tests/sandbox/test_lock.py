from pathlib import Path

import pytest

from sandbox import lock
from sandbox.layout import Layout
from sandbox.problem import ProblemError


def test_a_second_command_says_who_works(tmp_path: Path) -> None:
    layout = Layout(checkout=tmp_path)

    with (
        lock.held(layout, "up"),
        pytest.raises(ProblemError, match=r"`make up` \(process \d+\) is running here; wait"),
        lock.held(layout, "down"),
    ):
        pytest.fail("two commands held the environment at once")


def test_the_lock_is_free_afterwards(tmp_path: Path) -> None:
    layout = Layout(checkout=tmp_path)
    with lock.held(layout, "up"):
        pass

    with lock.held(layout, "down"):
        assert (layout.root / "owner").read_text().startswith("`make down`")


def test_another_cache_is_no_way_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(checkout=tmp_path)
    with lock.held(layout, "up"):
        monkeypatch.setenv("STRONGROOM_CACHE", str(tmp_path / "cache"))

        with pytest.raises(ProblemError, match="is running here"), lock.held(layout, "up"):
            pytest.fail("two commands held the environment at once")


def test_two_stacks_of_a_checkout_have_a_lock_each(tmp_path: Path) -> None:
    with (
        lock.held(Layout(checkout=tmp_path), "up"),
        lock.held(Layout(checkout=tmp_path, stack="cluster"), "up"),
    ):
        assert (tmp_path / ".sandbox-cluster" / "owner").exists()
