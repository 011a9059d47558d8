"""Login methods: Vault's own word is auth backend."""

import re
from typing import Any

from sandbox.plugins.errors import IncompleteError, RefusedError
from sandbox.plugins.kind import Kind, Made, Property, Values, properties, same, snake
from sandbox.plugins.vault.client import Vault
from sandbox.plugins.vault.endpoint import NAMESPACE
from sandbox.plugins.vault.mounts import place, read_mount, remount

_UNITS = {"h": 3600, "m": 60, "s": 1}

_TUNE_TTLS = ("defaultLeaseTtl", "maxLeaseTtl")
_TUNE = (
    *_TUNE_TTLS,
    "auditNonHmacRequestKeys",
    "auditNonHmacResponseKeys",
    "listingVisibility",
    "passthroughRequestHeaders",
    "allowedResponseHeaders",
    "tokenType",
)


def _same_tune(old: Any, new: Any) -> bool:
    """Only what the program tunes is compared, and `1h` is 3600 seconds."""
    old, new = old or {}, new or {}
    return all(
        _seconds(old.get(name) or 0) == _seconds(value or 0)
        if name in _TUNE_TTLS
        else same(old.get(name), value)
        for name, value in new.items()
    )


def _seconds(duration: Any) -> int:
    """`1h30m`, `90s`, `90` and 90, in seconds."""
    if isinstance(duration, int):
        return duration
    if duration.isdigit():
        return int(duration)
    return sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)([hms])", duration))


TUNE = Property(name="tune", computed=True, nested=dict.fromkeys(_TUNE, ""), same=_same_tune)


class AuthBackend(Kind[Vault]):
    """A login method. Vault's own words: an auth backend."""

    config: tuple[Property, ...] = ()
    """What the method keeps below `auth/<path>/config`."""
    properties = properties(
        Property(name="type", immutable=True),
        Property(name="path", computed=True),
        Property(name="description"),
        Property(name="local", immutable=True, default=False),
        Property(name="disableRemount", own=True, default=False),
        Property(name="accessor", output=True),
        TUNE,
        NAMESPACE,
    )

    def create(self, client: Vault, inputs: Values) -> Made:
        """Enable it, then configure it."""
        path, namespace = self.path(inputs), inputs.get("namespace")
        body = {name: inputs[name] for name in ("type", "description", "local") if name in inputs}
        client.write(f"sys/auth/{path}", body, namespace, method="POST")
        try:
            state = self._configure(client, path, {}, inputs)
        except RefusedError as error:
            raise IncompleteError(path, self.kept(inputs), error) from error
        return Made(identity=path, state=state)

    def update(self, client: Vault, identity: str, state: Values, inputs: Values) -> Values:
        """Move it, configure it, tune it."""
        path, namespace = self.path(inputs), inputs.get("namespace")
        identity = place(identity, state)
        if path != identity:
            if inputs["disableRemount"]:
                raise RefusedError(
                    f"auth backend {identity} moves to {path}, but disableRemount is set"
                )
            remount(client, f"auth/{identity}", f"auth/{path}", namespace)
        if not same(state.get("description"), inputs.get("description")):
            text = {"description": inputs.get("description", "")}
            client.write(f"sys/mounts/auth/{path}/tune", text, namespace, method="POST")
        return self._configure(client, path, state, inputs)

    def read(self, client: Vault, identity: str, state: Values) -> Values | None:
        """Read it, its configuration and its tuning."""
        identity = place(identity, state)
        namespace = state.get("namespace")
        found = read_mount(client, f"auth/{identity}", namespace)
        if found is None:
            return None
        tuned = client.read(f"sys/mounts/auth/{identity}/tune", namespace) or {}
        tune = {name: tuned.get(snake(name)) for name in _TUNE}
        tune |= {name: f"{tune[name] or 0}s" for name in _TUNE_TTLS}
        return {
            **self.kept(state, believed_only=True),
            **self.told(client.read(f"auth/{identity}/config", namespace) if self.config else None),
            "type": found["type"],
            "path": identity,
            "description": found.get("description", ""),
            "local": found.get("local", False),
            "accessor": found["accessor"],
            "tune": {name: value for name, value in tune.items() if value not in (None, "")},
        }

    def delete(self, client: Vault, identity: str, state: Values) -> None:
        """Disable it, with all that is in it."""
        client.delete(f"sys/auth/{place(identity, state)}", state.get("namespace"))

    def told(self, config: Values | None) -> dict[str, Any]:
        """Configuration as properties."""
        read = {p.name: (config or {}).get(p.wire or snake(p.name)) for p in self.config}
        return {
            name: value
            for name, value in read.items()
            if value is not None and not self.properties[name].believed
        }

    @staticmethod
    def path(inputs: Values) -> str:
        """By default it is mounted under its type."""
        return str(inputs.get("path") or inputs["type"]).strip("/")

    def _configure(self, client: Vault, path: str, state: Values, inputs: Values) -> Values:
        namespace = inputs.get("namespace")
        config = {p.wire or snake(p.name): inputs[p.name] for p in self.config if p.name in inputs}
        for name in self.changed(state, inputs) if state else ():
            each = self.properties[name]
            if each in self.config and name not in inputs:
                config[each.wire or snake(name)] = type(state[name])()
        if self.config:
            client.write(f"auth/{path}/config", config, namespace)
        tune = inputs.get("tune")
        if tune and not _same_tune(state.get("tune"), tune):
            body = {snake(name): value for name, value in tune.items()}
            client.write(f"sys/mounts/auth/{path}/tune", body, namespace, method="POST")
        found = self.read(client, path, inputs)
        if found is None:
            raise RefusedError(f"auth backend {path} is gone as soon as it was made")
        return {**found, **{name: inputs[name] for name in ("path",) if name in inputs}}


class JwtAuthBackend(AuthBackend):
    """jwt and oidc: a login method with a configuration of its own."""

    config = (
        Property(name="boundIssuer"),
        Property(name="jwtValidationPubkeys"),
        Property(name="jwtSupportedAlgs"),
        Property(name="jwksUrl"),
        Property(name="jwksCaPem"),
        Property(name="oidcDiscoveryUrl"),
        Property(name="oidcDiscoveryCaPem"),
        Property(name="oidcClientId"),
        Property(name="oidcClientSecret", secret=True, unread=True),
        Property(name="oidcResponseMode"),
        Property(name="oidcResponseTypes"),
        Property(name="defaultRole"),
        Property(name="namespaceInState", default=True),
    )
    properties = {  # noqa: RUF012  a class's table, as in every kind
        **AuthBackend.properties,
        "type": Property(name="type", immutable=True, default="jwt"),
        "path": Property(name="path", default="jwt"),
        **properties(*config),
    }
