"""How Prometheus reads the servers' metrics, as a ServiceMonitor's spec. Pure.

Source: https://prometheus-operator.dev/docs/api-reference/api/ (monitoring.coreos.com/v1)
"""

from typing import Any

from components.server.pods import Pods, Scrape
from reach.certificate import KEY as CA_KEY
from reach.certificate import NAME as CONFIG_MAP

Document = dict[str, Any]


def leader_alone(pods: Pods) -> bool:
    """Whether nobody but the leader tells metrics of its own to whoever has a token.

    A standby of HashiCorp Vault answers with a redirect to the leader. One of OpenBao answers itself on raft, and hands
    the request on to the leader where the storage is a database: either way the leader's metrics, once more.
    """
    return pods.flavour == "vault" or pods.database is not None


def job(pods: Pods) -> str:
    """The scrape job's name: the Service's."""
    return f"{pods.release}-{'active' if leader_alone(pods) else 'internal'}"


def monitor_spec(pods: Pods, scrape: Scrape) -> Document:
    """Give a ServiceMonitor's spec.

    By the headless Service, which shows every server, ready or not: a sealed one answers 503, and is seen by that.
    Where the leader tells alone, by the Service that leads to it; it tells of the others what raft's autopilot knows.
    """
    which = "vault-active" if leader_alone(pods) else "vault-internal"
    endpoint: Document = {
        "port": "https",
        "scheme": "https",
        "path": "/v1/sys/metrics",
        "params": {"format": ["prometheus"]},
        "interval": scrape.interval,
        "scrapeTimeout": "10s",
        "tlsConfig": {
            "ca": {"configMap": {"name": CONFIG_MAP, "key": CA_KEY}},
            # A target is a pod's address, which no certificate has.
            "serverName": f"{pods.release}.{pods.namespace}.svc",
        },
        # A leader that was followed elsewhere would be counted twice; and until 2026 Prometheus took its token along to
        # wherever it was sent (prometheus/common#901).
        "followRedirects": False,
        "honorLabels": False,
    }
    if scrape.token_secret is not None:
        credentials = {"name": scrape.token_secret, "key": "token"}
        endpoint["authorization"] = {"type": "Bearer", "credentials": credentials}
    else:
        endpoint["bearerTokenFile"] = scrape.token_file
    return {
        "selector": {
            "matchLabels": {
                "app.kubernetes.io/name": "vault",
                "app.kubernetes.io/instance": pods.release,
                which: "true",
            }
        },
        "namespaceSelector": {"matchNames": [pods.namespace]},
        "endpoints": [endpoint],
    }
