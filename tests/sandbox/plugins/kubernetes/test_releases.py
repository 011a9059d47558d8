"""Releases of a tiny chart, by the real helm, on a real cluster."""

import base64
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.plugins.values import from_struct
from tests.sandbox.plugins.driver import Driver, refusal
from tests.sandbox.plugins.kubernetes.server import IMAGE, Server, deployment, pod

pytestmark = [pytest.mark.real, pytest.mark.kubernetes]
RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET_VALUE = "hunter22-hunter22"


def checked(driver: Driver, inputs: dict[str, Any]) -> dict[str, Any]:
    found, failures = driver.check(RELEASE, inputs)
    assert failures == []
    return found


def install(driver: Driver, inputs: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Give id, state and inputs."""
    found = checked(driver, inputs)
    return (*driver.create(RELEASE, found), found)


def data(server: Server, kind: str, namespace: str, name: str = "tiny") -> dict[str, str]:
    found = server.get("v1", kind, namespace, name)
    return dict(found.get("data") or {})


def call(helm: Path, *arguments: str) -> str:
    ran = subprocess.run([helm, *arguments], capture_output=True, text=True, check=True)
    return ran.stdout


def late(name: str = "late") -> dict[str, Any]:
    """Give a Deployment that never comes up, as a value."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        **deployment(name, pod(image="lab/none:1")),
    }


def half_made(error: grpc.RpcError) -> provider_pb2.ErrorResourceInitFailed:
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    half = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(half)
    return half


def test_a_release_lives(
    driver: Driver, server: Server, namespace: str, chart: Path, copy_of: Callable[[str], Path]
) -> None:
    inputs = {"name": "tiny", "chart": str(chart), "values": {"colour": "green"}, "skipAwait": True}
    identity, state, inputs = install(driver, inputs)
    assert identity == f"{namespace}/tiny"
    assert inputs["version"] == "1.2.3"
    assert state["status"] == {
        "appVersion": "4.5",
        "chart": "tiny",
        "name": "tiny",
        "namespace": namespace,
        "revision": 1,
        "status": "deployed",
        "version": "1.2.3",
    }
    assert data(server, "ConfigMap", namespace)["colour"] == "green"
    assert not driver.compare(RELEASE, state, inputs, inputs).diffs
    assert driver.read(RELEASE, identity, state, inputs) == (identity, state, inputs)

    newer = {"name": "tiny", "chart": str(copy_of("1.3.0")), "skipAwait": True}
    newer = checked(driver, newer)
    answer = driver.compare(RELEASE, state, inputs, newer)
    assert set(answer.diffs) == {"chart", "version", "values"}
    assert not answer.replaces
    state = driver.update(RELEASE, identity, state, newer)
    assert (state["version"], state["status"]["revision"]) == ("1.3.0", 2)
    # Values that are no longer declared are the chart's again.
    assert data(server, "ConfigMap", namespace)["colour"] == "red"
    assert not driver.compare(RELEASE, state, newer, newer).diffs

    answer = driver.compare(RELEASE, state, newer, {**newer, "name": "other"})
    assert list(answer.replaces) == ["name"]
    driver.delete(RELEASE, identity, state)
    assert data(server, "ConfigMap", namespace) == {}
    assert driver.read(RELEASE, identity, state, newer) == ("", {}, {})
    driver.delete(RELEASE, identity, state)


def test_a_release_that_has_no_name_keeps_the_one_it_got(driver: Driver, chart: Path) -> None:
    first = checked(driver, {"chart": str(chart)})
    assert first["name"].startswith("example-")
    again, _ = driver.check(RELEASE, {"chart": str(chart)}, first)
    assert again["name"] == first["name"]


def test_values_come_in_no_argument_and_no_environment(
    driver: Driver, server: Server, namespace: str, chart: Path, helm: Path
) -> None:
    called = helm.with_name("called")
    called.write_text("")
    values = {"password": SECRET_VALUE}
    identity, state, inputs = install(
        driver, {"name": "tiny", "chart": str(chart), "values": values, "skipAwait": True}
    )
    inputs["values"] = {"password": SECRET_VALUE, "colour": "blue"}
    driver.update(RELEASE, identity, state, inputs)
    found = data(server, "Secret", namespace)["password"]
    assert base64.b64decode(found).decode() == SECRET_VALUE
    text = called.read_text()
    assert "install tiny" in text
    assert "upgrade tiny" in text
    assert SECRET_VALUE not in text


