"""The API server through the Kubernetes client's dynamic client, and what goes wrong there in one line."""

import json
import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Values
from sandbox.plugins.kubernetes.helm import Helm
from sandbox.plugins.kubernetes.kubeconfig import Kubeconfig
from sandbox.plugins.kubernetes.refusal import status_refusal

_SECONDS = 60.0

SETTINGS: Mapping[str, Callable[[str], Any]] = {
    "kubeconfig": str,
    "context": str,
    "namespace": str,
    "enableServerSideApply": json.loads,
    "enableConfigMapMutable": json.loads,
    "enableSecretMutable": json.loads,
    "enablePatchForce": json.loads,
    "upsertExistingObjects": json.loads,
    # Read by nobody: the stand-in gives no such warning.
    "suppressDeprecationWarnings": json.loads,
    "suppressHelmHookWarnings": json.loads,
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an object lies."""

    api_version: str
    kind: str
    namespace: str | None = None
    name: str = ""

    def __str__(self) -> str:
        """Write it for people: `Secret shop/mail`."""
        return (
            f"{self.kind} {'/'.join(each for each in (self.namespace, self.name) if each)}".strip()
        )


class NoSuchKindError(RefusedError):
    """The server doesn't know the kind, or not yet."""


class NotThereError(RefusedError):
    """It isn't there, or the namespace that it belongs in."""


class Cluster:
    """One provider's connection. Nothing is contacted before the first call. Safe to use from many threads."""

    def __init__(self, settings: Values) -> None:
        if settings.get("enableServerSideApply") is False:
            raise RefusedError("provider kubernetes of the sandbox knows server-side apply only")
        # Each retry would be a line in the middle of Pulumi's.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)
        self.folder = Path(tempfile.mkdtemp(prefix="strongroom-kubernetes."))
        """Of this process only; gone when it ends."""
        self.kubeconfig = Kubeconfig.of(settings, self.folder)
        self.cancelled = threading.Event()
        self.helm = Helm(self.kubeconfig, self.cancelled)
        self.secret_mutable = bool(settings.get("enableSecretMutable"))
        self.config_map_mutable = bool(settings.get("enableConfigMapMutable"))
        self.force = bool(settings.get("enablePatchForce"))
        self.upsert = bool(settings.get("upsertExistingObjects"))
        self._namespace = settings.get("namespace")
        self._lock = threading.Lock()

    @property
    def namespace(self) -> str:
        """Where an object lies that names no namespace."""
        return str(self._namespace or self.kubeconfig.namespace)

    def close(self) -> None:
        """End helm, delete what was kept of the kubeconfig."""
        self.helm.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def namespaced(self, api_version: str, kind: str) -> bool:
        """Whether such objects lie in namespaces."""
        with self._one_line("find", Place(api_version=api_version, kind=kind)):
            return bool(self._resource(api_version, kind).namespaced)

    def get(self, place: Place) -> dict[str, Any] | None:
        """Read one; None if it or its kind is gone."""
        try:
            with self._one_line("read", place):
                return self._call("get", place)
        except (NoSuchKindError, NotThereError):
            return None

    def labelled(self, api_version: str, kind: str, namespace: str, selector: str) -> list[Values]:
        """Read those in a namespace that have these labels."""
        place = Place(api_version=api_version, kind=kind, namespace=namespace)
        with self._one_line("list", place):
            found = self._call("get", place, label_selector=selector)
            return [dict(each) for each in found["items"]]

    def apply(
        self, place: Place, body: Values, manager: str, *, force: bool, hidden: Values
    ) -> dict[str, Any]:
        """Apply on the server's side, as `manager`. A field that it doesn't know is refused.

        `hidden` is what must not be told, should the server refuse.
        """
        with self._one_line("apply", place, hidden):
            return self._call(
                "server_side_apply", place, body=dict(body), field_manager=manager,
                force_conflicts=force, query_params=[("fieldValidation", "Strict")],
            )  # fmt: skip

    def patch(self, place: Place, operations: list[Values]) -> dict[str, Any]:
        """Patch it by JSON patch."""
        with self._one_line("patch", place):
            return self._call(
                "patch", place, body=operations, content_type="application/json-patch+json"
            )

    def delete(self, place: Place, propagation: str) -> None:
        """Ask for its deletion; that it is gone already is no error."""
        try:
            with self._one_line("delete", place):
                self._call("delete", place, propagation_policy=propagation)
        except (NoSuchKindError, NotThereError):
            return

    def _call(self, method: str, place: Place, **arguments: Any) -> dict[str, Any]:
        resource = self._resource(place.api_version, place.kind)
        answer = getattr(self._dynamic, method)(
            resource, name=place.name or None, namespace=place.namespace,
            _request_timeout=_SECONDS, **arguments,
        )  # fmt: skip
        found: dict[str, Any] = answer.to_dict()
        return found

    @cached_property
    def _dynamic(self) -> Any:
        from kubernetes.dynamic import DynamicClient  # noqa: PLC0415  slow, see kubeconfig.py

        # The client's own place for this cache is one that anybody could have written.
        cache = str(self.folder / "discovered.json")
        return DynamicClient(self.kubeconfig.client(self.folder), cache_file=cache)

    def _resource(self, api_version: str, kind: str) -> Any:
        from kubernetes.dynamic.exceptions import ResourceNotFoundError  # noqa: PLC0415  slow, see above

        # Neither making the client nor its discovery is safe to do from many threads.
        with self._lock:
            try:
                return self._dynamic.resources.get(api_version=api_version, kind=kind)
            except ResourceNotFoundError:
                raise NoSuchKindError(
                    f"the cluster has no {api_version} {kind}: install what defines it first"
                ) from None

    @contextmanager
    def _one_line(self, doing: str, place: Place, hidden: Values | None = None) -> Iterator[None]:
        # Its parts import one another in a circle: two threads that begin at different ones meet a half of each.
        with self._lock:
            from kubernetes.client.exceptions import ApiException  # noqa: PLC0415  slow, see kubeconfig.py
            from urllib3.exceptions import HTTPError  # noqa: PLC0415  slow, see above

        try:
            yield
        except ApiException as error:
            wrong = status_refusal(doing, str(place), error.status, error.body, hidden or {})
            if error.status == HTTPStatus.NOT_FOUND:
                raise NotThereError(wrong) from None
            raise RefusedError(wrong) from None
        except HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise RefusedError(
                f"the Kubernetes API server can't be reached to {doing} {place}: {type(cause).__name__}"
            ) from None
