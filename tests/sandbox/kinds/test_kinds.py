import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.kinds import kind_of
from sandbox.kinds.pods import ClusterPods
from sandbox.kinds.processes import Processes
from sandbox.layout import Layout
from sandbox.problem import ProblemError

CHECKOUT = Path(__file__).parents[3]


def test_stack_local_runs_processes(tmp_path: Path) -> None:
    assert isinstance(kind_of(Layout(checkout=tmp_path)), Processes)


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ("dev", "'dev' is no embedded environment; write local or cluster"),
        ("../elsewhere", "'../elsewhere' is no embedded environment"),
    ],
)
def test_another_stack_is_refused(tmp_path: Path, stack: str, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        kind_of(Layout(checkout=tmp_path, stack=stack))


def test_stack_cluster_runs_pods(tmp_path: Path) -> None:
    assert isinstance(kind_of(Layout(checkout=tmp_path, stack="cluster")), ClusterPods)


def test_stack_cluster_needs_a_cluster_that_somebody_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)

    with pytest.raises(ProblemError, match=r"KUBECONFIG is not set; set it to .* throw-away"):
        kind_of(Layout(checkout=tmp_path, stack="cluster")).prepare(print)


def test_the_command_line_refuses_another_stack_in_one_line_and_makes_nothing() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox", "--stack", "dev", "up"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 1
    assert len((ran.stdout + ran.stderr).splitlines()) == 1
    assert "is no embedded environment" in ran.stderr
    assert not (CHECKOUT / ".sandbox-dev").exists()
