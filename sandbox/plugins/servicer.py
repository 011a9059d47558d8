"""Pulumi's resource provider protocol over a table of kinds: the part that every stand-in has in common.

Secrets: the engine is told that we accept none, so resources' values arrive bare and the engine marks them
again by name; what a table calls secret is marked here besides. A provider's own configuration arrives
wrapped whatever we say. No value is ever logged.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic

import grpc  # type: ignore[import-untyped]  # ships no types
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.plugins import patience
from sandbox.plugins.answers import one_line
from sandbox.plugins.difference import diff_response
from sandbox.plugins.errors import IncompleteError, RefusedError
from sandbox.plugins.kind import Client, Difference, Kind, Values
from sandbox.plugins.values import UNKNOWN, from_struct, to_struct

# What Pulumi itself puts among a provider's inputs.
_PULUMIS_OWN = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "parameterization"})
_INTERNAL = "__"


@dataclass(frozen=True, kw_only=True)
class Plugin(Generic[Client]):
    """One stand-in: what it is called and its tables."""

    name: str
    version: str
    settings: Mapping[str, Callable[[str], Any]]
    """Provider configuration: name -> how its text is read (`str` or `json.loads`)."""
    kinds: Mapping[str, Kind[Client]]
    """Type token -> kind."""
    connect: Callable[[Values], Client]
    """Make the client. Called once; what contacts the server must wait until it is needed."""
    invokes: Mapping[str, Callable[[Client, Values], Values]] = field(default_factory=dict)
    others: Callable[[str], Kind[Client] | None] = lambda _: None
    """Kind of a type token that no table can list, such as a custom resource's."""
    nulls: bool = False
    """Whether nulls inside values say something."""
    cancel: Callable[[Client], None] | None = None
    """End what takes long. Without it what is under way ends by itself."""
    close: Callable[[Client], None] | None = None


