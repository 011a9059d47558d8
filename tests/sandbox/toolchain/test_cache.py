"""What is cached is made once, whole, and trusted only while it is as it was made."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.toolchain.cache import Cache

Fill = Callable[[Path], None]


@pytest.fixture
def cache(tmp_path: Path, said: list[str]) -> Cache:
    directory = tmp_path / "cache"
    directory.mkdir()
    return Cache(directory=directory, say=said.append)


@pytest.fixture
def made() -> list[Path]:
    """Every directory that was filled."""
    return []


@pytest.fixture
def fill(made: list[Path]) -> Fill:
    def filling(directory: Path) -> None:
        made.append(directory)
        (directory / "part").mkdir()
        (directory / "part" / "tool").write_text("tool")
        (directory / "link").symlink_to("part/tool")

    return filling


def works(_entry: Path) -> bool:
    return True


def test_an_entry_is_made_once(cache: Cache, fill: Fill, made: list[Path]) -> None:
    first = cache.make("tool-1", fill, works)
    assert cache.make("tool-1", fill, works) == first
    assert cache.get("tool-1", works) == first
    assert len(made) == 1
    assert (first / "link").read_text() == "tool"


def test_what_is_not_there_is_no_damage(cache: Cache, said: list[str]) -> None:
    assert cache.get("tool-1", works) is None
    assert said == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "part" / "tool").write_text("tooI"),
        lambda entry: (entry / "part" / "tool").unlink(),
        lambda entry: (entry / "part" / "another").write_text("x"),
        lambda entry: (entry / "sha256.json").unlink(),
        lambda entry: (entry / "sha256.json").write_text("{"),
    ],
    ids=["changed", "lost", "added", "record lost", "record cut"],
)
def test_a_damaged_entry_is_said_and_made_again(
    damage: Callable[[Path], object], cache: Cache, fill: Fill, made: list[Path], said: list[str]
) -> None:
    entry = cache.make("tool-1", fill, works)
    damage(entry)
    assert cache.get("tool-1", works) is None
    assert said == [f"{entry} in the cache is damaged: it is made again"]
    cache.make("tool-1", fill, works)
    assert len(made) == 2
    assert cache.get("tool-1", works) == entry
    assert (entry / "part" / "tool").read_text() == "tool"
    assert sorted(path.name for path in cache.directory.iterdir()) == ["locks", "tool-1"]


def test_an_entry_that_no_longer_runs_is_damaged(cache: Cache, fill: Fill, said: list[str]) -> None:
    cache.make("tool-1", fill, works)
    assert cache.get("tool-1", lambda _entry: False) is None
    assert len(said) == 1


def test_what_fails_leaves_nothing(cache: Cache) -> None:
    def fail(directory: Path) -> None:
        (directory / "half").write_text("half")
        raise ValueError("no network")

    with pytest.raises(ValueError, match="no network"):
        cache.make("tool-1", fail, works)
    assert [path.name for path in cache.directory.iterdir()] == ["locks"]


def test_what_does_not_run_is_not_kept(cache: Cache, fill: Fill) -> None:
    with pytest.raises(OSError, match="does not run"):
        cache.make("tool-1", fill, lambda _entry: False)
    assert [path.name for path in cache.directory.iterdir()] == ["locks"]


def test_what_a_killed_run_left_is_removed(cache: Cache, fill: Fill) -> None:
    left = cache.directory / ".tool-1.abcd"
    left.mkdir()
    cache.make("tool-1", fill, works)
    assert not left.exists()


def test_two_at_once_make_one_entry_and_the_second_waits_for_the_first(tmp_path: Path) -> None:
    script = tmp_path / "make.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys, time
            from pathlib import Path
            from sandbox.toolchain.cache import Cache

            def fill(directory):
                with Path(sys.argv[2]).open("a") as made:
                    made.write("made;")
                time.sleep(1)
                (directory / "tool").write_text("tool")

            cache = Cache(directory=Path(sys.argv[1]), say=print)
            print((cache.make("tool-1", fill, lambda entry: True) / "tool").read_text())
            """
        )
    )
    (tmp_path / "cache").mkdir()
    command = [sys.executable, str(script), str(tmp_path / "cache"), str(tmp_path / "made")]
    checkout = Path(__file__).parents[3]
    runs = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(checkout)}
        )
        for _ in range(2)
    ]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert all(output.endswith("tool\n") for output in outputs)
    assert (tmp_path / "made").read_text() == "made;"
