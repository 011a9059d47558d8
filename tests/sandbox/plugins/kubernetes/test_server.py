"""What only a real API server can show: refusals, conflicts, waits, secrets, custom resources."""

import base64
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]  # ships no types
import pytest
from pulumi.runtime.proto import provider_pb2, status_pb2

from sandbox.plugins.values import from_struct
from tests.sandbox.plugins.driver import SECRET, Driver, refusal
from tests.sandbox.plugins.kubernetes.server import Server, deployment, pod, template

pytestmark = [pytest.mark.real, pytest.mark.kubernetes]
CONFIG_MAP, SECRET_KIND = "kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret"
DEPLOYMENT, JOB = "kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job"
SERVICE, ACCOUNT = "kubernetes:core/v1:Service", "kubernetes:core/v1:ServiceAccount"


def create(driver: Driver, token: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    checked, failures = driver.check(token, inputs)
    assert failures == []
    return driver.create(token, checked)


def refused(driver: Driver, token: str, inputs: dict[str, Any]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        create(driver, token, inputs)
    assert "\n" not in refusal(caught.value)
    return caught.value


def half_made(error: grpc.RpcError) -> provider_pb2.ErrorResourceInitFailed:
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    half = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(half)
    return half


def config_map(**data: str) -> dict[str, Any]:
    return {"metadata": {"name": "settings"}, "data": data}


def test_what_is_there_already_is_not_taken_over(
    driver: Driver, server: Server, namespace: str
) -> None:
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", **config_map(a="theirs")}
    theirs["metadata"]["namespace"] = namespace
    server.make(theirs)
    told = refusal(refused(driver, CONFIG_MAP, config_map(a="ours")))
    assert f"ConfigMap {namespace}/settings is there already" in told
    assert server.get("v1", "ConfigMap", namespace, "settings")["data"] == {"a": "theirs"}


def test_a_provider_may_be_told_to_take_over_what_nobody_else_owns(
    plugin: Driver, kubeconfig: str, server: Server, namespace: str
) -> None:
    plugin.configure(
        {"kubeconfig": kubeconfig, "namespace": namespace, "upsertExistingObjects": "true"}
    )
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", **config_map(a="theirs", b="kept")}
    theirs["metadata"]["namespace"] = namespace
    server.make(theirs)
    told = refusal(refused(plugin, CONFIG_MAP, config_map(a="ours")))
    assert '.data.a: conflict with "somebody"' in told
    create(plugin, CONFIG_MAP, config_map(c="ours"))
    found = server.get("v1", "ConfigMap", namespace, "settings")["data"]
    assert found == {"a": "theirs", "b": "kept", "c": "ours"}


def test_a_field_that_a_program_owns_is_a_conflict_unless_it_is_forced(
    driver: Driver, server: Server, namespace: str
) -> None:
    inputs = config_map(a="ours")
    identity, state = create(driver, CONFIG_MAP, inputs)
    server.edit(state, {"data": {"a": "theirs"}}, manager="autoscaler")
    with pytest.raises(grpc.RpcError) as caught:
        driver.update(CONFIG_MAP, identity, state, inputs)
    assert '.data.a: conflict with "autoscaler"' in refusal(caught.value)
    assert "pulumi.com/patchForce" in refusal(caught.value)
    inputs["metadata"]["annotations"] = {"pulumi.com/patchForce": "true"}
    state = driver.update(CONFIG_MAP, identity, state, inputs)
    assert state["data"] == {"a": "ours"}
    assert server.get("v1", "ConfigMap", namespace, "settings")["data"] == {"a": "ours"}


def test_what_is_no_longer_declared_is_removed_and_what_others_added_stays(
    driver: Driver, server: Server, namespace: str
) -> None:
    identity, state = create(driver, CONFIG_MAP, config_map(a="1", b="2"))
    server.edit(state, {"data": {"z": "theirs"}}, manager="controller")
    driver.update(CONFIG_MAP, identity, state, config_map(a="1"))
    assert server.get("v1", "ConfigMap", namespace, "settings")["data"] == {"a": "1", "z": "theirs"}


def test_a_field_that_the_server_does_not_know_is_refused(driver: Driver) -> None:
    inputs = deployment("wrong", pod())
    inputs["spec"]["replica"] = 2
    assert "replica" in refusal(refused(driver, DEPLOYMENT, inputs))


def test_data_of_a_secret_is_marked_and_no_refusal_quotes_it(
    driver: Driver, server: Server, namespace: str
) -> None:
    inputs = {"metadata": {"name": "mail"}, "stringData": {"password": "hunter22"}}
    answer = driver.created_bare(SECRET_KIND, driver.check(SECRET_KIND, inputs)[0])
    assert SECRET in answer.properties.fields["data"].struct_value.fields
    found = server.get("v1", "Secret", namespace, "mail")["data"]
    assert base64.b64decode(found["password"]) == b"hunter22"
    wrong = {
        "metadata": {"name": "tls"},
        "type": "kubernetes.io/tls",
        "stringData": {"x y": "hunter22"},
    }
    told = refusal(refused(driver, SECRET_KIND, wrong))
    assert "Secret" in told
    assert "hunter22" not in told
    assert base64.b64encode(b"hunter22").decode() not in told


def test_a_token_for_an_account_is_waited_for(
    driver: Driver, server: Server, namespace: str
) -> None:
    create(driver, ACCOUNT, {"metadata": {"name": "reviewer"}})
    _, state = create(
        driver,
        SECRET_KIND,
        {
            "metadata": {
                "name": "reviewer",
                "annotations": {"kubernetes.io/service-account.name": "reviewer"},
            },
            "type": "kubernetes.io/service-account-token",
        },
    )
    assert (
        state["data"]["token"] == server.get("v1", "Secret", namespace, "reviewer")["data"]["token"]
    )


def test_a_deployment_that_does_not_come_up_is_recorded_and_says_why(
    driver: Driver, server: Server, namespace: str
) -> None:
    inputs = deployment("late", pod(image="lab/none:1"), timeoutSeconds="3")
    error = refused(driver, DEPLOYMENT, inputs)
    told = refusal(error)
    assert (
        f"Deployment {namespace}/late is there but not ready: 0 of 1 replicas are available" in told
    )
    assert "container main: ErrImageNeverPull (after 3 s)" in told
    half = half_made(error)
    assert half.id == f"{namespace}/late"
    state = from_struct(half.properties)
    assert (
        state["metadata"]["uid"]
        == server.get("apps/v1", "Deployment", namespace, "late")["metadata"]["uid"]
    )

    with pytest.raises(grpc.RpcError) as caught:
        driver.read(DEPLOYMENT, half.id, state, inputs)
    assert "is there but not ready: 0 of 1" in refusal(caught.value)
    assert from_struct(half_made(caught.value).inputs)["spec"] == inputs["spec"]

    inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] = "true"
    state = driver.update(DEPLOYMENT, half.id, state, inputs)
    assert driver.read(DEPLOYMENT, half.id, state, inputs)[0] == half.id


def test_ctrl_c_ends_a_wait_and_what_is_made_is_recorded(driver: Driver, namespace: str) -> None:
    threading.Timer(2, driver.cancel).start()
    began = time.monotonic()
    error = refused(driver, DEPLOYMENT, deployment("late", pod(image="lab/none:1")))
    assert time.monotonic() - began < 60
    assert "(cancelled)" in refusal(error)
    assert half_made(error).id == f"{namespace}/late"


def test_a_rollout_is_waited_for(driver: Driver, server: Server, namespace: str) -> None:
    inputs = deployment("web", pod())
    identity, state = create(driver, DEPLOYMENT, inputs)
    assert state["status"]["availableReplicas"] == 1
    inputs["spec"]["template"] = template(pod(env=[{"name": "A", "value": "b"}]), "web")
    state = driver.update(DEPLOYMENT, identity, state, inputs)
    assert state["status"]["updatedReplicas"] == state["status"]["replicas"] == 1
    assert (
        server.get("apps/v1", "Deployment", namespace, "web")["status"]["observedGeneration"] == 2
    )


def job(name: str, *command: str) -> dict[str, Any]:
    spec = {**pod("/bin/busybox", *command), "restartPolicy": "Never"}
    return {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {"spec": spec}}}


