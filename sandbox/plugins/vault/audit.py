"""Audit devices."""

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Kind, Made, Property, Values, properties
from sandbox.plugins.vault.client import Vault
from sandbox.plugins.vault.endpoint import NAMESPACE


class Audit(Kind[Vault]):
    """An audit device. OpenBao takes none by API unless its configuration allows it."""

    properties = properties(
        Property(name="type", immutable=True),
        Property(name="path", immutable=True, computed=True),
        Property(name="description", immutable=True),
        Property(name="options", immutable=True),
        Property(name="local", immutable=True, unread=True),
        NAMESPACE,
    )

    def create(self, client: Vault, inputs: Values) -> Made:
        """Enable it."""
        path = inputs.get("path") or inputs["type"]
        body = {n: inputs[n] for n in ("type", "description", "options", "local") if n in inputs}
        client.write(f"sys/audit/{path}", body, inputs.get("namespace"))
        return Made(identity=path, state={**inputs, "path": path})

    def read(self, client: Vault, identity: str, state: Values) -> Values | None:
        """Find it in the list: there is no other way."""
        devices = client.read("sys/audit", state.get("namespace")) or {}
        device = devices.get(identity.strip("/") + "/")
        if device is None:
            return None
        told = {n: device[n] for n in ("type", "description", "options") if device.get(n)}
        return {**self.kept(state, believed_only=True), **told, "path": identity}

    def update(self, client: Vault, identity: str, state: Values, inputs: Values) -> Values:  # noqa: ARG002
        """Never called: every change replaces it."""
        raise RefusedError("an audit device can't be changed")

    def delete(self, client: Vault, identity: str, state: Values) -> None:
        """Disable it."""
        client.delete(f"sys/audit/{identity}", state.get("namespace"))
