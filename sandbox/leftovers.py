"""Takes a stack's things out of a Kubernetes cluster without Pulumi: the way down must not need the way up."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reach.pods import Pods, asked, core
from sandbox.problem import ProblemError

_NAMESPACE = "kubernetes:core/v1:Namespace"
_OF_RELEASE = "meta.helm.sh/release-namespace"
_SECONDS = 180.0


def namespaces(stack_file: Path) -> list[str]:
    """Give the namespaces that the stack made, as its own state says."""
    return sorted(
        str(resource["outputs"]["metadata"]["name"])
        for resource in _resources(stack_file)
        if resource.get("type") == _NAMESPACE and resource.get("outputs")
    )


_OURS = {"app.kubernetes.io/managed-by": "strongroom-sandbox"}
_INJECTED = {"strongroom.io/inject": "enabled"}


def make_namespaces(names: Iterable[str]) -> None:
    """Make the teams' namespaces, with the label that lets the injector into them.

    Raises:
        ReachError: if the API server refuses.

    """
    from kubernetes import client  # noqa: PLC0415

    present = _present(core(None))
    for name in sorted(set(names) - present):
        made = client.V1Namespace(
            metadata=client.V1ObjectMeta(name=name, labels={**_OURS, **_INJECTED})
        )
        asked(f"making namespace {name}", partial(core(None).create_namespace, made))


def remove(stack_file: Path, say: Callable[[str], None]) -> None:
    """Delete the stack's namespaces with all that is in them, and what its helm releases made outside them.

    Raises:
        ReachError: if the API server refuses.
        ProblemError: if a namespace is not gone after three minutes.

    """
    client = core(None)
    selector = ",".join(f"{key}={value}" for key, value in _OURS.items())
    ours = asked("the list of namespaces", lambda: client.list_namespace(label_selector=selector))
    wanted = sorted({*namespaces(stack_file), *(each.metadata.name for each in ours.items)})
    if not wanted:
        return
    for kind, listed, delete in _cluster_scoped(client):
        for each in asked(f"the list of {kind}", listed).items:
            annotations = each.metadata.annotations or {}
            if annotations.get(_OF_RELEASE) in wanted:
                asked(f"deleting {kind}", partial(delete, each.metadata.name))
    present = _present(client)
    for name in wanted:
        if name in present:
            asked(f"deleting {name}", partial(client.delete_namespace, name))
    say(f"deleting namespaces {', '.join(wanted)}")
    began = time.monotonic()
    while left := _present(client).intersection(wanted):
        if time.monotonic() - began > _SECONDS:
            raise ProblemError(
                f"namespace {', '.join(sorted(left))} is still there after {_SECONDS:.0f} s",
                "see `kubectl get namespace -o yaml` for what holds it, then run this again",
            )
        time.sleep(0.5)


def empty(pods: Pods, release: str) -> None:
    """Delete every volume of the servers and the pods on them; the StatefulSet makes both anew.

    Raises:
        ReachError: if the API server refuses.

    """
    client = core(pods.context)
    selector = f"app.kubernetes.io/instance={release},component=server"
    asked(
        "deleting the servers' volumes",
        lambda: client.delete_collection_namespaced_persistent_volume_claim(
            pods.namespace, label_selector=selector
        ),
    )
    asked(
        "deleting the servers' pods",
        lambda: client.delete_collection_namespaced_pod(
            pods.namespace, label_selector=selector, grace_period_seconds=0
        ),
    )


def _resources(stack_file: Path) -> Iterator[Mapping[str, Any]]:
    try:
        checkpoint = json.loads(stack_file.read_text())
    except (OSError, ValueError):
        return
    latest = checkpoint.get("checkpoint", {}).get("latest") or {}
    yield from latest.get("resources") or []


def _present(client: Any) -> set[str]:
    return {
        each.metadata.name for each in asked("the list of namespaces", client.list_namespace).items
    }


def _cluster_scoped(
    core_client: Any,
) -> Iterator[tuple[str, Callable[[], Any], Callable[[str], Any]]]:
    from kubernetes import client  # noqa: PLC0415

    rbac = client.RbacAuthorizationV1Api(core_client.api_client)
    admission = client.AdmissionregistrationV1Api(core_client.api_client)
    yield (
        "webhooks",
        admission.list_mutating_webhook_configuration,
        admission.delete_mutating_webhook_configuration,
    )
    yield "cluster roles", rbac.list_cluster_role, rbac.delete_cluster_role
    yield (
        "cluster role bindings",
        rbac.list_cluster_role_binding,
        rbac.delete_cluster_role_binding,
    )
