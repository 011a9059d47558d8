"""A kind that is one path of Vault's API: written whole, read back, deleted."""

import re
from functools import cached_property
from typing import Any

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Kind, Made, Property, Values, properties, snake
from sandbox.plugins.vault.client import Vault

NAMESPACE = Property(name="namespace", immutable=True, own=True)


class Endpoint(Kind[Vault]):
    """`path` and `identity` are templates over property names: `auth/{backend}/role/{roleName}`."""

    def __init__(
        self, path: str, *listed: Property, identity: str | None = None, deletable: bool = True
    ) -> None:
        self.path = path
        self.identity = identity or path
        self.deletable = deletable
        self.properties = properties(*listed, NAMESPACE)

    def create(self, client: Vault, inputs: Values) -> Made:
        """Write what is given; read back only if something was left to the server."""
        client.write(self.at(inputs), self.body(inputs), inputs.get("namespace"))
        identity = self._fill(self.identity, inputs)
        left_to_server = any(
            (p.computed or p.output) and p.name not in inputs for p in self.properties.values()
        )
        found = self.read(client, identity, inputs) if left_to_server else None
        return Made(identity=identity, state={**inputs, **(found or {}), **self._as_given(inputs)})

    def read(self, client: Vault, identity: str, state: Values) -> Values | None:
        """Read it; what the server doesn't tell is believed."""
        names = self.names(identity)
        data = client.read(self._fill(self.path, names), state.get("namespace"))
        return (
            None
            if data is None
            else {**self.kept(state, believed_only=True), **names, **self.told(data)}
        )

    def update(self, client: Vault, identity: str, state: Values, inputs: Values) -> Values:
        """Write everything; what is no longer given is set to its zero."""
        body = self.body(inputs)
        for name in self.changed(state, inputs):
            each = self.properties[name]
            if name not in inputs and not each.own:
                body[each.wire or snake(name)] = _zero(state.get(name))
        client.write(self.at(inputs), body, inputs.get("namespace"))
        found = self.read(client, identity, inputs) or {}
        return {**inputs, **found, **self._as_given(inputs)}

    def delete(self, client: Vault, identity: str, state: Values) -> None:
        """Delete it, if it is a thing that can be."""
        if self.deletable:
            client.delete(self._fill(self.path, self.names(identity)), state.get("namespace"))

    def body(self, inputs: Values) -> dict[str, Any]:
        """Inputs as the server takes them."""
        return {
            each.wire or snake(each.name): inputs[each.name]
            for each in self.properties.values()
            if each.name in inputs
            and not each.output
            and not each.own
            and each.name not in self._in_path
        }

    def told(self, data: Values) -> dict[str, Any]:
        """What the server tells, as properties."""
        told = {}
        for each in self.properties.values():
            if each.believed or each.write_only or each.name in self._in_path:
                continue
            told[each.name] = data.get(each.wire or snake(each.name))
        return {name: value for name, value in told.items() if value is not None}

    def at(self, inputs: Values) -> str:
        """Where it lies."""
        return self._fill(self.path, inputs)

    def names(self, identity: str) -> dict[str, str]:
        """Read the names back from an id."""
        pattern = "".join(
            f"(?P<{part[1:-1]}>.+?)" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{\w+\})", self.identity)
        )
        found = re.fullmatch(pattern, identity)
        if found is None:
            raise RefusedError(f"id {identity!r} is not of the form {self.identity}")
        return found.groupdict()

    @cached_property
    def _in_path(self) -> frozenset[str]:
        return frozenset(re.findall(r"\{(\w+)\}", self.path))

    def _fill(self, template: str, values: Values) -> str:
        return template.format(
            **{n: str(values[n]).strip("/") for n in re.findall(r"\{(\w+)\}", template)}
        )

    def _as_given(self, inputs: Values) -> dict[str, Any]:
        # Where the server only writes it differently, the program's own words stay in the state.
        return {name: value for name, value in inputs.items() if not self.properties[name].computed}


def _zero(old: Any) -> Any:
    return "" if old is None else type(old)()
