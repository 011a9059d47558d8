"""Mounts of secrets engines and of login methods, and audit devices."""

import re
import time
from http import HTTPStatus
from typing import Any

from sandbox.plugins.errors import IncompleteError, RefusedError
from sandbox.plugins.kind import Kind, Made, Property, Values, properties, same, snake
from sandbox.plugins.vault.client import Vault
from sandbox.plugins.vault.endpoint import NAMESPACE

_REMOUNT_SECONDS = 30.0
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
        seconds(old.get(name) or 0) == seconds(value or 0)
        if name in _TUNE_TTLS
        else same(old.get(name), value)
        for name, value in new.items()
    )


def seconds(duration: Any) -> int:
    """`1h30m`, `90s`, `90` and 90, in seconds."""
    if isinstance(duration, int):
        return duration
    if duration.isdigit():
        return int(duration)
    return sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)([hms])", duration))


TUNE = Property(name="tune", computed=True, nested=_TUNE, same=_same_tune)


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
        if path != identity:
            remount(client, identity, path, namespace)
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
        client.delete(f"sys/mounts/{identity}", state.get("namespace"))

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
        client.delete(f"sys/auth/{identity}", state.get("namespace"))

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
