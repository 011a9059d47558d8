"""A plain client of the cluster under test."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kubernetes import config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

SECONDS = 60.0
IMAGE = "lab/shell:1"
"""A shell that sleeps, already on the node."""

Found = TypeVar("Found")


class Server:
    """What an administrator with kubectl could do."""

    def __init__(self, kubeconfig: str) -> None:
        self._client = DynamicClient(config.new_client_from_config(kubeconfig))

    def make(self, body: Mapping[str, Any], manager: str = "somebody") -> dict[str, Any]:
        kind, namespace = self._kind(body), body["metadata"].get("namespace")
        made: dict[str, Any] = kind.create(
            body=dict(body), namespace=namespace, field_manager=manager
        ).to_dict()
        return made

    def get(self, api_version: str, kind: str, namespace: str | None, name: str) -> dict[str, Any]:
        """Give it; empty if it isn't there."""
        found = self._client.resources.get(api_version=api_version, kind=kind)
        try:
            body: dict[str, Any] = found.get(name=name, namespace=namespace).to_dict()
        except ApiException as error:
            if error.status != 404:
                raise
            return {}
        return body

    def named(self, api_version: str, kind: str, namespace: str) -> list[str]:
        """Give the names of all that lie in a namespace."""
        found = self._client.resources.get(api_version=api_version, kind=kind)
        return [each.metadata.name for each in found.get(namespace=namespace).items]

    def edit(
        self, body: Mapping[str, Any], change: Mapping[str, Any], manager: str = "kubectl-edit"
    ) -> None:
        """Change an object as `kubectl edit` does, or as any program that calls itself otherwise."""
        metadata = body["metadata"]
        self._kind(body).patch(
            body=dict(change), name=metadata["name"], namespace=metadata.get("namespace"),
            content_type="application/merge-patch+json", field_manager=manager,
        )  # fmt: skip

    def leave(self, api_version: str, kind: str, namespace: str | None, name: str) -> None:
        """Delete it if it is there, and don't wait."""
        found = self._client.resources.get(api_version=api_version, kind=kind)
        if self.get(api_version, kind, namespace, name):
            found.delete(name=name, namespace=namespace)

    def remove(self, api_version: str, kind: str, namespace: str | None, name: str) -> None:
        """Delete it if it is there, and wait until it is gone."""
        self.leave(api_version, kind, namespace, name)
        self.wait(lambda: not self.get(api_version, kind, namespace, name))

    def wait(self, until: Callable[[], Found]) -> Found:
        deadline = time.monotonic() + SECONDS
        while not (found := until()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return found

    def _kind(self, body: Mapping[str, Any]) -> Any:
        return self._client.resources.get(api_version=body["apiVersion"], kind=body["kind"])


def pod(*command: str, image: str = IMAGE, **more: Any) -> dict[str, Any]:
    """Give a pod's spec that ends at once when told to."""
    container = {"name": "main", "image": image, "imagePullPolicy": "Never", **more}
    if command:
        container["command"] = list(command)
    return {"terminationGracePeriodSeconds": 0, "containers": [container]}


def template(spec: Mapping[str, Any], app: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": app}}, "spec": dict(spec)}


def deployment(name: str, spec: Mapping[str, Any], **annotations: str) -> dict[str, Any]:
    """Give a Deployment's inputs; in annotations' names `_` stands for `pulumi.com/`."""
    return {
        "metadata": {
            "name": name,
            "annotations": {f"pulumi.com/{k}": v for k, v in annotations.items()},
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": template(spec, name),
        },
    }