def test_a_null_takes_a_default_away(
    driver: Driver, server: Server, namespace: str, chart: Path
) -> None:
    inputs = {"name": "tiny", "chart": str(chart), "values": {"affinity": None}, "skipAwait": True}
    _, state, inputs = install(driver, inputs)
    assert inputs["values"] == {"affinity": None}
    assert data(server, "ConfigMap", namespace)["affinity"] == "null"
    assert not driver.compare(RELEASE, state, inputs, inputs).diffs
    assert driver.compare(RELEASE, state, inputs, {**inputs, "values": {}}).diffs


def test_drift_of_values_and_version_is_found_and_repaired(
    driver: Driver,
    server: Server,
    namespace: str,
    chart: Path,
    copy_of: Callable[[str], Path],
    helm: Path,
) -> None:
    inputs = {"name": "tiny", "chart": str(chart), "values": {"colour": "green"}, "skipAwait": True}
    identity, state, inputs = install(driver, inputs)
    call(helm, "upgrade", "tiny", str(copy_of("2.0.0")), "-n", namespace, "--set", "colour=blue")
    _, state, found = driver.read(RELEASE, identity, state, inputs)
    assert (found["version"], found["values"]) == ("2.0.0", {"colour": "blue"})
    assert set(driver.compare(RELEASE, state, found, inputs).diffs) == {"version", "values"}
    state = driver.update(RELEASE, identity, state, inputs)
    assert data(server, "ConfigMap", namespace)["colour"] == "green"
    assert driver.read(RELEASE, identity, state, inputs)[2] == inputs


def test_a_release_is_imported(driver: Driver, namespace: str, chart: Path, helm: Path) -> None:
    call(helm, "install", "tiny", str(chart), "-n", namespace, "--set", "colour=blue")
    identity, state, found = driver.read(RELEASE, f"{namespace}/tiny")
    assert identity == f"{namespace}/tiny"
    assert found["chart"] == "tiny"
    declared = checked(driver, {"name": "tiny", "chart": str(chart), "values": {"colour": "blue"}})
    # Where the chart lies, helm doesn't remember.
    assert set(driver.compare(RELEASE, state, found, declared).diffs) == {"chart"}


def test_another_s_release_is_not_taken_over(
    driver: Driver, namespace: str, chart: Path, helm: Path
) -> None:
    call(helm, "install", "tiny", str(chart), "-n", namespace)
    with pytest.raises(grpc.RpcError) as caught:
        install(driver, {"name": "tiny", "chart": str(chart)})
    assert f"release {namespace}/tiny is there already (deployed)" in refusal(caught.value)


