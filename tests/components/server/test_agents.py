"""The chart in a cluster without servers: its values, and what helm makes of them."""

import base64
import json
from typing import Any

import jsonschema
import pytest

from components.server.agents import Agents, agents_values
from tests.components.server.examples import CA, CSI, INJECTOR
from tests.real import chart

ADDRESS = "https://vault.example.com:8200"
INJECTING = Agents(address=ADDRESS, login_mount="kubernetes-edge", injector=INJECTOR)
BOTH = Agents(address=ADDRESS, login_mount="kubernetes-edge", injector=INJECTOR, csi=CSI)
ONLY_CSI = Agents(address=ADDRESS, login_mount="kubernetes-edge", csi=CSI)
ALL = pytest.mark.parametrize("agents", [INJECTING, BOTH, ONLY_CSI])
OF_SERVERS = {"StatefulSet", "Ingress", "NetworkPolicy", "PersistentVolumeClaim"}


def _rendered(agents: Agents) -> list[dict[str, Any]]:
    return chart.rendered(agents_values(agents, CA))


def _one(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [each for each in objects if each["kind"] == kind]
    return found


def _variables(controller: dict[str, Any]) -> dict[str, str]:
    containers = controller["spec"]["template"]["spec"]["containers"]
    return {v["name"]: v.get("value", "") for c in containers for v in c["env"]}


@ALL
def test_the_chart_s_own_schema_takes_them(agents: Agents) -> None:
    validator = jsonschema.Draft7Validator(chart.schema())

    errors = validator.iter_errors(agents_values(agents, CA))

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@ALL
def test_nothing_of_the_servers_is_there(agents: Agents) -> None:
    objects = _rendered(agents)

    assert {each["kind"] for each in objects} & OF_SERVERS == set()
    parts = ("vault-agent-injector", "vault-injector-certs", "vault-csi-provider")
    for each in objects:
        assert each["metadata"]["name"].startswith(parts)
    text = json.dumps(objects)
    assert "system:auth-delegator" not in text
    assert "skip-verify" not in text
    assert "http://" not in text


def test_the_injector_leads_agents_to_vault_elsewhere_and_verifies_it() -> None:
    variables = _variables(_one(_rendered(INJECTING), "Deployment"))

    assert variables["AGENT_INJECT_VAULT_ADDR"] == ADDRESS
    assert variables["AGENT_INJECT_VAULT_AUTH_PATH"] == "auth/kubernetes-edge"
    ca = variables["AGENT_INJECT_VAULT_CACERT_BYTES"]
    assert base64.b64decode(ca).decode() == CA


def test_the_webhook_fails_closed_in_labelled_namespaces_only() -> None:
    (webhook,) = _one(_rendered(INJECTING), "MutatingWebhookConfiguration")["webhooks"]

    assert webhook["failurePolicy"] == "Fail"
    assert webhook["namespaceSelector"] == {"matchLabels": {"strongroom.io/inject": "enabled"}}


@pytest.mark.parametrize("agents", [BOTH, ONLY_CSI])
def test_the_csi_provider_s_agent_leads_there_and_verifies_it(agents: Agents) -> None:
    objects = _rendered(agents)

    assert f'"address" = "{ADDRESS}"' in _one(objects, "ConfigMap")["data"]["config.hcl"]
    pod = _one(objects, "DaemonSet")["spec"]["template"]["spec"]
    agent = next(each for each in pod["containers"] if each["name"] == "vault-agent")
    assert "-ca-cert=/vault/tls/ca.crt" in agent["args"]
    volume = next(each for each in pod["volumes"] if each["name"] == "ca")
    assert volume["configMap"]["name"] == "vault-tls"


def test_an_address_without_tls_and_an_empty_release_are_refused() -> None:
    with pytest.raises(ValueError, match="address must begin with https://"):
        Agents(address="http://vault:8200", login_mount="m", injector=INJECTOR)
    with pytest.raises(ValueError, match="injector or csi must be given"):
        Agents(address=ADDRESS, login_mount="m")
