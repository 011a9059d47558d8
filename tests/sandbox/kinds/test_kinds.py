import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.kinds import kind_of
from sandbox.kinds.processes import Processes
from sandbox.layout import Layout
from sandbox.problem import ProblemError

CHECKOUT = Path(__file__).parents[3]


def test_stack_local_runs_processes(tmp_path: Path) -> None:
    assert isinstance(kind_of(Layout(checkout=tmp_path)), Processes)


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ("cluster", "stack cluster, .* is not in the tree yet; use STACK=local"),
        ("dev", "'dev' is no embedded environment; write local or cluster"),
        ("../elsewhere", "'../elsewhere' is no embedded environment"),
    ],
)
def test_another_stack_is_refused(tmp_path: Path, stack: str, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        kind_of(Layout(checkout=tmp_path, stack=stack))


def test_the_command_line_refuses_it_in_one_line_and_makes_nothing() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox", "--stack", "cluster", "up"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 1
    assert len((ran.stdout + ran.stderr).splitlines()) == 1
    assert "not in the tree yet" in ran.stderr
    assert not (CHECKOUT / ".sandbox-cluster").exists()
