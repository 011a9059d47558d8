"""How helm is called, and what is made of what it says: with a program in its place."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kubernetes.client import Cluster
from sandbox.plugins.kubernetes.helm import HelmError

Program = Callable[[str], Path]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts a `helm` that does this on PATH; give the folder that it may write to."""

    def make(script: str) -> Path:
        folder = tmp_path / "path"
        folder.mkdir()
        (folder / "helm").write_text(f"#!/bin/sh\ncd {folder}\n{script}\n")
        (folder / "helm").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return folder

    return make


def test_values_go_to_its_input_and_the_cluster_into_its_environment(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELM_KUBETOKEN", "foreign")
    monkeypatch.setenv("HELM_NAMESPACE", "foreign")
    monkeypatch.setenv("HELM_CACHE_HOME", "/kept")
    folder = program('echo "$@" > arguments; env > environment; cat > input; echo said')
    cluster = Cluster({"kubeconfig": "{}", "context": "one"})
    said = cluster.helm.run("install", "tiny", namespace="shop", more=("a",), values={"p": "x\ny"})
    assert said == "said\n"
    arguments = (folder / "arguments").read_text()
    assert arguments == "install tiny --namespace shop a --kube-context one --values -\n"
    assert json.loads((folder / "input").read_text()) == {"p": "x\ny"}
    environment = (folder / "environment").read_text().splitlines()
    [kubeconfig] = cluster.kubeconfig.files
    assert f"KUBECONFIG={kubeconfig}" in environment
    assert [each for each in environment if each.startswith("HELM_")] == ["HELM_CACHE_HOME=/kept"]
    cluster.close()


def test_its_reason_is_one_line_without_warnings_and_values(
    unconnected: Cluster, program: Program
) -> None:
    program(
        "echo 'WARNING: readable by all' >&2\n"
        "echo 'Error: INSTALLATION FAILED: a hunter22 b:' >&2; echo '  at line 3' >&2; exit 1"
    )
    with pytest.raises(HelmError) as caught:
        unconnected.helm.run("install", "tiny", namespace="shop", values={"a": ["hunter22"]})
    told = "helm install shop/tiny: INSTALLATION FAILED: a [secret] b: at line 3"
    assert str(caught.value) == told


def test_a_release_that_is_not_there_is_none(unconnected: Cluster, program: Program) -> None:
    program("echo 'Error: release: not found' >&2; exit 1")
    assert unconnected.helm.found("shop", "tiny") is None


def test_that_it_can_not_tell_is_no_absence(unconnected: Cluster, program: Program) -> None:
    program("echo 'Error: Kubernetes cluster unreachable' >&2; exit 1")
    with pytest.raises(HelmError, match="cluster unreachable"):
        unconnected.helm.found("shop", "tiny")


@pytest.mark.parametrize("ending", ["cancel", "close"])
def test_it_is_interrupted_not_killed(ending: str, unconnected: Cluster, program: Program) -> None:
    program(
        "trap 'echo Error: interrupted >&2; exit 1' INT; touch started; while :; do sleep 0.1; done"
    )
    end = unconnected.cancelled.set if ending == "cancel" else unconnected.helm.close
    threading.Timer(0.5, end).start()
    with pytest.raises(HelmError, match="interrupted"):
        unconnected.helm.run("install", "tiny", namespace="shop", seconds=60)


def test_without_helm_it_says_so(unconnected: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RefusedError, match="there is no helm on PATH"):
        unconnected.helm.run("list", namespace="shop")
