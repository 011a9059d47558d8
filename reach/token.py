"""A token of a ServiceAccount, asked of the API server as the kubelet asks for a pod's."""

from reach.errors import ReachError
from reach.pods import core, sought

SECONDS = 600
"""The shortest life that the API server gives."""


def service_account_token(context: str | None, namespace: str, name: str, audience: str) -> str:
    """Give a fresh token that only `audience` takes; it ends by itself after ten minutes.

    Raises:
        ReachError: if there is no such ServiceAccount, or the API server doesn't let us ask for its token.

    """
    from kubernetes import client  # noqa: PLC0415  slow to import

    account = f"ServiceAccount {namespace}/{name}"
    asked_for = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=[audience], expiration_seconds=SECONDS)
    )
    api = core(context)
    issued = sought(
        f"a token of {account}",
        lambda: api.create_namespaced_service_account_token(name, namespace, asked_for),
        cure=f"let whoever runs this create serviceaccounts/token in namespace {namespace}",
    )
    if issued is None:
        raise ReachError(
            f"the cluster has no {account}; see `kubectl -n {namespace} get serviceaccounts`, and check the"
            " kubeconfig's context"
        )
    return str(issued.status.token)
