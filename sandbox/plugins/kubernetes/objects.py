"""A kind of Kubernetes object: applied on the server's side, awaited, read back, deleted."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.plugins.errors import IncompleteError, RefusedError
from sandbox.plugins.kind import Difference, Kind, Made, Property, Values, properties
from sandbox.plugins.kubernetes import ownership, shape, waiting
from sandbox.plugins.kubernetes.client import Cluster, Place
from sandbox.plugins.kubernetes.ready import NO_PODS, Ready, at_once, conditions
from sandbox.plugins.values import holds_unknown

MANAGER = "__fieldManager"
"""Where the state keeps the object's field manager, as the official plugin does; an import has none yet."""
_AUTONAMED = "pulumi.com/autonamed"
# Annotations of the official plugin that change what happens, and that nobody here obeys.
_UNKNOWN_ANNOTATIONS = ("pulumi.com/replaceUnready", "pulumi.com/patchFieldManager")
_WAIT_FOR = "pulumi.com/waitFor"
# A controller needs a moment to see what was changed just now.
_GLANCE_SECONDS = 2.0
_PROPAGATION = {"orphan": "Orphan", "background": "Background"}
# The official plugin does not wait for the end of these where it doesn't wait for their beginning.
_LEFT_ALONE = ("Namespace", "Deployment", "Job")


