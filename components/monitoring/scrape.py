"""How Prometheus reads the servers' metrics, as a ServiceMonitor's spec. Pure.

Source: https://prometheus-operator.dev/docs/api-reference/api/ (monitoring.coreos.com/v1)
"""

from typing import Any

from components.server.pods import Pods, Scrape
from reach.certificate import KEY as CA_KEY
from reach.certificate import NAME as CONFIG_MAP

Document = dict[str, Any]


def job(pods: Pods) -> str:
    """The scrape job's name: the Service's."""
    return f"{pods.release}-internal"


def monitor_spec(pods: Pods, scrape: Scrape) -> Document:
    """Give a ServiceMonitor's spec.

    By the headless Service, which shows every server, ready or not: a sealed one answers 503, and is seen by that.
    """
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
        # Standbys of HashiCorp Vault hand on to the leader, whose answer names itself.
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
                "vault-internal": "true",
            }
        },
        "namespaceSelector": {"matchNames": [pods.namespace]},
        "endpoints": [endpoint],
    }
