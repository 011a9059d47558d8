"""Pulumi's resource provider protocol over a table of kinds: the part that every stand-in has in common.

Secrets: the engine is told that we accept none, so resources' values arrive bare and the engine marks them
again by name; what a table calls secret is marked here besides. A provider's own configuration arrives
wrapped whatever we say. No value is ever logged.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Generic, TypeVar

import grpc  # type: ignore[import-untyped]  # ships no types
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.plugins.difference import diff_response, inputs_now
from sandbox.plugins.errors import IncompleteError, RefusedError
from sandbox.plugins.kind import Client, Kind, Values
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
    close: Callable[[Client], None] | None = None


Request = TypeVar("Request")
Answer = TypeVar("Answer")
Method = Callable[[Any, Any, grpc.ServicerContext], Answer]


def _one_line(method: Method[Answer]) -> Method[Answer]:
    """Turn what a method raises into one line for the engine."""

    @wraps(method)
    def answer(self: Any, request: Any, context: grpc.ServicerContext) -> Answer:
        try:
            return method(self, request, context)
        except IncompleteError as error:
            context.set_trailing_metadata(_as_incomplete(error))
            wrong = str(error)
        except RefusedError as error:
            wrong = str(error)
        except Exception as error:  # noqa: BLE001  a bug of ours: named, but its text may hold a value
            wrong = f"the stand-in plugin failed: {_place(error)}"
        raise AssertionError(context.abort(grpc.StatusCode.UNKNOWN, wrong))  # abort raises

    return answer


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = (
        ""
        if trace is None
        else f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    )
    return f"{type(error).__name__}{where}"


def _as_incomplete(error: IncompleteError) -> tuple[tuple[str, bytes], ...]:
    """Tell the engine that the resource exists all the same (pulumirpc.ErrorResourceInitFailed)."""
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.identity,
            properties=to_struct(error.state, secret=error.secret),
            reasons=[str(error)],
        )
    )
    return (("grpc-status-details-bin", status.SerializeToString()),)


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

    @_one_line
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

    @_one_line
    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802, ARG002
        """Settings change in place, as in the official plugins."""
        old = from_struct(request.old_inputs if request.HasField("old_inputs") else request.olds)
        new = from_struct(request.news)
        names = sorted(n for n in old.keys() | new.keys() if old.get(n) != new.get(n))
        return diff_response({name: False for name in names if name not in _PULUMIS_OWN}, old, new)

    @_one_line
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
        """What is under way is short: it ends by itself."""
        return Empty()

    # -- resources

    @_one_line
    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802, ARG002
        """Refuse a type or property that the table doesn't know; name what wants a name."""
        kind = self._kind(request.urn)
        token = _token(request.urn)
        inputs = from_struct(request.news)
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
        olds = from_struct(request.olds)
        for each in kind.properties.values():
            if each.autonamed and each.name not in inputs:
                inputs[each.name] = olds.get(each.name) or _own_name(request)
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=failures)

    @_one_line
    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802, ARG002
        """Hold the declared inputs against the state, as read last."""
        kind = self._kind(request.urn)
        state, inputs = from_struct(request.olds), from_struct(request.news)
        ignored = set(request.ignoreChanges)
        changed = [name for name in kind.changed(state, inputs) if name not in ignored]
        return diff_response(
            {name: kind.properties[name].immutable for name in changed}, state, inputs
        )

    @_one_line
    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:  # noqa: N802, ARG002
        """Make it; a preview tells what will be known and what not."""
        kind = self._kind(request.urn)
        inputs = kind.completed(from_struct(request.properties))
        if request.preview:
            state = kind.kept(inputs)
            for each in kind.properties.values():
                if (each.output or each.computed) and each.name not in state:
                    state[each.name] = UNKNOWN
            return provider_pb2.CreateResponse(properties=self._struct(kind, state))
        try:
            made = kind.create(self._connected(), inputs)
        except IncompleteError as error:
            error.secret = _secret(kind)
            raise
        return provider_pb2.CreateResponse(
            id=made.identity, properties=self._struct(kind, kind.kept(made.state))
        )

    @_one_line
    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:  # noqa: N802, ARG002
        """Find drift; without a state it is an import."""
        kind = self._kind(request.urn)
        state, inputs = from_struct(request.properties), from_struct(request.inputs)
        found = kind.read(self._connected(), request.id, state)
        if found is None:
            return provider_pb2.ReadResponse()
        found = kind.kept(found)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=self._struct(kind, found),
            inputs=self._struct(kind, inputs_now(kind, found, inputs)),
        )

    @_one_line
    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:  # noqa: N802, ARG002
        """Change it in place."""
        kind = self._kind(request.urn)
        state = from_struct(request.olds)
        inputs = kind.completed(from_struct(request.news))
        if request.preview:
            new = {
                name: value
                for name, value in state.items()
                if name in kind.properties
                and (kind.properties[name].output or kind.properties[name].computed)
            }
            new |= kind.kept(inputs)
            new |= {each.name: UNKNOWN for each in kind.properties.values() if each.volatile}
        else:
            new = kind.kept(kind.update(self._connected(), request.id, state, inputs))
        return provider_pb2.UpdateResponse(properties=self._struct(kind, new))

    @_one_line
    def Delete(self, request: Any, context: Any) -> Empty:  # noqa: N802, ARG002
        """Delete it."""
        kind = self._kind(request.urn)
        kind.delete(self._connected(), request.id, from_struct(request.properties))
        return Empty()

    @_one_line
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
        if token not in self._plugin.kinds:
            raise RefusedError(
                f"the sandbox's stand-in for plugin {self._plugin.name} has no type {token}; "
                "use the official plugin or add a line to its table"
            )
        return self._plugin.kinds[token]

    def _connected(self) -> Client:
        if self._client is None:
            raise RefusedError(f"provider {self._plugin.name} is not configured")
        return self._client

    def _struct(self, kind: Kind[Client], values: Values) -> Any:
        return to_struct(values, secret=_secret(kind))


def _secret(kind: Kind[Any]) -> list[str]:
    return [each.name for each in kind.properties.values() if each.secret]


def _token(urn: str) -> str:
    # urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>
    return urn.split("::")[2].rpartition("$")[2]


def _own_name(request: Any) -> str:
    """Name it as the official plugins do: the resource's name and seven hex digits."""
    seed = request.randomSeed or secrets.token_bytes(32)
    return f"{request.urn.split('::', 3)[3]}-{hashlib.sha256(seed).hexdigest()[:7]}"
