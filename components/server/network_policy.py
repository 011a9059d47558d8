"""Who reaches Vault's pods, and whom they reach: the two halves of a NetworkPolicy. Pure.

NetworkPolicies know networks, namespaces and ports, not names. A port-forward enters a pod from inside and needs
no rule. Nothing here opens port 80 beyond Pod Identity's agent, so a pod never reaches the node's metadata service;
but for Alibaba Cloud's, where the seal's identity is the node's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from components.cloud.contract import SealKind
from components.server.pods import CLUSTER_PORT, Network, Pods, PodSeal
from reach.pods import PORT

Document = dict[str, Any]

# Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
_AGENTS: Mapping[SealKind, Sequence[str]] = {
    "awskms": ("169.254.170.23/32", "fd00:ec2::23/128"),
    # Source: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
    "alicloudkms": ("100.100.100.200/32",),
}
"""Who hands a seal its identity within the node."""
# Source: https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/
_NODE_DNS = "169.254.20.10/32"
_HTTPS, _API_SERVER = 443, 6443


def ingress(pods: Pods, network: Network) -> list[Document]:
    """Give who reaches the pods: clients the API, peers raft as well (they join by the API)."""
    rules = [_rule("from", [_peers(pods)], (PORT, CLUSTER_PORT))]
    if pods.unsealed_by_another:
        rules.append(_rule("from", [_unsealer(pods)], (PORT,)))
    if network.clients:
        rules.append(_rule("from", [_namespaces(network.clients)], (PORT,)))
    if network.client_cidrs:
        rules.append(_rule("from", _blocks(network.client_cidrs), (PORT,)))
    if pods.csi is not None:
        provider = {**pods.labels, "app.kubernetes.io/name": "vault-csi-provider"}
        del provider["component"]
        rules.append(_rule("from", [{"podSelector": {"matchLabels": provider}}], (PORT,)))
    return rules


def egress(pods: Pods, network: Network, seal: PodSeal) -> list[Document]:
    """Give whom the pods reach: peers, name servers, the API server, the seal's cloud, a database, statsd."""
    name_servers = [_namespaces(("kube-system",)), *_blocks((_NODE_DNS,))]
    rules = [
        _rule("to", [_peers(pods)], (PORT, CLUSTER_PORT)),
        _rule("to", name_servers, (53,), ("UDP", "TCP")),
        _rule("to", _blocks(network.egress_cidrs), _cloud_ports(seal)),
        # Behind the Service's address or in front of it: networks differ in which one they judge.
        _rule("to", _blocks(network.api_server_cidrs), (_HTTPS, _API_SERVER)),
    ]
    if pods.database is not None:
        rules.append(_rule("to", _blocks(pods.database.cidrs), (pods.database.port,)))
    if pods.scrape is not None and pods.scrape.statsd is not None:
        statsd = pods.scrape.statsd
        rules.append(_rule("to", [_namespaces((statsd.namespace,))], (statsd.port,), ("UDP",)))
    if seal.from_agent and seal.kind in _AGENTS:
        rules.append(_rule("to", _blocks(_AGENTS[seal.kind]), (80,)))
    return rules


def unsealer_egress(pods: Pods, network: Network) -> list[Document]:
    """Give whom the unsealer reaches: the servers, name servers, custody's cloud."""
    name_servers = [_namespaces(("kube-system",)), *_blocks((_NODE_DNS,))]
    return [
        _rule("to", [_peers(pods)], (PORT,)),
        _rule("to", name_servers, (53,), ("UDP", "TCP")),
        _rule("to", _blocks(network.egress_cidrs), (_HTTPS,)),
    ]


def _unsealer(pods: Pods) -> Document:
    labels = {"app.kubernetes.io/instance": pods.release, "component": "unsealer"}
    return {"podSelector": {"matchLabels": labels}}


def _cloud_ports(seal: PodSeal) -> tuple[int, ...]:
    # An emulator's, and of the Vault that keeps a transit key.
    urls = [each.parameters.get(name, "") for each in seal.both for name in ("endpoint", "address")]
    ports = {port for url in urls if (port := urlsplit(url).port) is not None}
    return (_HTTPS, *sorted(ports - {_HTTPS}))


def _rule(
    direction: str, ends: list[Document], ports: Sequence[int], protocols: Sequence[str] = ("TCP",)
) -> Document:
    return {
        direction: ends,
        "ports": [{"port": port, "protocol": each} for port in ports for each in protocols],
    }


def _peers(pods: Pods) -> Document:
    return {"podSelector": {"matchLabels": pods.labels}}


def _namespaces(names: Sequence[str]) -> Document:
    # A label that the API server itself writes.
    name = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(names)}
    return {"namespaceSelector": {"matchExpressions": [name]}}


def _blocks(cidrs: Sequence[str]) -> list[Document]:
    return [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]
