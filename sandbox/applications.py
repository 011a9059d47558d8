"""The example applications of stack `cluster`: pods that show what they were given."""

import os
import time
from collections.abc import Callable
from typing import Any

from catalog.model import HOME, Catalog, Service
from components.workload.access import PodAccess
from examples.applications.deployment import EXAMPLES, example_deployment
from reach.pods import asked, core
from sandbox.problem import ProblemError
from settings.helm import Helm
from settings.login import Access

_MANAGER = "strongroom-sandbox"
_SECONDS = 180.0


def start(catalog: Catalog, server: Helm, access: Access) -> None:
    """Apply each example whose service is in the catalogue.

    STRONGROOM_EXAMPLE_IMAGE names another image than busybox's.

    Raises:
        ReachError: if the API server refuses.

    """
    pods = PodAccess(
        address=server.pod_address,
        login_mount=access.mount,
        audience=access.audience,
    )
    image = os.environ.get("STRONGROOM_EXAMPLE_IMAGE", "busybox:1.37")
    for service in _examples(catalog):
        _apply(example_deployment(service, pods, image=image))


def finish(catalog: Catalog, say: Callable[[str], None]) -> None:
    """Wait until each is ready, say what it shows.

    Raises:
        ReachError: if the API server refuses.
        ProblemError: if one is not ready after three minutes; says what its pod waits for.

    """
    for service in _examples(catalog):
        _wait(service.namespace, service.name)
        say(f"application {service.id} shows (file, field, bytes, SHA-256):")
        for line in _log(service.namespace, service.name):
            say(f"  {line}")


def _examples(catalog: Catalog) -> list[Service]:
    return [service for service in catalog.living_in(HOME) if service.id in EXAMPLES]


def _apply(document: dict[str, Any]) -> None:
    from kubernetes import client  # noqa: PLC0415

    # Not the dynamic client, which would first ask the server for every kind that it knows.
    own = core(None).api_client
    own.set_default_header("Content-Type", "application/apply-patch+yaml")
    apps = client.AppsV1Api(own)
    name, namespace = document["metadata"]["name"], document["metadata"]["namespace"]
    asked(
        f"deployment {namespace}/{name}",
        lambda: apps.patch_namespaced_deployment(
            name, namespace, document, field_manager=_MANAGER, force=True
        ),
    )


def _wait(namespace: str, name: str) -> None:
    from kubernetes import client  # noqa: PLC0415

    apps = client.AppsV1Api(core(None).api_client)
    began = time.monotonic()
    while True:
        found = asked(
            f"deployment {namespace}/{name}",
            lambda: apps.read_namespaced_deployment(name, namespace),
        )
        status = found.status
        current = status.observed_generation == found.metadata.generation
        if current and status.updated_replicas and status.ready_replicas == status.replicas == 1:
            return
        if time.monotonic() - began > _SECONDS:
            raise ProblemError(
                f"application {namespace}/{name} is not ready after {_SECONDS:.0f} s",
                f"see `kubectl -n {namespace} describe pod -l app={name}`, then run this again",
            )
        time.sleep(0.5)


def _log(namespace: str, name: str) -> list[str]:
    found = asked(
        f"pods of {name}",
        lambda: core(None).list_namespaced_pod(namespace, label_selector=f"app={name}"),
    )
    [pod] = [each for each in found.items if each.metadata.deletion_timestamp is None]
    text = asked(
        f"log of {name}",
        lambda: core(None).read_namespaced_pod_log(
            pod.metadata.name, namespace, container=name, tail_lines=20
        ),
    )
    return str(text).splitlines()