class Object(Kind[Cluster]):
    """One kind. `fields` are its properties besides metadata; `replacing` paths that the server never changes."""

    def __init__(
        self,
        api_version: str,
        kind: str,
        *fields: str,
        status: bool = False,
        secret: tuple[str, ...] = (),
        namespaced: bool | None = True,
        replacing: tuple[str, ...] = (),
        ready: Ready = at_once,
    ) -> None:
        self.api_version = api_version
        self.kind = kind
        self.namespaced = namespaced
        self.replacing = ("metadata.name", "metadata.namespace", *replacing)
        self.ready = ready
        self.properties = properties(
            Property(name="apiVersion"),
            Property(name="kind"),
            Property(name="metadata"),
            *(Property(name=each, secret=each in secret) for each in fields),
            *((Property(name="status", output=True, volatile=True),) if status else ()),
            Property(name=MANAGER, output=True),
        )

    def checked(
        self, client: Cluster, inputs: Values, olds: Values, own_name: Callable[[int], str]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Name it, put it into its namespace, refuse what the stand-in can't do."""
        declared = _without_nulls(inputs)
        if not _known_metadata(declared):
            return declared, {}
        metadata = dict(declared.get("metadata") or {})
        if metadata.get("generateName"):
            return declared, {"metadata": "metadata.generateName goes with no server-side apply"}
        annotations = _annotations(declared)
        wrong = [each for each in _UNKNOWN_ANNOTATIONS if each in annotations]
        if wrong:
            return declared, {"metadata": f"the sandbox knows no annotation {wrong[0]}"}
        try:
            self._waited_for(declared)
        except RefusedError as error:
            return declared, {"metadata": str(error)}
        if not metadata.get("name"):
            before = olds.get("metadata") or {}
            kept = before.get("name") if _AUTONAMED in _annotations(olds) else None
            metadata["name"] = kept or own_name(8)
            metadata["annotations"] = {**annotations, _AUTONAMED: "true"}
        if not metadata.get("namespace") and self.namespaced is not False:
            metadata["namespace"] = client.namespace
        return {**declared, "metadata": metadata}, {}

    def difference(
        self, client: Cluster, state: Values, olds: Values, inputs: Values
    ) -> Difference:
        """Hold the inputs against what the server has of the old ones."""
        if not _known_metadata(inputs):
            return Difference(replaces={"metadata": False})
        live, last, new = (self._plain(each) for each in (state, olds, inputs))
        found = shape.pruned(live, last)
        if "namespace" not in live["metadata"]:
            # It turned out to lie in none.
            new["metadata"].pop("namespace", None)
            found["metadata"].pop("namespace", None)
        # What was imported and never applied has every default among its inputs; none of them is ours to remove.
        differing = shape.difference(
            found, new, self._replacing(client, live), gone=MANAGER in state
        )
        same = all(
            live["metadata"].get(each) == new["metadata"].get(each)
            for each in ("name", "namespace")
        )
        first = same and _AUTONAMED not in _annotations(inputs)
        return Difference(
            replaces=differing.replaces, added=differing.added, removed=differing.removed,
            delete_first=first,
        )  # fmt: skip

    def previewed(self, state: Values, inputs: Values) -> dict[str, Any]:
        """Give the state with the inputs laid over it."""
        return dict(self.kept(shape.overlaid(state, inputs)))

    def inputs_now(self, found: Values, inputs: Values) -> dict[str, Any]:
        """Give the inputs as the server has them; in an import all that could be one."""
        known = {n: v for n, v in found.items() if n in self.properties and n != MANAGER}
        if not inputs:
            return shape.without_system_fields(known)
        last = self._plain(inputs)
        now = shape.pruned(self._plain(known), last)
        return dict(now if shape.difference(now, last, ()).replaces else inputs)

    def create(self, client: Cluster, inputs: Values) -> Made:
        """Make it, unless it is there already, and wait until it is ready."""
        body = self._plain(inputs)

        def make() -> Values:
            self._settle(client, body)
            place = self._place(body)
            if not client.upsert and client.get(place) is not None:
                raise RefusedError(
                    f"{place} is there already: import it, delete it, or set the provider's upsertExistingObjects"
                )
            return self._apply(client, place, body, manager)

        manager = ownership.new_manager()
        live = waiting.until_possible(client, make)
        return Made(identity=_identity(live), state=self._awaited(client, body, live, manager))

    def read(self, client: Cluster, identity: str, state: Values) -> Values | None:
        """Read it; what is there and not ready is told as such."""
        place = self._at(identity)
        found = client.get(place)
        if found is None:
            return None
        live: Values = found
        kept = {MANAGER: state[MANAGER]} if MANAGER in state else {}
        if state and not _is_set(live, "pulumi.com/skipAwait"):
            try:
                live = waiting.until_ready(client, place, live, self._glanced, _GLANCE_SECONDS)
            except waiting.NotReadyError as error:
                raise IncompleteError(identity, {**error.live, **kept}, error) from None
        return {**live, **kept}

    def update(self, client: Cluster, identity: str, state: Values, inputs: Values) -> Values:
        """Apply it anew and wait until it is ready."""
        body, place = self._plain(inputs), self._at(identity)
        manager = state.get(MANAGER) or ownership.new_manager()
        if place.namespace is None:
            body["metadata"].pop("namespace", None)
        found = client.get(place)
        if found is None:
            raise RefusedError(f"{place} is gone: run `pulumi refresh` and then `pulumi up`")
        taken = ownership.taken_over(found, manager)
        if taken is not None:
            client.patch(
                place,
                [
                    {"op": "replace", "path": "/metadata/managedFields", "value": taken},
                    # Refused if somebody else was faster.
                    {"op": "replace", "path": "/metadata/resourceVersion",
                     "value": found["metadata"]["resourceVersion"]},
                ],
            )  # fmt: skip
        live = self._apply(client, place, body, manager)
        return self._awaited(client, body, live, manager)

    def delete(self, client: Cluster, identity: str, state: Values) -> None:
        """Delete it, with what it owns, and wait until it is gone."""
        place = self._at(identity)
        policy = _annotations(state).get("pulumi.com/deletionPropagationPolicy", "")
        client.delete(place, _PROPAGATION.get(policy.lower(), "Foreground"))
        if not (self.kind in _LEFT_ALONE and _is_set(state, "pulumi.com/skipAwait")):
            uid = str((state.get("metadata") or {}).get("uid") or "")
            waiting.until_gone(client, place, uid, waiting.seconds(state))

    def _glanced(self, client: Cluster, live: Values) -> str:
        missing = self.ready(client, live)
        return "" if missing == NO_PODS else missing

    def _settle(self, client: Cluster, body: dict[str, Any]) -> None:
        """Take the namespace from an object of which only the server knows that it lies in none."""
        if self.namespaced is None and not client.namespaced(self.api_version, self.kind):
            body["metadata"].pop("namespace", None)

    def _apply(self, client: Cluster, place: Place, body: Values, manager: str) -> Values:
        hidden = {n: body[n] for n, p in self.properties.items() if p.secret and n in body}
        force = client.force or _is_set(body, "pulumi.com/patchForce")
        return client.apply(place, body, manager, force=force, hidden=hidden)

    def _awaited(self, client: Cluster, body: Values, live: Values, manager: str) -> Values:
        place = self._place(live)
        try:
            ready = self._waited_for(body)
            live = waiting.until_ready(client, place, live, ready, waiting.seconds(body))
        except waiting.NotReadyError as error:
            known = {**error.live, MANAGER: manager}
            raise IncompleteError(_identity(live), known, error) from None
        return {**live, MANAGER: manager}

    def _waited_for(self, inputs: Values) -> Ready:
        """Give what has to be awaited: what annotations say, else what the kind needs."""
        wanted = _annotations(inputs).get(_WAIT_FOR)
        if _is_set(inputs, "pulumi.com/skipAwait"):
            return at_once
        return conditions(str(wanted)) if wanted and not holds_unknown(wanted) else self.ready

    def _replacing(self, client: Cluster, live: Values) -> tuple[str, ...]:
        mutable = {"Secret": client.secret_mutable, "ConfigMap": client.config_map_mutable}
        # The official plugin makes them anew by default, so that what uses them starts anew with their new name.
        if not mutable.get(self.kind, True) or live.get("immutable"):
            return (*self.replacing, "data", "binaryData", "immutable")
        return self.replacing

    def _plain(self, inputs: Values) -> dict[str, Any]:
        """Give the object itself, as the server takes it."""
        body = {n: v for n, v in _without_nulls(inputs).items() if n not in (MANAGER, "status")}
        metadata = shape.without_system_fields(body)["metadata"]
        if "stringData" in body and isinstance(body["stringData"], Mapping):
            encoded = {name: _encoded(text) for name, text in body.pop("stringData").items()}
            body["data"] = {**(body.get("data") or {}), **encoded}
        return {**body, "apiVersion": self.api_version, "kind": self.kind, "metadata": metadata}

    def _place(self, body: Values) -> Place:
        metadata = body["metadata"]
        return Place(
            api_version=self.api_version, kind=self.kind,
            namespace=metadata.get("namespace"), name=metadata["name"],
        )  # fmt: skip

    def _at(self, identity: str) -> Place:
        namespace, _, name = identity.rpartition("/")
        return Place(
            api_version=self.api_version, kind=self.kind, namespace=namespace or None, name=name
        )


def _identity(live: Values) -> str:
    metadata = live["metadata"]
    return "/".join(each for each in (metadata.get("namespace"), metadata["name"]) if each)


def _known_metadata(inputs: Values) -> bool:
    return isinstance(inputs.get("metadata") or {}, Mapping)


def _annotations(value: Values) -> dict[str, Any]:
    metadata = value.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _is_set(value: Values, annotation: str) -> bool:
    return _annotations(value).get(annotation) == "true"


def _encoded(text: Any) -> str:
    return text if holds_unknown(text) else base64.b64encode(str(text).encode()).decode()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(each) for each in value]
    return value
