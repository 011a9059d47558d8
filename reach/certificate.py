"""The servers' CA, as the cluster publishes it."""

from reach.pods import Pods, core, sought

NAME = "vault-tls"
"""The ConfigMap, in every namespace that reaches Vault and in its own: the CA of its listeners, as PEM."""
KEY = "ca.crt"


def authority(pods: Pods) -> str | None:
    """Give the CA's certificate (PEM), None as long as the cluster has none.

    Raises:
        ReachError: if the API server refuses or doesn't answer.

    """
    client = core(pods.context)
    found = sought(
        f"ConfigMap {pods.namespace}/{NAME}",
        lambda: client.read_namespaced_config_map(NAME, pods.namespace),
    )
    ca: str | None = (found.data or {}).get(KEY) if found else None
    return ca