def test_a_job_is_waited_for_to_its_end(driver: Driver) -> None:
    _, state = create(driver, JOB, job("good", "true"))
    assert state["status"]["succeeded"] == 1
    told = refusal(refused(driver, JOB, job("bad", "sh", "-c", "echo hunter22; exit 3")))
    assert "it failed: BackoffLimitExceeded" in told
    assert "container main: exit code 3" in told
    assert "hunter22" not in told


def test_a_service_waits_for_the_pods_behind_it(driver: Driver) -> None:
    service = {
        "metadata": {"name": "web", "annotations": {"pulumi.com/timeoutSeconds": "4"}},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    never = {"exec": {"command": ["/bin/busybox", "false"]}, "periodSeconds": 1}
    unready = deployment("web", pod(readinessProbe=never), skipAwait="true")
    identity, state = create(driver, DEPLOYMENT, unready)
    error = refused(driver, SERVICE, service)
    assert "0 of 1 pods behind it are ready (after 4 s)" in refusal(error)
    half = half_made(error)
    ready = deployment("web", pod())
    driver.update(DEPLOYMENT, identity, state, ready)
    state = driver.update(SERVICE, half.id, from_struct(half.properties), service)
    assert state["spec"]["clusterIP"]


def test_a_service_without_pods_is_taken_as_it_is(driver: Driver) -> None:
    spec = {"selector": {"app": "none"}, "ports": [{"port": 80}]}
    _, state = create(driver, SERVICE, {"metadata": {"name": "nowhere"}, "spec": spec})
    assert driver.read(SERVICE, state["metadata"]["namespace"] + "/nowhere", state)[0]


def test_an_object_waits_for_its_namespace(driver: Driver, server: Server, suffix: str) -> None:
    later = f"later-{suffix}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": later}}
    threading.Timer(2, server.make, [body]).start()
    try:
        identity, _ = create(
            driver, CONFIG_MAP, {"metadata": {"name": "a", "namespace": later}, "data": {"a": "b"}}
        )
        assert identity == f"{later}/a"
    finally:
        server.leave("v1", "Namespace", None, later)


