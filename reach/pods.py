"""Vault's pods: which they are, whether they run, and what their cluster says about them."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from reach.errors import EndsError, ReachError

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api, V1Pod

CONTAINER = "vault"
PORT = 8200
"""Where a pod answers clients."""
GENERATE_ROOT_PORT = 8210
"""Where a pod answers generate-root, on its own loopback only: the API server's port-forward ends there."""
_POLL_SECONDS = 0.5
_FORBIDDEN, _ABSENT = 403, 404
_CURE = "check the kubeconfig's context and what it may do"
# Seconds for which a reason may pass by itself: an image that is being pulled, a volume that is being made.
_ENDS = "CrashLoopBackOff"
_GIVE_UP = {_ENDS: 60.0, "ErrImagePull": 60.0, "ImagePullBackOff": 60.0,
            "InvalidImageName": 0.0, "CreateContainerConfigError": 60.0}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Servers that are pods, the one to initialise first: the API server's port-forward leads to each, ready or not."""

    context: str | None
    """Of the kubeconfig that KUBECONFIG names; None: its current one."""
    namespace: str
    names: tuple[str, ...]
    port: int = PORT
    generate_root_port: int = GENERATE_ROOT_PORT

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Pods":
        """Read what stands in a stack's state; the engine hands numbers over as floats."""
        return cls(
            context=document.get("context"),
            namespace=document["namespace"],
            names=tuple(document["names"]),
            port=int(document["port"]),
            generate_root_port=int(document["generate_root_port"]),
        )


def core(context: str | None) -> "CoreV1Api":
    """Give a client of the API server; a new one each time.

    One a connection: the library's port-forward changes the client that it is given while it dials.

    Raises:
        ReachError: if there is no kubeconfig or no such context in it.

    """
    from kubernetes import client  # noqa: PLC0415  slow to import

    return client.CoreV1Api(client.ApiClient(_configuration(context)))


@cache
def _configuration(context: str | None) -> Any:
    # Once: a kubeconfig may name a program that gets the token (aws eks get-token), a second each time. The
    # library asks it again when the token ends.
    from kubernetes import client, config  # noqa: PLC0415

    configuration = client.Configuration()
    try:
        config.load_kube_config(context=context, client_configuration=configuration)
    except (config.ConfigException, OSError) as error:
        raise ReachError(
            f"no Kubernetes cluster is known ({one_line(str(error))}); set KUBECONFIG, and server.context if the"
            " current context is another cluster's"
        ) from None
    return configuration


def asked(what: str, call: Callable[[], Any]) -> Any:
    """Give the API server's answer.

    Raises:
        ReachError: naming `what`, if it refuses or is silent.

    """
    found = sought(what, call)
    if found is None:
        raise ReachError(f"the cluster has no {what}; check the kubeconfig's context")
    return found


def sought(what: str, call: Callable[[], Any], cure: str = _CURE) -> Any | None:
    """Give the API server's answer, None where there is no such thing. `cure` is what to do where it forbids it.

    Raises:
        ReachError: naming `what`, if it refuses or is silent.

    """
    from kubernetes.client import ApiException  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        return call()
    except ApiException as error:
        if error.status == _ABSENT:
            return None
        reason = f"{error.status} {_message(error)}"
        cure = cure if error.status == _FORBIDDEN else _CURE
    except (HTTPError, OSError) as error:
        reason, cure = type(error).__name__, _CURE
    raise ReachError(f"the Kubernetes API server refuses {what} ({reason}); {cure}")


def wait_until_running(pods: Pods, say: Callable[[str], None], patience: float) -> None:
    """Wait until the server's container runs in every pod.

    Raises:
        ReachError: naming the pod and what keeps it, after `patience` seconds or as soon as it can't start.

    """
    client = core(pods.context)
    began = told = time.monotonic()
    while True:
        waiting = {
            name: why for name in pods.names if (why := _why_not_running(client, pods, name))
        }
        if not waiting:
            return
        passed = time.monotonic() - began
        name, why = next(iter(waiting.items()))
        limit = min([patience, *(s for reason, s in _GIVE_UP.items() if reason in why)])
        if passed > limit:
            raise (EndsError if _ENDS in why else ReachError)(
                f"pod {pods.namespace}/{name} does not run: {why}; see"
                f" `kubectl -n {pods.namespace} describe pod {name}` and its log, then run again"
            )
        if time.monotonic() - told > 5:  # noqa: PLR2004  seconds between lines
            told = time.monotonic()
            say(f"waiting for pod {name}: {why}")
        time.sleep(_POLL_SECONDS)


def _why_not_running(client: "CoreV1Api", pods: Pods, name: str) -> str | None:
    pod: V1Pod | None = sought(
        f"pod {pods.namespace}/{name}", lambda: client.read_namespaced_pod(name, pods.namespace)
    )
    if pod is None:
        return "it is not there yet"
    if pod.metadata.deletion_timestamp is not None:
        return "it is being deleted"
    for status in pod.status.container_statuses or []:
        if status.name == CONTAINER and status.state.running is not None:
            return None
    return why_waiting(pod) or "it has just been made"


def why_waiting(pod: "V1Pod") -> str | None:
    """Say what keeps a pod's server container, or the pod, from running; None if nothing is known to."""
    for status in pod.status.container_statuses or []:
        stopped = status.state.waiting or status.state.terminated
        if status.name == CONTAINER and stopped is not None:
            return ": ".join(filter(None, (stopped.reason, one_line(stopped.message))))
    held = [each for each in pod.status.conditions or [] if each.status == "False" and each.message]
    return f"{held[0].reason}: {one_line(held[0].message)}" if held else None


def _message(error: Any) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return one_line(error.reason)


def one_line(text: str | None) -> str:
    """Give the text without its line breaks."""
    return " ".join((text or "").split())