def killed(helm: Path, namespace: str, *arguments: str) -> None:
    """Run helm and kill it while it waits for pods."""
    real = helm.read_text().split("exec ")[1].split()[0]
    process = subprocess.Popen(
        [real, *arguments, "-n", namespace, "--wait"], stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while "pending" not in call(helm, "list", "-n", namespace, "--pending", "-o", "json"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_an_install_that_was_killed_is_begun_again(
    driver: Driver, server: Server, namespace: str, chart: Path, helm: Path
) -> None:
    values = chart.parent / "late.json"
    values.write_text(json.dumps({"extra": late()}))
    killed(helm, namespace, "install", "tiny", str(chart), "-f", str(values))
    _, state, _ = install(driver, {"name": "tiny", "chart": str(chart), "skipAwait": True})
    assert (state["status"]["status"], state["status"]["revision"]) == ("deployed", 1)
    assert server.get("apps/v1", "Deployment", namespace, "late") == {}


def test_an_upgrade_that_was_killed_is_done_again(
    driver: Driver, server: Server, namespace: str, chart: Path, helm: Path
) -> None:
    inputs = {"name": "tiny", "chart": str(chart), "skipAwait": True}
    identity, state, inputs = install(driver, inputs)
    values = chart.parent / "late.json"
    values.write_text(json.dumps({"extra": late()}))
    killed(helm, namespace, "upgrade", "tiny", str(chart), "-f", str(values))
    _, state, _ = driver.read(RELEASE, identity, state, inputs)
    assert state["status"]["status"] == "pending-upgrade"
    inputs["values"] = {"colour": "green"}
    state = driver.update(RELEASE, identity, state, inputs)
    assert state["status"]["status"] == "deployed"
    assert data(server, "ConfigMap", namespace)["colour"] == "green"


def test_a_release_that_does_not_come_up_is_recorded_and_can_be_mended(
    driver: Driver, server: Server, namespace: str, chart: Path
) -> None:
    values = {"extra": late(), "password": SECRET_VALUE}
    inputs = checked(driver, {"name": "tiny", "chart": str(chart), "values": values, "timeout": 3})
    with pytest.raises(grpc.RpcError) as caught:
        driver.create(RELEASE, inputs)
    told = refusal(caught.value)
    assert f"helm install {namespace}/tiny" in told
    assert "\n" not in told
    half = half_made(caught.value)
    assert half.id == f"{namespace}/tiny"
    state = from_struct(half.properties)
    assert state["status"]["status"] == "failed"
    inputs["values"] = {}
    state = driver.update(RELEASE, half.id, state, inputs)
    assert state["status"]["status"] == "deployed"
    assert server.get("apps/v1", "Deployment", namespace, "late") == {}


def test_ctrl_c_ends_a_wait_for_a_release(driver: Driver, namespace: str, chart: Path) -> None:
    inputs = checked(driver, {"name": "tiny", "chart": str(chart), "values": {"extra": late()}})
    threading.Timer(3, driver.cancel).start()
    with pytest.raises(grpc.RpcError) as caught:
        driver.create(RELEASE, inputs)
    assert half_made(caught.value).id == f"{namespace}/tiny"


def test_no_refusal_quotes_a_value(driver: Driver, chart: Path) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": SECRET_VALUE.upper()},
        "spec": {"ports": [{"port": 80}]},
    }
    inputs = {
        "name": "tiny",
        "chart": str(chart),
        "values": {"extra": service, "password": "hunter22"},
    }
    with pytest.raises(grpc.RpcError) as caught:
        install(driver, inputs)
    told = refusal(caught.value)
    assert "metadata.name" in told
    assert SECRET_VALUE.upper() not in told


def test_what_pods_claimed_outlives_the_release(
    driver: Driver, server: Server, namespace: str, chart: Path
) -> None:
    stateful = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "keeper"},
        "spec": {
            "serviceName": "keeper",
            "selector": {"matchLabels": {"app": "keeper"}},
            "template": {"metadata": {"labels": {"app": "keeper"}}, "spec": pod(image=IMAGE)},
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": "data"},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": "1Mi"}},
                    },
                }
            ],
        },
    }
    inputs = {"name": "tiny", "chart": str(chart), "values": {"extra": stateful}}
    identity, state, _ = install(driver, inputs)
    driver.delete(RELEASE, identity, state)
    assert server.named("v1", "PersistentVolumeClaim", namespace) == ["data-keeper-0"]
    assert server.named("apps/v1", "StatefulSet", namespace) == []


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"atomic": True}, "a release that deletes what it made"),
        ({"version": "9.9.9"}, "is 1.2.3, not 9.9.9"),
        ({"chart": "vault"}, "vault is no chart on this machine"),
        ({"chart": "vault", "repositoryOpts": {"repo": "https://a", "password": "x"}}, "repositoryOpts.password"),
        ({"chart": "vault", "repositoryOpts": {"repo": "https://a"}, "version": ">=1"}, "needs its exact version"),
        ({"chart": "vault", "repositoryOpts": {"repo": "https://a"}}, "needs its exact version"),
        ({"postrender": "sh"}, "'postrender'"),
        ({"valueYamlFiles": []}, "'valueYamlFiles'"),
    ],
)  # fmt: skip
def test_what_it_can_not_do_is_refused(
    more: dict[str, Any], wrong: str, plugin: Driver, kubeconfig: str, chart: Path
) -> None:
    plugin.configure({"kubeconfig": kubeconfig})
    _, failures = plugin.check(RELEASE, {"name": "tiny", "chart": str(chart), **more})
    assert len(failures) == 1
    assert wrong in failures[0]
