import json

from components.server.network_policy import egress, ingress
from tests.components.server.examples import (
    ALICLOUD_KEYS,
    CSI,
    INSTANCE_ROLE,
    KEYS,
    NETWORK,
    POD_IDENTITY,
    WEB_IDENTITY,
    pods,
)


def _ports(rule: dict[str, list[dict[str, object]]]) -> set[object]:
    return {port["port"] for port in rule["ports"]}


def test_clients_reach_the_api_and_peers_raft_as_well() -> None:
    peers, namespaces, networks = ingress(pods(), NETWORK)

    assert peers["from"] == [{"podSelector": {"matchLabels": pods().labels}}]
    # 8200 too: a server joins by its peers' API.
    assert _ports(peers) == {8200, 8201}
    (selector,) = namespaces["from"]
    assert selector["namespaceSelector"]["matchExpressions"][0]["values"] == ["blog", "shop"]
    assert _ports(namespaces) == _ports(networks) == {8200}
    assert networks["from"] == [{"ipBlock": {"cidr": "10.9.0.0/16"}}]


def test_raft_is_open_to_peers_only() -> None:
    for rule in ingress(pods(csi=CSI), NETWORK):
        if 8201 in _ports(rule):
            assert rule["from"] == [{"podSelector": {"matchLabels": pods().labels}}]


def test_generate_root_is_open_to_nobody() -> None:
    assert "8210" not in json.dumps(ingress(pods(csi=CSI), NETWORK))


def test_the_csi_provider_is_a_client() -> None:
    provider = ingress(pods(csi=CSI), NETWORK)[-1]

    assert provider["from"] == [
        {
            "podSelector": {
                "matchLabels": {
                    "app.kubernetes.io/name": "vault-csi-provider",
                    "app.kubernetes.io/instance": "vault",
                }
            }
        }
    ]


def test_servers_reach_peers_names_their_cloud_and_the_api_server() -> None:
    peers, names, cloud, api = egress(pods(), NETWORK, WEB_IDENTITY)

    assert _ports(peers) == {8200, 8201}
    assert [port["protocol"] for port in names["ports"]] == ["UDP", "TCP"]
    assert cloud["to"] == [{"ipBlock": {"cidr": "10.1.0.0/16"}}]
    assert _ports(cloud) == {443}
    assert api["to"] == [{"ipBlock": {"cidr": "10.2.0.0/16"}}]
    assert _ports(api) == {443, 6443}


def test_only_pod_identity_reaches_its_agent_and_nobody_the_metadata_service() -> None:
    agent = egress(pods(), NETWORK, POD_IDENTITY)[-1]

    assert {"ipBlock": {"cidr": "169.254.170.23/32"}} in agent["to"]
    assert _ports(agent) == {80}
    for seal in (WEB_IDENTITY, KEYS):
        assert all(80 not in _ports(rule) for rule in egress(pods(), NETWORK, seal))
    assert "169.254.169.254" not in json.dumps(egress(pods(), NETWORK, POD_IDENTITY))


def test_alibaba_s_metadata_is_reached_where_the_seal_s_identity_is_the_node_s_and_not_else() -> (
    None
):
    node = egress(pods(), NETWORK, INSTANCE_ROLE)[-1]

    assert node["to"] == [{"ipBlock": {"cidr": "100.100.100.200/32"}}]
    assert _ports(node) == {80}
    assert all(80 not in _ports(rule) for rule in egress(pods(), NETWORK, ALICLOUD_KEYS))


def test_an_endpoint_of_its_own_is_reached_at_its_port() -> None:
    assert _ports(egress(pods(), NETWORK, KEYS)[2]) == {443, 5000}
