"""What an object's kind decides without asking a cluster."""

import base64
from typing import Any

import pytest

from sandbox.plugins.kind import Difference
from sandbox.plugins.kubernetes.client import Cluster
from sandbox.plugins.kubernetes.objects import MANAGER
from sandbox.plugins.kubernetes.table import KINDS, custom
from sandbox.plugins.values import UNKNOWN

CONFIG_MAP, SECRET = "kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret"


def name(digits: int) -> str:
    return "own-" + "0" * digits


def checked(
    cluster: Cluster, token: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None
) -> dict[str, Any]:
    found, refused = KINDS[token].checked(cluster, inputs, olds or {}, name)
    assert refused == {}
    return found


def state(inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    metadata = {"uid": "1", **inputs["metadata"]}
    return {**inputs, "metadata": metadata, MANAGER: "pulumi-kubernetes-1", **more}


def differing(cluster: Cluster, token: str, old: dict[str, Any], new: dict[str, Any]) -> Difference:
    kind = KINDS.get(token) or custom(token)
    assert kind is not None
    return kind.difference(cluster, state(old), old, new)


def test_what_has_no_name_is_named_after_its_resource_and_marked(unconnected: Cluster) -> None:
    found = checked(unconnected, CONFIG_MAP, {"metadata": {"labels": {"a": "b"}}})
    assert found["metadata"] == {
        "name": "own-00000000",
        "namespace": "shop",
        "labels": {"a": "b"},
        "annotations": {"pulumi.com/autonamed": "true"},
    }


def test_a_name_is_kept_only_if_it_was_no_person_s(unconnected: Cluster) -> None:
    before = checked(unconnected, CONFIG_MAP, {})
    before["metadata"]["name"] = "own-1"
    assert checked(unconnected, CONFIG_MAP, {}, before)["metadata"]["name"] == "own-1"
    by_hand = {"metadata": {"name": "by-hand"}}
    assert checked(unconnected, CONFIG_MAP, {}, by_hand)["metadata"]["name"] == "own-00000000"


def test_an_object_outside_namespaces_gets_none(unconnected: Cluster) -> None:
    found = checked(unconnected, "kubernetes:core/v1:Namespace", {"metadata": {"name": "a"}})
    assert found["metadata"] == {"name": "a"}


@pytest.mark.parametrize(
    ("metadata", "wrong"),
    [
        ({"generateName": "a-"}, "generateName"),
        ({"annotations": {"pulumi.com/waitFor": "jsonpath={.status.phase}"}}, "is no condition="),
        ({"annotations": {"pulumi.com/replaceUnready": "true"}}, "pulumi.com/replaceUnready"),
    ],
)
def test_what_it_can_not_do_is_refused(
    metadata: dict[str, Any], wrong: str, unconnected: Cluster
) -> None:
    _, refused = KINDS[CONFIG_MAP].checked(unconnected, {"metadata": metadata}, {}, name)
    assert wrong in refused["metadata"]


def test_metadata_that_nobody_knows_yet_is_left_as_it_is(unconnected: Cluster) -> None:
    assert checked(unconnected, CONFIG_MAP, {"metadata": UNKNOWN}) == {"metadata": UNKNOWN}
    old = {"metadata": {"name": "a", "namespace": "shop"}}
    found = differing(unconnected, CONFIG_MAP, old, {"metadata": UNKNOWN})
    assert found.replaces == {"metadata": False}


def test_nulls_say_nothing(unconnected: Cluster) -> None:
    found = checked(unconnected, CONFIG_MAP, {"data": {"a": None, "b": "c"}})
    assert found["data"] == {"b": "c"}


def test_texts_of_a_secret_are_its_data(unconnected: Cluster) -> None:
    metadata = {"name": "a", "namespace": "shop"}
    encoded = {"metadata": metadata, "data": {"p": base64.b64encode(b"one").decode()}}
    plain = {"metadata": metadata, "stringData": {"p": "one"}}
    found = KINDS[SECRET].difference(unconnected, state(encoded), plain, plain)
    assert found.replaces == {}
    other = {"metadata": metadata, "stringData": {"p": "two"}}
    assert differing(unconnected, SECRET, encoded, other).replaces == {"data.p": True}


@pytest.mark.parametrize("token", [CONFIG_MAP, SECRET])
def test_changed_data_replaces_unless_the_provider_says_otherwise(token: str) -> None:
    metadata = {"name": "a", "namespace": "shop"}
    old, new = (
        {"metadata": metadata, "data": {"a": "MQ=="}},
        {"metadata": metadata, "data": {"a": "Mg=="}},
    )
    for setting, replaces in (("false", True), ("true", False)):
        settings = {
            "enableConfigMapMutable": setting == "true",
            "enableSecretMutable": setting == "true",
        }
        cluster = Cluster({"kubeconfig": "{}", **settings})
        assert differing(cluster, token, old, new).replaces == {"data.a": replaces}
        fixed = {**old, "immutable": True}
        assert differing(cluster, token, fixed, {**new, "immutable": True}).replaces == {
            "data.a": True
        }
        cluster.close()


def test_what_keeps_its_name_is_deleted_before_it_is_replaced(unconnected: Cluster) -> None:
    metadata = {"name": "a", "namespace": "shop"}
    old, new = (
        {"metadata": metadata, "data": {"a": "1"}},
        {"metadata": metadata, "data": {"a": "2"}},
    )
    assert differing(unconnected, CONFIG_MAP, old, new).delete_first
    moved = {**new, "metadata": {**metadata, "namespace": "blog"}}
    found = differing(unconnected, CONFIG_MAP, old, moved)
    assert found.replaces["metadata.namespace"]
    assert not found.delete_first


def test_what_it_was_named_by_itself_is_replaced_first(unconnected: Cluster) -> None:
    old = checked(unconnected, CONFIG_MAP, {"data": {"a": "1"}})
    new = checked(unconnected, CONFIG_MAP, {"data": {"a": "2"}}, old)
    assert not differing(unconnected, CONFIG_MAP, old, new).delete_first


@pytest.mark.parametrize(
    ("token", "old", "new", "path", "replaces"),
    [
        ("apps/v1:Deployment", {"selector": {"matchLabels": {"a": "1"}}}, {"selector": {"matchLabels": {"a": "2"}}},
         "spec.selector.matchLabels.a", True),
        ("apps/v1:Deployment", {"replicas": 1}, {"replicas": 2}, "spec.replicas", False),
        ("batch/v1:Job", {"template": {"spec": {"containers": [{"name": "a", "image": "1"}]}}},
         {"template": {"spec": {"containers": [{"name": "a", "image": "2"}]}}},
         "spec.template.spec.containers[0].image", True),
        ("batch/v1:Job", {"ttlSecondsAfterFinished": 1}, {"ttlSecondsAfterFinished": 2},
         "spec.ttlSecondsAfterFinished", False),
        ("core/v1:PersistentVolumeClaim", {"storageClassName": "a"}, {"storageClassName": "b"},
         "spec.storageClassName", True),
        ("core/v1:Service", {"type": "ClusterIP"}, {"type": "LoadBalancer"}, "spec.type", False),
    ],
)  # fmt: skip
def test_what_the_server_never_changes_replaces(
    token: str,
    old: dict[str, Any],
    new: dict[str, Any],
    path: str,
    replaces: bool,
    unconnected: Cluster,
) -> None:
    metadata = {"name": "a", "namespace": "shop"}
    found = differing(
        unconnected, f"kubernetes:{token}", {"metadata": metadata, "spec": old}, {"metadata": metadata, "spec": new}
    )  # fmt: skip
    assert found.replaces == {path: replaces}


def test_an_imported_object_owns_nothing_and_takes_nothing_away(unconnected: Cluster) -> None:
    found = {"metadata": {"name": "a", "namespace": "shop"}, "data": {"a": "1", "b": "2"}}
    declared = {**found, "data": {"a": "1"}}
    kind = KINDS[CONFIG_MAP]
    assert kind.difference(unconnected, found, found, declared).replaces == {}
    assert kind.difference(unconnected, state(found), found, declared).replaces == {"data.b": True}


def test_a_custom_resource_that_lies_in_no_namespace_differs_in_none(unconnected: Cluster) -> None:
    kind = custom("kubernetes:trust.cert-manager.io/v1alpha1:Bundle")
    assert kind is not None
    inputs, _ = kind.checked(unconnected, {"metadata": {"name": "a"}, "spec": {"x": 1}}, {}, name)
    live = {"metadata": {"name": "a"}, "spec": {"x": 1}}
    assert kind.difference(unconnected, state(live), inputs, inputs).replaces == {}


def test_a_read_gives_back_the_inputs_but_for_what_drifted() -> None:
    kind = KINDS[SECRET]
    inputs = {"metadata": {"name": "a"}, "stringData": {"p": "one"}}
    live = {"metadata": {"name": "a", "uid": "1"}, "data": {"p": "b25l"}, "type": "Opaque"}
    assert kind.inputs_now(live, inputs) == inputs
    assert kind.inputs_now({**live, "data": {"p": "dHdv"}}, inputs)["data"] == {"p": "dHdv"}
