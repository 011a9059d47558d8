"""Mounts: secrets engines, and what login methods share with them."""

import time
from http import HTTPStatus
from typing import Any

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Kind, Made, Property, Values, properties, snake
from sandbox.plugins.vault.client import Vault
from sandbox.plugins.vault.endpoint import NAMESPACE

_REMOUNT_SECONDS = 30.0


def read_mount(client: Vault, path: str, namespace: str | None) -> Values | None:
    """Give what `sys/mounts/<path>` says; None if nothing is mounted there (Vault answers 400)."""
    answer = client.call("GET", f"sys/mounts/{path}", namespace=namespace)
    if (
        answer.status == HTTPStatus.NOT_FOUND
        or "No secret engine mount" in answer.errors
        or "No auth" in answer.errors
    ):
        return None
    if answer.status != HTTPStatus.OK:
        raise RefusedError(f"vault refuses to read mount {path} ({answer.status}): {answer.errors}")
    return answer.data or answer.body


def remount(client: Vault, old: str, new: str, namespace: str | None) -> None:
    """Move a mount; Vault does it in the background."""
    moving = client.write("sys/remount", {"from": old, "to": new}, namespace, method="POST")
    until = time.monotonic() + _REMOUNT_SECONDS
    while moving.get("migration_id") and time.monotonic() < until:
        status = client.read(f"sys/remount/status/{moving['migration_id']}", namespace) or {}
        progress = (status.get("migration_info") or {}).get("status")
        if progress == "success":
            return
        if progress == "failure":
            raise RefusedError(f"vault could not move mount {old} to {new}")
        time.sleep(0.1)


def place(identity: str, state: Values) -> str:
    """Where it is mounted. One that was moved keeps its first id: the protocol can't tell the engine another."""
    return str(state.get("path") or identity).strip("/")


class Mount(Kind[Vault]):
    """A secrets engine. Another path moves it; Vault tunes all else but its type."""

    _config = (
        Property(name="defaultLeaseTtlSeconds", computed=True, wire="default_lease_ttl"),
        Property(name="maxLeaseTtlSeconds", computed=True, wire="max_lease_ttl"),
        Property(name="auditNonHmacRequestKeys", computed=True),
        Property(name="auditNonHmacResponseKeys", computed=True),
        Property(name="listingVisibility"),
        Property(name="passthroughRequestHeaders"),
        Property(name="allowedResponseHeaders"),
        Property(name="delegatedAuthAccessors"),
    )
    properties = properties(
        *_config,
        Property(name="path"),
        Property(name="type", immutable=True),
        Property(name="description"),
        Property(name="options"),
        Property(name="local", immutable=True),
        Property(name="sealWrap", immutable=True, computed=True),
        Property(name="externalEntropyAccess", immutable=True, default=False),
        Property(name="forceNoCache", computed=True),
        Property(name="accessor", output=True),
        NAMESPACE,
    )

    def create(self, client: Vault, inputs: Values) -> Made:
        """Mount it."""
        path = inputs["path"].strip("/")
        body = {
            "type": inputs["type"],
            "description": inputs.get("description", ""),
            "options": inputs.get("options") or {},
            "local": inputs.get("local", False),
            "seal_wrap": inputs.get("sealWrap", False),
            "external_entropy_access": inputs["externalEntropyAccess"],
            "config": {
                **self._tunable(inputs),
                "force_no_cache": inputs.get("forceNoCache", False),
            },
        }
        client.write(f"sys/mounts/{path}", body, inputs.get("namespace"), method="POST")
        return Made(identity=path, state=self._found(client, path, inputs))

    def update(self, client: Vault, identity: str, state: Values, inputs: Values) -> Values:
        """Move it, tune it."""
        namespace, path = inputs.get("namespace"), inputs["path"].strip("/")
        if path != place(identity, state):
            remount(client, place(identity, state), path, namespace)
        body = {
            **self._tunable(inputs),
            "description": inputs.get("description", ""),
            "options": inputs.get("options") or {},
        }
        for each in self._config:
            if each.name in self.changed(state, inputs) and each.name not in inputs:
                body[each.wire or snake(each.name)] = type(state[each.name])()
        client.write(f"sys/mounts/{path}/tune", body, namespace, method="POST")
        return self._found(client, path, inputs)

    def read(self, client: Vault, identity: str, state: Values) -> Values | None:
        """Read it."""
        identity = place(identity, state)
        found = read_mount(client, identity, state.get("namespace"))
        if found is None:
            return None
        kind, options = found["type"], dict(found.get("options") or {})
        if state.get("type") == "kv-v2" and kind == "kv" and options.get("version") == "2":
            # An alias: Vault gives its full name back.
            kind = "kv-v2"
            if "version" not in (state.get("options") or {}):
                del options["version"]
        config = found.get("config") or {}
        told = {each.name: config.get(each.wire or snake(each.name)) for each in self._config}
        return {
            **self.kept(state, believed_only=True),
            **told,
            "path": identity,
            "type": kind,
            "description": found.get("description", ""),
            "options": options,
            "local": found.get("local", False),
            "sealWrap": found.get("seal_wrap", False),
            "externalEntropyAccess": found.get("external_entropy_access", False),
            "forceNoCache": config.get("force_no_cache", False),
            "accessor": found["accessor"],
        }

    def delete(self, client: Vault, identity: str, state: Values) -> None:
        """Unmount it, with all that is in it."""
        client.delete(f"sys/mounts/{place(identity, state)}", state.get("namespace"))

    def _tunable(self, inputs: Values) -> dict[str, Any]:
        return {
            each.wire or snake(each.name): inputs[each.name]
            for each in self._config
            if each.name in inputs
        }

    def _found(self, client: Vault, path: str, inputs: Values) -> Values:
        found = self.read(client, path, inputs)
        if found is None:
            raise RefusedError(f"mount {path} is gone as soon as it was made")
        return {name: value for name, value in found.items() if value is not None}
