"""The names that a certificate of Vault's pods must have. Pure."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from components.server.pods import Pods


@dataclass(frozen=True, kw_only=True)
class Names:
    """Subject alternative names, sorted."""

    dns: tuple[str, ...]
    ips: tuple[str, ...]


def server_names(pods: Pods, hosts: Iterable[str] = ()) -> Names:
    """Give every name under which pods are reached: by peers, clients, probes, port-forwards, and `hosts`.

    A star covers the pods by themselves (`vault-0.vault-internal`), however many there are. The loopback address
    is the tunnel's, too: whatever leads to a server from this machine ends there.
    """
    services = (f"{pods.release}-internal", pods.release, f"{pods.release}-active")
    dns = {"localhost"}
    for service in services:
        name = f"*.{service}" if service.endswith("-internal") else service
        within = f"{name}.{pods.namespace}"
        dns |= {name, within, f"{within}.svc", f"{within}.svc.cluster.local"}
    ips = {"127.0.0.1"}
    for host in hosts:
        (ips if _is_address(host) else dns).add(host)
    return Names(dns=tuple(sorted(dns)), ips=tuple(sorted(ips)))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
