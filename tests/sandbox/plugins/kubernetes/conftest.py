"""A provider that is never connected, and a real cluster where KUBECONFIG names one."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.layout import cache_directory
from sandbox.plugins.kubernetes.client import Cluster
from sandbox.toolchain import helm as helm_binary
from sandbox.toolchain.cache import Cache
from tests.sandbox.plugins.driver import Driver
from tests.sandbox.plugins.kubernetes.server import Server

Settled = Callable[[Mapping[str, Any]], Driver]


@pytest.fixture
def unconnected() -> Iterator[Cluster]:
    cluster = Cluster({"kubeconfig": "{}", "namespace": "shop"})
    yield cluster
    cluster.close()


@pytest.fixture
def suffix() -> str:
    """Give a name that no other test uses."""
    return os.urandom(4).hex()


@pytest.fixture(scope="session")
def kubeconfig() -> str:
    named = os.environ.get("KUBECONFIG", "")
    if not named:
        pytest.skip(
            "KUBECONFIG names no cluster: the stand-in kubernetes is not tried on a real one"
        )
    return named


@pytest.fixture(scope="session")
def server(kubeconfig: str) -> Server:
    """Give a plain client of the same cluster, which judges what the plugin did."""
    return Server(kubeconfig)


@pytest.fixture
def namespace(server: Server, suffix: str) -> Iterator[str]:
    """Give a namespace of this test's own."""
    name = f"plugin-{suffix}"
    server.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    server.wait(lambda: server.get("v1", "ServiceAccount", name, "default"))
    yield name
    # Kubernetes empties it in its own time.
    server.leave("v1", "Namespace", None, name)


@pytest.fixture(scope="session")
def helm(kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a helm that writes down how it was called: `called` beside it."""
    del kubeconfig
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    real = helm_binary.find(Cache(directory=cache, say=print), os.environ["PATH"])
    folder = tmp_path_factory.mktemp("helm")
    wrapper = folder / "helm"
    wrapper.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/called\nenv >> {folder}/called\nexec {real} "$@"\n'
    )
    wrapper.chmod(0o755)
    return wrapper


@pytest.fixture
def plugin(helm: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """Give a running plugin that is not configured."""
    monkeypatch.setenv("PATH", f"{helm.parent}{os.pathsep}{os.environ['PATH']}")
    with Driver.start("kubernetes") as driver:
        yield driver


@pytest.fixture
def driver(plugin: Driver, kubeconfig: str, namespace: str) -> Driver:
    """Give the plugin as a program would configure it, with the test's namespace as the default one."""
    plugin.configure({"kubeconfig": kubeconfig, "namespace": namespace})
    return plugin


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """Give a tiny chart: a ConfigMap, a Secret, and whatever `extra` says."""
    folder = tmp_path / "chart"
    templates = folder / "templates"
    templates.mkdir(parents=True)
    (folder / "Chart.yaml").write_text(
        "apiVersion: v2\nname: tiny\nversion: 1.2.3\nappVersion: '4.5'\n"
    )
    (folder / "values.yaml").write_text(json.dumps({"colour": "red", "affinity": {"a": "b"}}))
    (templates / "all.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"
        "data:\n  colour: {{ .Values.colour | quote }}\n  affinity: {{ .Values.affinity | toJson | quote }}\n"
        "---\n"
        "apiVersion: v1\nkind: Secret\nmetadata: {name: {{ .Release.Name }}}\n"
        'stringData:\n  password: {{ .Values.password | default "none" | quote }}\n'
        "{{- with .Values.extra }}\n---\n{{ toYaml . }}\n{{- end }}\n"
    )
    return folder


@pytest.fixture
def copy_of(chart: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Give the chart in another version."""

    def make(version: str) -> Path:
        folder = tmp_path / f"chart-{version}"
        shutil.copytree(chart, folder)
        text = (folder / "Chart.yaml").read_text().replace("1.2.3", version)
        (folder / "Chart.yaml").write_text(text)
        return folder

    return make
