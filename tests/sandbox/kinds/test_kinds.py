import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.kinds import kind_of
from sandbox.kinds.pods import ClusterPods, named_chart
from sandbox.kinds.processes import Processes
from sandbox.layout import Layout
from sandbox.ports import Ports
from sandbox.problem import ProblemError

PORTS = Ports(emulator=5000, vault=(8200,), generate_root=(8300,))
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


def test_the_chart_is_the_one_that_somebody_named_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / ".cache" / "vault-lab" / "vault-helm"
    left.mkdir(parents=True)
    (left / "Chart.yaml").write_text("name: vault")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("VAULT_HELM_CHART", raising=False)
    kind, ports = ClusterPods(Layout(checkout=tmp_path, stack="cluster")), PORTS
    unnamed = (named_chart(), kind.variables(ports).get("VAULT_HELM_CHART"))

    monkeypatch.setenv("VAULT_HELM_CHART", str(left))

    assert unnamed == (None, None)
    assert named_chart() == left
    assert kind.variables(ports)["VAULT_HELM_CHART"] == str(left)
    monkeypatch.setenv("VAULT_HELM_CHART", str(tmp_path))
    with pytest.raises(ProblemError, match=r"VAULT_HELM_CHART names .* no Chart\.yaml; set it to"):
        named_chart()


def test_the_command_line_refuses_another_stack_in_one_line_and_makes_nothing() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "sandbox", "--stack", "dev", "up"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 1
    assert len((ran.stdout + ran.stderr).splitlines()) == 1
    assert "is no embedded environment" in ran.stderr
    assert not (CHECKOUT / ".sandbox-dev").exists()