def test_what_will_not_go_says_what_keeps_it(
    driver: Driver, server: Server, namespace: str
) -> None:
    inputs = config_map(a="b")
    inputs["metadata"] |= {
        "finalizers": ["example.com/keep"],
        "annotations": {"pulumi.com/timeoutSeconds": "2"},
    }
    identity, state = create(driver, CONFIG_MAP, inputs)
    with pytest.raises(grpc.RpcError) as caught:
        driver.delete(CONFIG_MAP, identity, state)
    assert "is not gone yet: finalizer example.com/keep (after 2 s)" in refusal(caught.value)
    server.edit(state, {"metadata": {"finalizers": None}})
    driver.delete(CONFIG_MAP, identity, state)
    assert server.get("v1", "ConfigMap", namespace, "settings") == {}


def test_a_deleted_deployment_takes_its_pods_with_it_unless_told_otherwise(
    driver: Driver, server: Server, namespace: str
) -> None:
    identity, state = create(driver, DEPLOYMENT, deployment("web", pod()))
    pods = server.named("v1", "Pod", namespace)
    assert len(pods) == 1
    driver.delete(DEPLOYMENT, identity, state)
    assert server.named("v1", "Pod", namespace) == []
    orphaning = deployment("web", pod(), deletionPropagationPolicy="orphan")
    identity, state = create(driver, DEPLOYMENT, orphaning)
    driver.delete(DEPLOYMENT, identity, state)
    assert len(server.named("v1", "Pod", namespace)) == 1


@pytest.fixture
def colours(server: Server, suffix: str) -> Iterator[str]:
    """Define two kinds, one in namespaces and one in none; give their group."""
    group = f"g{suffix}.example.com"
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"hue": {"type": "string"}}},
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    for kind, scope in (("Colour", "Namespaced"), ("Palette", "Cluster")):
        plural = f"{kind.lower()}s"
        server.make(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.{group}"},
                "spec": {
                    "group": group,
                    "scope": scope,
                    "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
                    "versions": [
                        {
                            "name": "v1",
                            "served": True,
                            "storage": True,
                            "schema": {"openAPIV3Schema": schema},
                        }
                    ],
                },
            }
        )
    yield group
    for plural in ("colours", "palettes"):
        server.leave(
            "apiextensions.k8s.io/v1", "CustomResourceDefinition", None, f"{plural}.{group}"
        )


