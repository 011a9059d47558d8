"""What helm makes of the chart and our values. Skipped, with the reason, where chart or helm are missing."""

import json
from typing import Any

import pytest

from components.server.pods import Ingress
from components.server.values import SEAL_KEYS, chart_values
from tests.components.server.examples import (
    ALICLOUD_KEYS,
    CSI,
    KEYS,
    WEB_IDENTITY,
    openbao,
    pods,
    values_args,
)
from tests.real import chart

Objects = list[dict[str, Any]]


@pytest.fixture(scope="module")
def vault() -> Objects:
    return chart.rendered(chart_values(values_args()))


@pytest.fixture(scope="module")
def small() -> Objects:
    of = openbao(replicas=1, spread=False, network=None)
    return chart.rendered(chart_values(values_args(of, KEYS)))


def _of_kind(objects: Objects, kind: str) -> Objects:
    return [each for each in objects if each["kind"] == kind]


def _pod(objects: Objects) -> dict[str, Any]:
    (stateful_set,) = _of_kind(objects, "StatefulSet")
    return dict(stateful_set["spec"]["template"]["spec"])


def test_no_object_skips_verification_or_speaks_plain_http(vault: Objects) -> None:
    text = json.dumps(vault)

    assert "skip-verify" not in text
    assert "http://" not in text


def test_every_service_is_inside_the_cluster(vault: Objects, small: Objects) -> None:
    for service in _of_kind(vault, "Service") + _of_kind(small, "Service"):
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
    assert _of_kind(vault, "Ingress") == []


def test_peers_are_found_before_they_are_ready_and_clients_find_the_ready(vault: Objects) -> None:
    shown = {
        service["metadata"]["name"]: service["spec"].get("publishNotReadyAddresses")
        for service in _of_kind(vault, "Service")
        if "8201" in json.dumps(service)
    }

    assert shown == {
        "vault": False, "vault-active": False, "vault-standby": False, "vault-internal": True,
    }  # fmt: skip


def test_an_ingress_leads_to_the_service_that_openbao_s_leader_is_given(small: Objects) -> None:
    of = openbao(exposure=Ingress(host="vault.example.com", ingress_class="nginx"))
    objects = chart.rendered(chart_values(values_args(of)))

    # Ours, in exposure.py.
    (ingress,) = _of_kind(objects, "Ingress")
    assert '"vault-active"' in json.dumps(ingress["spec"]["rules"])
    names = {each["metadata"]["name"] for each in _of_kind(small, "Service")}
    assert names == {"vault", "vault-internal", "vault-agent-injector-svc"}


def test_pods_say_which_keys_of_the_seal_they_were_started_with(small: Objects) -> None:
    (stateful_set,) = _of_kind(small, "StatefulSet")

    annotations = stateful_set["spec"]["template"]["metadata"]["annotations"]
    assert annotations[SEAL_KEYS] == KEYS.keys_digest
    assert "vault.hashicorp.com/config-checksum" in annotations


def test_alibaba_s_seal_is_in_the_configuration_and_its_key_in_the_environment_from_a_secret() -> (
    None
):
    objects = chart.rendered(chart_values(values_args(seal=ALICLOUD_KEYS)))
    (server,) = [each for each in _pod(objects)["containers"] if each["name"] == "vault"]
    given = {each["name"]: each for each in server["env"]}
    (config,) = [
        each["data"]["extraconfig-from-values.hcl"]
        for each in _of_kind(objects, "ConfigMap")
        if "extraconfig-from-values.hcl" in each.get("data", {})
    ]

    assert 'seal "alicloudkms" {' in config
    assert given["ALICLOUD_REGION"]["value"] == "eu-central-1"
    for name in ALICLOUD_KEYS.secret_environment:
        source = given[name]["valueFrom"]["secretKeyRef"]
        assert source == {"name": "vault-seal", "key": name}


def test_all_pods_start_at_once_and_none_is_replaced_by_itself(vault: Objects) -> None:
    (stateful_set,) = _of_kind(vault, "StatefulSet")

    assert stateful_set["spec"]["podManagementPolicy"] == "Parallel"
    assert stateful_set["spec"]["updateStrategy"] == {"type": "OnDelete"}
    annotations = stateful_set["spec"]["template"]["metadata"]["annotations"]
    assert "vault.hashicorp.com/config-checksum" in annotations