class Servicer(provider_pb2_grpc.ResourceProviderServicer, Generic[Client]):
    """Serves one plugin to one engine."""

    def __init__(self, plugin: Plugin[Client]) -> None:
        self._plugin = plugin
        self._client: Client | None = None

    def close(self) -> None:
        """Let go of the server; never raises and never takes long."""
        if self._client is not None and self._plugin.close is not None:
            self._plugin.close(self._client)

    # -- the provider itself

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802, ARG002
        """Give the version that the SDK asks for."""
        return plugin_pb2.PluginInfo(version=self._plugin.version)

    @one_line
    def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802, ARG002
        """Refuse configuration that the stand-in doesn't know."""
        known = self._plugin.settings.keys() | _PULUMIS_OWN
        unknown = [n for n in request.news.fields if n not in known and not n.startswith(_INTERNAL)]
        return provider_pb2.CheckResponse(
            inputs=request.news,
            failures=[
                provider_pb2.CheckFailure(
                    property=name,
                    reason=f"provider {self._plugin.name} of the sandbox has no setting {name!r}",
                )
                for name in unknown
            ],
        )

    @one_line
    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802, ARG002
        """Settings change in place, as in the official plugins."""
        old = from_struct(request.old_inputs if request.HasField("old_inputs") else request.olds)
        new = from_struct(request.news)
        names = {n for n in old.keys() | new.keys() if old.get(n) != new.get(n)} - _PULUMIS_OWN
        return diff_response(
            Difference(
                replaces=dict.fromkeys(sorted(names), False),
                added=frozenset(names - old.keys()),
                removed=frozenset(names - new.keys()),
            )
        )

    @one_line
    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:  # noqa: N802, ARG002
        """Read the settings. Secrets among them arrive wrapped, and lists and objects as JSON text."""
        values = from_struct(request.args)
        settings = {
            name: read(values[name]) if isinstance(values[name], str) else values[name]
            for name, read in self._plugin.settings.items()
            if name in values
        }
        self._client = self._plugin.connect(settings)
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:  # noqa: N802, ARG002
        """End what waits; what is short ends by itself."""
        if self._client is not None and self._plugin.cancel is not None:
            self._plugin.cancel(self._client)
        return Empty()

    # -- resources

    @one_line
    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802, ARG002
        """Refuse a type or property that the table doesn't know; name what wants a name."""
        kind = self._kind(request.urn)
        token = _token(request.urn)
        inputs = self._values(request.news)
        failures = []
        for name, value in inputs.items():
            known = kind.properties.get(name)
            wrong = [name] if known is None or known.output else known.unknown_fields(value)
            failures += [
                provider_pb2.CheckFailure(
                    property=name, reason=f"{token} of the sandbox has no property {each!r}"
                )
                for each in wrong
            ]
        if failures:
            return provider_pb2.CheckResponse(inputs=request.news, failures=failures)
        olds = self._values(request.olds)

        def own_name(digits: int) -> str:
            return _own_name(request, digits)

        inputs, refused = kind.checked(self._connected(), inputs, olds, own_name)
        failures += [provider_pb2.CheckFailure(property=n, reason=r) for n, r in refused.items()]
        return provider_pb2.CheckResponse(inputs=self._struct(kind, inputs), failures=failures)

    @one_line
    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802, ARG002
        """Hold the declared inputs against the state, as read last."""
        kind = self._kind(request.urn)
        state, olds, inputs = map(self._values, (request.olds, request.old_inputs, request.news))
        difference = kind.difference(self._connected(), state, olds, inputs)
        return diff_response(difference, ignored=list(request.ignoreChanges))

    @one_line
    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:  # noqa: N802, ARG002
        """Make it; a preview tells what will be known and what not."""
        kind = self._kind(request.urn)
        inputs = kind.completed(self._values(request.properties))
        if request.preview:
            state = kind.kept(inputs)
            for each in kind.properties.values():
                if (each.output or each.computed) and each.name not in state:
                    state[each.name] = UNKNOWN
            return provider_pb2.CreateResponse(properties=self._struct(kind, state))
        with patience.of(request.timeout), self._told(kind):
            made = kind.create(self._connected(), inputs)
        return provider_pb2.CreateResponse(
            id=made.identity, properties=self._struct(kind, kind.kept(made.state))
        )

    @one_line
    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:  # noqa: N802, ARG002
        """Find drift; without a state it is an import."""
        kind = self._kind(request.urn)
        state, inputs = self._values(request.properties), self._values(request.inputs)
        with self._told(kind, inputs):
            found = kind.read(self._connected(), request.id, state)
        if found is None:
            return provider_pb2.ReadResponse()
        found = kind.kept(found)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=self._struct(kind, found),
            inputs=self._struct(kind, kind.inputs_now(found, inputs)),
        )

    @one_line
    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:  # noqa: N802, ARG002
        """Change it in place."""
        kind = self._kind(request.urn)
        state = self._values(request.olds)
        inputs = kind.completed(self._values(request.news))
        if request.preview:
            new = kind.previewed(state, inputs)
            new |= {each.name: UNKNOWN for each in kind.properties.values() if each.volatile}
        else:
            with patience.of(request.timeout), self._told(kind):
                new = kind.kept(kind.update(self._connected(), request.id, state, inputs))
        return provider_pb2.UpdateResponse(properties=self._struct(kind, new))

    @one_line
    def Delete(self, request: Any, context: Any) -> Empty:  # noqa: N802, ARG002
        """Delete it."""
        kind = self._kind(request.urn)
        with patience.of(request.timeout):
            kind.delete(self._connected(), request.id, self._values(request.properties))
        return Empty()

    @one_line
    def Invoke(self, request: Any, context: Any) -> provider_pb2.InvokeResponse:  # noqa: N802, ARG002
        """Answer a function, if the table has it."""
        function = self._plugin.invokes.get(request.tok)
        if function is None:
            raise RefusedError(f"the sandbox's plugin has no function {request.tok}")
        return provider_pb2.InvokeResponse(
            **{"return": to_struct(function(self._connected(), from_struct(request.args)))}
        )

    # -- what they share

    def _kind(self, urn: str) -> Kind[Client]:
        token = _token(urn)
        kind = self._plugin.kinds.get(token) or self._plugin.others(token)
        if kind is None:
            raise RefusedError(
                f"the sandbox's stand-in for plugin {self._plugin.name} has no type {token}; "
                "use the official plugin or add a line to its table"
            )
        return kind

    def _connected(self) -> Client:
        if self._client is None:
            raise RefusedError(f"provider {self._plugin.name} is not configured")
        return self._client

    @contextmanager
    def _told(self, kind: Kind[Client], inputs: Values | None = None) -> Iterator[None]:
        """Complete what an unfinished resource's error tells the engine; `inputs` only of a read."""
        try:
            yield
        except IncompleteError as error:
            error.state = kind.kept(error.state)
            error.secret, error.nulls = _secret(kind), self._plugin.nulls
            error.inputs = None if inputs is None else kind.inputs_now(error.state, inputs)
            raise

    def _values(self, struct: Any) -> dict[str, Any]:
        return from_struct(struct, nulls=self._plugin.nulls)

    def _struct(self, kind: Kind[Client], values: Values) -> Any:
        return to_struct(values, secret=_secret(kind), nulls=self._plugin.nulls)


def _secret(kind: Kind[Any]) -> list[str]:
    return [each.name for each in kind.properties.values() if each.secret]


def _token(urn: str) -> str:
    # urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>
    return urn.split("::")[2].rpartition("$")[2]


def _own_name(request: Any, digits: int) -> str:
    """Name it as the official plugins do: the resource's name and some hex digits."""
    seed = request.randomSeed or secrets.token_bytes(32)
    return f"{request.urn.split('::', 3)[3]}-{hashlib.sha256(seed).hexdigest()[:digits]}"
