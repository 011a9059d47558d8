"""Secrets: KV v2 as pulumi-vault sees it, and the generic secret that sees more."""

import json
from typing import Any

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Kind, Made, Property, Values, properties, same_json
from sandbox.plugins.values import dumps
from sandbox.plugins.vault.client import Vault
from sandbox.plugins.vault.endpoint import NAMESPACE

_METADATA = {
    "maxVersions": "max_versions",
    "casRequired": "cas_required",
    "deleteVersionAfter": "delete_version_after",
    "data": "custom_metadata",
}


class SecretV2(Kind[Vault]):
    """A value changed in Vault is **no** drift, as with the official plugin: only declared values are compared."""

    properties = properties(
        Property(name="mount", immutable=True),
        Property(name="name", immutable=True, autonamed=True),
        Property(name="dataJson", secret=True, unread=True, same=same_json),
        Property(name="dataJsonWo", secret=True, write_only=True),
        Property(name="dataJsonWoVersion", own=True),
        Property(name="cas", unread=True),
        Property(name="options", unread=True),
        Property(name="customMetadata", computed=True, nested=_METADATA),
        Property(name="deleteAllVersions", own=True, default=False),
        Property(name="disableRead", own=True, default=False),
        Property(name="data", output=True, secret=True),
        Property(name="metadata", output=True),
        Property(name="path", output=True),
        NAMESPACE,
    )

    def create(self, client: Vault, inputs: Values) -> Made:
        """Write a first version (or the next one: it may have been there)."""
        identity = f"{inputs['mount']}/data/{inputs['name']}"
        return Made(identity=identity, state=self._write(client, identity, inputs, first=True))

    def update(self, client: Vault, identity: str, state: Values, inputs: Values) -> Values:
        """Write a new version."""
        renewed = inputs.get("dataJsonWoVersion") != state.get("dataJsonWoVersion")
        return self._write(client, identity, inputs, first=renewed)

    def _write(self, client: Vault, identity: str, inputs: Values, *, first: bool) -> Values:
        namespace = inputs.get("namespace")
        text = inputs.get("dataJson") or (inputs.get("dataJsonWo") if first else None)
        metadata: Values = {}
        if text is not None:
            body: dict[str, Any] = {"data": _document(text), "options": inputs.get("options") or {}}
            if "cas" in inputs:
                body["options"] = {**body["options"], "cas": inputs["cas"]}
            metadata = client.write(identity, body, namespace)
        custom = inputs.get("customMetadata")
        if custom:
            client.write(
                _beside(identity),
                {wire: custom[name] for name, wire in _METADATA.items() if name in custom},
                namespace,
            )
        found = None if metadata and not custom else self.read(client, identity, inputs)
        return {
            "customMetadata": {},
            **inputs,
            "path": identity,
            "data": {},
            "metadata": _texts(metadata),
            **(found or {}),
        }

    def read(self, client: Vault, identity: str, state: Values) -> Values | None:
        """Read its metadata; the value itself is neither kept nor compared."""
        mount, slash, name = identity.partition("/data/")
        if not slash:
            raise RefusedError(f"id {identity!r} is not of the form <mount>/data/<name>")
        known = {
            **self.kept(state, believed_only=True),
            "mount": mount,
            "name": name,
            "path": identity,
        }
        if state.get("disableRead"):
            return {**state, **known}
        found = client.read(identity, state.get("namespace"))
        if found is None:
            return None
        beside = client.read(_beside(identity), state.get("namespace")) or {}
        custom = {name: beside[wire] for name, wire in _METADATA.items() if beside.get(wire)}
        custom["deleteVersionAfter"] = _seconds(str(beside.get("delete_version_after", "0s")))
        return {
            **known,
            "data": {},
            "metadata": _texts(found.get("metadata") or {}),
            "customMetadata": {name: each for name, each in custom.items() if each},
        }

    def delete(self, client: Vault, identity: str, state: Values) -> None:
        """Delete the latest version, or all of them and the metadata if so declared."""
        path = _beside(identity) if state.get("deleteAllVersions") else identity
        client.delete(path, state.get("namespace"))


class GenericSecret(Kind[Vault]):
    """Any secret at a path. Sees value drift, at the price of the value in its outputs (secret there)."""

    properties = properties(
        Property(name="path", immutable=True),
        Property(name="dataJson", secret=True, same=same_json),
        Property(name="deleteAllVersions", own=True, default=False),
        Property(name="disableRead", own=True, default=False),
        Property(name="data", output=True, volatile=True, secret=True),
        NAMESPACE,
    )

    def create(self, client: Vault, inputs: Values) -> Made:
        """Write it."""
        return Made(identity=inputs["path"], state=self.update(client, inputs["path"], {}, inputs))

    def update(self, client: Vault, identity: str, state: Values, inputs: Values) -> Values:  # noqa: ARG002
        """Write it again."""
        document = _document(inputs["dataJson"])
        path, versioned = self._place(client, identity, "data", inputs)
        client.write(path, {"data": document} if versioned else document, inputs.get("namespace"))
        return {**inputs, "data": _texts(document)}

    def read(self, client: Vault, identity: str, state: Values) -> Values | None:
        """Read it, value and all."""
        if state.get("disableRead"):
            return state
        path, versioned = self._place(client, identity, "data", state)
        found = client.read(path, state.get("namespace"))
        document = found.get("data") if found and versioned else found
        if document is None:
            return None
        return {
            **self.kept(state, believed_only=True),
            "path": identity,
            "dataJson": dumps(document),
            "data": _texts(document),
        }

    def delete(self, client: Vault, identity: str, state: Values) -> None:
        """Delete it."""
        below = "metadata" if state.get("deleteAllVersions") else "data"
        path, _ = self._place(client, identity, below, state)
        client.delete(path, state.get("namespace"))

    def _place(self, client: Vault, path: str, below: str, values: Values) -> tuple[str, bool]:
        mount = client.read(f"sys/internal/ui/mounts/{path}", values.get("namespace")) or {}
        if (mount.get("options") or {}).get("version") != "2":
            return path, False
        root = str(mount["path"])
        return f"{root}{below}/{path.removeprefix(root)}", True


def _beside(identity: str) -> str:
    mount, _, name = identity.partition("/data/")
    return f"{mount}/metadata/{name}"


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise RefusedError("dataJson is not a JSON object")
    return document


def _texts(document: Values) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else dumps(value)
        for name, value in document.items()
        if value is not None
    }


def _seconds(duration: str) -> int:
    """Vault's `3h12m10s`."""
    total, digits = 0, ""
    for each in duration:
        if each.isdigit():
            digits += each
        else:
            total += int(digits or 0) * {"h": 3600, "m": 60, "s": 1}.get(each, 0)
            digits = ""
    return total + int(digits or 0)