@pytest.mark.parametrize("kind", ["Colour", "Palette"])
def test_a_custom_resource_lives(
    kind: str, driver: Driver, server: Server, colours: str, namespace: str
) -> None:
    token = f"kubernetes:{colours}/v1:{kind}"
    # In the foreground, the garbage collector would first have to hear of the new kind: half a minute.
    annotations = {"pulumi.com/deletionPropagationPolicy": "background"}
    metadata = {"name": "red", "annotations": annotations}
    inputs, failures = driver.check(token, {"metadata": metadata, "spec": {"hue": "warm"}})
    assert failures == []
    identity, state = driver.create(token, inputs)
    where = namespace if kind == "Colour" else None
    assert identity == (f"{namespace}/red" if where else "red")
    assert not driver.compare(token, state, inputs, inputs).diffs
    server.edit(state, {"spec": {"hue": "cold"}})
    _, state, found = driver.read(token, identity, state, inputs)
    assert list(driver.compare(token, state, found, inputs).diffs) == ["spec.hue"]
    state = driver.update(token, identity, state, inputs)
    assert state["spec"] == {"hue": "warm"}
    unknown = {**inputs, "spec": {"shade": 1}}
    with pytest.raises(grpc.RpcError) as caught:
        driver.update(token, identity, state, unknown)
    assert "shade" in refusal(caught.value)
    driver.delete(token, identity, state)
    assert driver.read(token, identity, state, inputs) == ("", {}, {})


def test_a_custom_resource_waits_for_the_conditions_that_it_names(
    driver: Driver, server: Server, colours: str
) -> None:
    token = f"kubernetes:{colours}/v1:Colour"
    annotations = {
        "pulumi.com/waitFor": '["condition=Dry", "condition=Wet=False"]',
        "pulumi.com/timeoutSeconds": "2",
    }
    inputs = {"metadata": {"name": "red", "annotations": annotations}, "spec": {"hue": "warm"}}
    error = refused(driver, token, inputs)
    assert "condition Dry is not there; condition Wet is not there" in refusal(error)
    half = half_made(error)
    listed = [
        {"type": "Dry", "status": "True"},
        {"type": "Wet", "status": "True", "message": "rain"},
    ]
    state = from_struct(half.properties)
    server.edit(state, {"status": {"conditions": listed}}, manager="controller")
    with pytest.raises(grpc.RpcError) as caught:
        driver.update(token, half.id, state, inputs)
    assert "not ready: condition Wet is True: rain (after 2 s)" in refusal(caught.value)
    listed[1]["status"] = "False"
    server.edit(state, {"status": {"conditions": listed}}, manager="controller")
    assert driver.update(token, half.id, state, inputs)["status"]["conditions"] == listed


def test_a_kind_that_nobody_defined_is_said(driver: Driver) -> None:
    # It may be on its way: Ctrl-C ends the wait for it.
    threading.Timer(2, driver.cancel).start()
    error = refused(
        driver, "kubernetes:cert-manager.example.com/v1:Certificate", {"metadata": {"name": "a"}}
    )
    assert "the cluster has no cert-manager.example.com/v1 Certificate" in refusal(error)
    token = "kubernetes:cert-manager.example.com/v1:Certificate"
    assert driver.read(token, "a/b", {"metadata": {"name": "b"}})[0] == ""


def test_a_server_that_does_not_answer_is_said_in_one_line(plugin: Driver) -> None:
    document = (
        '{"clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}], "users": [], '
        '"contexts": [{"name": "d", "context": {"cluster": "c", "user": ""}}], "current-context": "d"}'
    )
    plugin.configure({"kubeconfig": document})
    told = refusal(refused(plugin, CONFIG_MAP, config_map(a="b")))
    assert "the Kubernetes API server can't be reached to" in told


def test_the_ambient_kubeconfig_is_taken(plugin: Driver, namespace: str, kubeconfig: str) -> None:
    del kubeconfig  # in the environment
    plugin.configure({"namespace": namespace})
    assert create(plugin, CONFIG_MAP, config_map(a="b"))[0] == f"{namespace}/settings"
