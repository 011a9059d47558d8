import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kubernetes.kubeconfig import Kubeconfig
from tests.sandbox.plugins.driver import Driver


def document(server: str = "https://127.0.0.1:6443", *, unverified: bool = False) -> dict[str, Any]:
    cluster = {"server": server, "insecure-skip-tls-verify": unverified}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "sesame"}}],
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "first"}},
            {"name": "two", "context": {"cluster": "c", "user": "u"}},
        ],
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(json.dumps(document()))
    return path


def test_a_path_is_taken_as_it_is(file: Path, tmp_path: Path) -> None:
    found = Kubeconfig.of({"kubeconfig": str(file)}, tmp_path)
    assert list(found.files) == [file]
    assert found.namespace == "first"


def test_a_content_is_kept_where_only_its_owner_reads(tmp_path: Path) -> None:
    found = Kubeconfig.of({"kubeconfig": json.dumps(document()), "context": "two"}, tmp_path)
    [path] = found.files
    assert path.parent == tmp_path
    assert path.stat().st_mode & 0o777 == 0o600
    assert found.namespace == "default"


def test_what_is_neither_is_refused_without_quoting_it(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        Kubeconfig.of({"kubeconfig": "token: 'sesame"}, tmp_path)
    assert "sesame" not in str(caught.value)


def test_the_ambient_files_are_kubectls(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "first"
    first.write_text(json.dumps({"current-context": "two"}))
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'missing'}:{file}")
    found = Kubeconfig.of({}, tmp_path)
    assert list(found.files) == [first, file]
    assert found.joined == f"{first}:{file}"
    assert found.namespace == "default"
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kube").mkdir()
    file.rename(tmp_path / ".kube" / "config")
    assert list(Kubeconfig.of({}, tmp_path).files) == [tmp_path / ".kube" / "config"]


def test_without_any_there_is_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    with pytest.raises(RefusedError, match="no Kubernetes cluster: neither KUBECONFIG nor"):
        Kubeconfig.of({}, tmp_path).client(tmp_path)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (document(unverified=True), "skips TLS verification"),
        (document("http://10.1.2.3:8080"), "is neither https nor on this machine"),
    ],
)
def test_a_connection_that_nobody_could_trust_is_refused(
    given: dict[str, Any], wrong: str, tmp_path: Path
) -> None:
    with pytest.raises(RefusedError, match=wrong):
        Kubeconfig.of({"kubeconfig": json.dumps(given)}, tmp_path).client(tmp_path)


def test_no_proxy_is_asked_for_this_machine(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://10.9.9.9:3128")
    client = Kubeconfig.of({"kubeconfig": str(file)}, tmp_path).client(tmp_path)
    assert client.configuration.proxy is None
    far = Kubeconfig.of({"kubeconfig": json.dumps(document("https://10.1.2.3"))}, tmp_path)
    assert far.client(tmp_path).configuration.proxy == "http://10.9.9.9:3128"


def test_nothing_is_left_of_it_when_the_plugin_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Driver.start("kubernetes") as driver:
        driver.configure({"kubeconfig": json.dumps(document())})
        [folder] = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(list(folder.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