def test_each_address_is_built_of_variables_that_are_known_by_then(vault: Objects) -> None:
    """Kubernetes expands $(NAME) only where NAME stands earlier in the list."""
    known: set[str] = set()
    for variable in _pod(vault)["containers"][0]["env"]:
        value = variable.get("value", "")
        for name in [part.split(")")[0] for part in value.split("$(")[1:]]:
            assert name in known, variable["name"]
        known.add(variable["name"])
    assert {"VAULT_API_ADDR", "VAULT_CLUSTER_ADDR", "VAULT_RAFT_NODE_ID"} <= known


def test_each_volume_that_is_mounted_is_there_and_nothing_is_mounted_twice(
    vault: Objects, small: Objects
) -> None:
    for objects in (vault, small):
        (stateful_set,) = _of_kind(objects, "StatefulSet")
        claims = [
            claim["metadata"]["name"] for claim in stateful_set["spec"]["volumeClaimTemplates"]
        ]
        volumes = [volume["name"] for volume in _pod(objects)["volumes"]] + claims
        assert len(volumes) == len(set(volumes))
        for container in _pod(objects)["containers"]:
            paths = [mount["mountPath"] for mount in container["volumeMounts"]]
            assert len(paths) == len(set(paths))
            assert {mount["name"] for mount in container["volumeMounts"]} <= set(volumes)


def test_the_start_script_s_file_is_the_one_that_the_sidecar_looks_for(vault: Objects) -> None:
    server, beside = _pod(vault)["containers"]

    assert "vault server -config=/tmp/storageconfig.hcl" in server["args"][0]
    assert "CONFIGURATION='-config=/tmp/storageconfig.hcl'" in beside["command"][-1]


def test_the_start_script_changes_nothing_in_the_configuration(vault: Objects) -> None:
    configurations = [
        each["data"]["extraconfig-from-values.hcl"]
        for each in _of_kind(vault, "ConfigMap")
        if "extraconfig-from-values.hcl" in each.get("data", {})
    ]

    assert configurations == [
        chart_values(values_args())["server"]["ha"]["raft"]["config"].rstrip("\n")
    ]
    for word in ("HOST_IP", "POD_IP", "HOSTNAME", "API_ADDR", "TRANSIT_ADDR", "RAFT_ADDR"):
        assert word not in configurations[0]


def test_one_node_takes_all_of_them(small: Objects) -> None:
    assert "affinity" not in _pod(small)
    assert "topologySpreadConstraints" not in _pod(small)
    (injector,) = _of_kind(small, "Deployment")
    assert "affinity" not in injector["spec"]["template"]["spec"]
    # A budget of the one server would keep its node from ever being drained.
    budgets = [each["metadata"]["name"] for each in _of_kind(small, "PodDisruptionBudget")]
    assert budgets == ["vault-agent-injector"]
    assert _of_kind(small, "NetworkPolicy") == []


def test_the_policy_and_the_budget_select_the_servers(vault: Objects) -> None:
    (policy,) = _of_kind(vault, "NetworkPolicy")
    budgets = {each["metadata"]["name"]: each for each in _of_kind(vault, "PodDisruptionBudget")}

    assert policy["spec"]["podSelector"]["matchLabels"].items() <= pods().labels.items()
    assert len(policy["spec"]["egress"]) == 4
    assert budgets["vault"]["spec"]["maxUnavailable"] == 1
    assert budgets["vault"]["spec"]["selector"]["matchLabels"] == pods().labels
    assert "vault-agent-injector" in budgets


def test_secrets_come_by_reference(small: Objects) -> None:
    variables = {each["name"]: each for each in _pod(small)["containers"][0]["env"]}

    assert variables["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"] == {
        "name": "vault-seal",
        "key": "AWS_SECRET_ACCESS_KEY",
    }


def test_the_webhook_is_asked_in_labelled_namespaces_only(vault: Objects) -> None:
    (configuration,) = _of_kind(vault, "MutatingWebhookConfiguration")
    (webhook,) = configuration["webhooks"]

    assert webhook["failurePolicy"] == "Fail"
    assert webhook["namespaceSelector"] == {"matchLabels": {"strongroom.io/inject": "enabled"}}


def test_injector_and_csi_provider_speak_to_the_certificate_s_names() -> None:
    objects = chart.rendered(chart_values(values_args(pods(csi=CSI), WEB_IDENTITY)))

    addresses = {
        variable["value"]
        for kind in ("Deployment", "DaemonSet")
        for each in _of_kind(objects, kind)
        for container in each["spec"]["template"]["spec"]["containers"]
        for variable in container["env"]
        if variable["name"] in ("AGENT_INJECT_VAULT_ADDR", "VAULT_ADDR")
    }
    assert addresses == {"https://vault.vault.svc:8200", "unix:///var/run/vault/agent.sock"}
