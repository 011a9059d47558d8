"""Rules over the servers' own configuration, as pods and as processes."""

from collections.abc import Iterator
from functools import lru_cache

from pulumi_policy import Severity

from acl.syntax import Item, Object, parse
from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule
from policies.rules.kubernetes.containers import RELEASE, has_servers

NODES = "pulumi-python:dynamic/strongroom:Nodes"


@rule(
    RELEASE,
    NODES,
    reason="tokens and secrets would cross the network in the clear, or by a TLS that is broken",
    cure="give every listener tls_cert_file and tls_key_file, no tls_disable, and tls_min_version tls12 or tls13",
    severity=Severity.CRITICAL,
)
def listeners_speak_tls(resource: Resource) -> Findings:
    """Every listener speaks TLS 1.2 or later."""
    for path in _paths(resource):
        with resource.if_known():
            for number, listener in enumerate(_stanzas(resource.at(path, ""), "listener"), 1):
                where = f"{path}: listener {number}"
                if _truth(listener.get("tls_disable")):
                    yield f"{where} has tls_disable"
                elif not listener.get("tls_cert_file"):
                    yield f"{where} has no tls_cert_file"
                if str(listener.get("tls_min_version", "tls12")) not in ("tls12", "tls13"):
                    yield f"{where} takes TLS before 1.2"


@rule(
    RELEASE,
    NODES,
    reason="raft maps its files into memory: locked, they fill it, and Vault 2.0 refuses to start",
    cure="set disable_mlock = true with raft (and encrypt or turn off swap on the nodes)",
    severity=Severity.MEDIUM,
)
def mlock_suits_the_storage(resource: Resource) -> Findings:
    """Servers with raft lock no memory."""
    for path in _paths(resource):
        with resource.if_known():
            text = resource.at(path, "")
            raft = any(item.keys[:2] == ("storage", "raft") for item in _items(text))
            if raft and not _truth(_top(text).get("disable_mlock")):
                yield f"{path} lacks disable_mlock = true"


@rule(
    RELEASE,
    NODES,
    reason="an interface that shows stored or running state is one more way past every acl",
    cure="leave out raw_storage_endpoint and introspection_endpoint",
    severity=Severity.HIGH,
)
def servers_show_no_raw_storage(resource: Resource) -> Findings:
    """No server answers about what lies in its storage, past the acls."""
    for path in _paths(resource):
        with resource.if_known():
            top = _top(resource.at(path, ""))
            for name in ("raw_storage_endpoint", "introspection_endpoint"):
                if _truth(top.get(name)):
                    yield f"{path} has {name}"


def _paths(resource: Resource) -> Iterator[str]:
    """Give where configurations stand."""
    if resource.type == NODES:
        yield from (f"configurations.{n}" for n in range(len(resource.at("configurations", ()))))
    elif has_servers(resource):
        raft = resource.at("values.server.ha.raft.enabled") is True
        yield "values.server.ha.raft.config" if raft else "values.server.ha.config"


@lru_cache(maxsize=64)
def _items(text: str) -> tuple[Item, ...]:
    return parse(text).items


def _top(text: str) -> dict[str, object]:
    return {item.keys[0]: item.value for item in _items(text)}


def _stanzas(text: str, kind: str) -> Iterator[dict[str, object]]:
    for item in _items(text):
        if item.keys[0] == kind and isinstance(item.value, Object):
            yield {each.keys[0]: each.value for each in item.value.items}


def _truth(value: object) -> bool:
    # As the server takes it: true, "true", 1, "1".
    return str(value).lower() in ("true", "1")
