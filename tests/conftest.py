"""Runs a program against Pulumi's mock engine and records what it declares.

def test_the_key_rotates(declare: Declare) -> None:
    declared = declare(lambda: SealKey("vault", SealKeyArgs(...)))
    assert declared.one("aws:kms/key:Key")["enableKeyRotation"] is True
    assert declared.resource("aws:kms/key:Key").protect
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import hypothesis
import pulumi
import pytest
from pulumi.runtime import mocks, resource, rpc, settings
from pulumi.runtime.proto import resource_pb2, source_pb2
from pulumi.runtime.stack import Stack

STACK = "test"
STACK_TYPE = "pulumi:pulumi:Stack"


# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("strongroom", deadline=None)
hypothesis.settings.load_profile("strongroom")


def pytest_configure(config: pytest.Config) -> None:
    """Let the clouds' SDKs warn of their own modules: importing one imports those that it calls deprecated."""
    config.addinivalue_line(
        "filterwarnings",
        r"ignore:alicloud\.\S* has been deprecated in favor of:DeprecationWarning",
    )
    config.addinivalue_line(
        "filterwarnings", r"ignore:(aws\.)?s3\S* has been deprecated in favor of:DeprecationWarning"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in a line for each reason what was skipped."""
    reports = terminalreporter.getreports("skipped")
    for reason, count in Counter(_reason(report.longrepr) for report in reports).items():
        terminalreporter.line(f"{count} skipped: {reason}")


def _reason(skipped: tuple[str, int, str]) -> str:
    return skipped[2].removeprefix("Skipped: ")


Outputs = Callable[["Resource"], Mapping[str, Any]]
"""Properties (camelCase) that the cloud would add to a resource's inputs; "id" sets its id."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registration as the engine receives it. Names of other resources are logical names."""

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    """Plain values, camelCase; a value that held a secret anywhere is named in `secrets`."""
    secrets: frozenset[str]
    secret_outputs: frozenset[str]
    """`additional_secret_outputs`."""
    parent: str | None
    """None at the top."""
    provider: str | None
    """The explicit provider of this resource; None where the engine's default serves it."""
    providers: Mapping[str, str]
    """Package -> provider that a component hands to its children."""
    dependencies: frozenset[str]
    property_dependencies: Mapping[str, frozenset[str]]
    protect: bool
    delete_before_replace: bool | None
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    replacement_trigger: Any
    aliases: tuple[str, ...]
    """URNs or names that the resource had before."""
    deleted_with: str | None
    imported: str | None
    """The id of what is there already, which the engine takes over."""
    custom: bool
    """False for a component."""


class Declared:
    """What one program declared."""

    def __init__(self) -> None:
        self.resources: list[Resource] = []
        self.exports: dict[str, Any] = {}
        self.secret_exports: frozenset[str] = frozenset()
        self.result: Any = None
        """What the program returned; an Output's value."""
        self.result_is_secret: bool = False

    def all(self, resource_type: str) -> list[Resource]:
        """Every resource of this type, in the order of their names."""
        found = [resource for resource in self.resources if resource.type == resource_type]
        return sorted(found, key=lambda resource: resource.name)

    def resource(self, resource_type: str, name: str | None = None) -> Resource:
        """Find the only resource of this type (and name)."""
        found = [r for r in self.all(resource_type) if name in (None, r.name)]
        if len(found) != 1:
            declared = [f"{r.type} {r.name}" for r in self.resources]
            raise AssertionError(f"{len(found)} of {resource_type} {name or ''} in {declared}")
        return found[0]

    def one(self, resource_type: str, name: str | None = None) -> dict[str, Any]:
        """Give the inputs of the only resource of this type (and name)."""
        return self.resource(resource_type, name).inputs


class Declare(Protocol):
    """`declare(program)`; see `Declared`."""

    def __call__(
        self,
        program: Callable[[], object],
        *,
        outputs: Outputs | None = None,
        config: Mapping[str, str] | None = None,
        secret_config: Mapping[str, str] | None = None,
        preview: bool = False,
    ) -> Declared:
        """Run the program to its end and return what it declared.

        `outputs` adds what a cloud would (default: an `arn` for each resource). `config` and
        `secret_config` are the stack's configuration, keys with their namespace. With `preview`,
        ids and everything that isn't an input are unknown, as before the first `up`.
        """
        ...


class _NoCalls(pulumi.runtime.Mocks):
    """Provider functions reach over the network in a real program: none is expected."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> NoReturn:
        raise AssertionError(f"unmocked read: {args.typ} {args.name}")

    def call(self, args: pulumi.runtime.MockCallArgs) -> NoReturn:
        raise AssertionError(f"unmocked provider call: {args.token}")


class _Monitor(mocks.MockMonitor):
    """Keeps the whole request where the SDK's own monitor passes on type, name and inputs."""

    def __init__(self, declared: Declared, outputs: Outputs, *, preview: bool) -> None:
        super().__init__(_NoCalls())
        self._declared = declared
        self._outputs = outputs
        self._preview = preview

    def RegisterResource(  # noqa: N802  gRPC's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)

        mocks._ensure_event_loop()  # type: ignore[attr-defined, no-untyped-call]  # as the SDK's own monitor does
        resource = _resource(request, urn)
        self._declared.resources.append(resource)

        added = {} if self._preview else dict(self._outputs(resource))
        id_ = "" if self._preview or not request.custom else f"{resource.name}-id"
        id_ = added.pop("id", id_)
        state = {
            key: _secret(value) if key in resource.secrets | resource.secret_outputs else value
            for key, value in (added | resource.inputs).items()
        }
        self.resources[urn] = mocks.MockMonitor.ResourceRegistration(urn, id_, state)
        serialized = mocks._sync_await(rpc.serialize_properties(state, {}))  # type: ignore[attr-defined]
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=serialized)


def _resource(request: resource_pb2.RegisterResourceRequest, urn: str) -> Resource:
    raw = rpc.deserialize_properties(request.object, keep_unknowns=True)
    return Resource(
        type=request.type,
        name=request.name,
        urn=urn,
        inputs={key: _plain(value) for key, value in raw.items()},
        secrets=frozenset(key for key, value in raw.items() if rpc.is_rpc_secret(value)),
        secret_outputs=frozenset(request.additionalSecretOutputs),
        parent=_parent(request.parent),
        provider=_name(request.provider),
        providers={package: _name(ref) or "" for package, ref in request.providers.items()},
        dependencies=_names(request.dependencies),
        property_dependencies={
            key: _names(value.urns) for key, value in request.propertyDependencies.items()
        },
        protect=request.protect,
        delete_before_replace=(
            request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None
        ),
        retain_on_delete=request.retainOnDelete,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        replacement_trigger=(
            _plain(rpc.deserialize_property(_value(request.replacement_trigger)))
            if request.HasField("replacement_trigger")
            else None
        ),
        aliases=tuple(alias.urn or alias.spec.name for alias in request.aliases),
        deleted_with=_name(request.deletedWith),
        custom=request.custom,
        imported=request.importId or None,
    )


def _value(value: Any) -> Any:
    """Open a protobuf Value as far as the SDK's deserializer wants it."""
    kind = value.WhichOneof("kind")
    return None if kind == "null_value" else getattr(value, kind)


def _plain(value: Any) -> Any:
    """Secrets are lifted to the top by the deserializer: one wrapper at most."""
    return rpc.unwrap_rpc_secret(value)


def _secret(value: Any) -> Any:
    return pulumi.Output.secret(value)


def _name(reference: str) -> str | None:
    """Take the logical name from `urn:pulumi:stack::project::type::name` and `<urn>::<id>`."""
    return reference.split("::")[3] if reference else None


def _names(urns: Any) -> frozenset[str]:
    return frozenset(urn.split("::")[3] for urn in urns)


def _parent(urn: str) -> str | None:
    return None if not urn or urn.split("::")[2] == STACK_TYPE else _name(urn)


def _an_arn(resource: Resource) -> Mapping[str, Any]:
    return {"arn": f"arn:{resource.name}"}


@pytest.fixture(autouse=True)
def _no_source_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each resource the SDK walks the whole stack, which under pytest takes a quarter of a test's time."""
    monkeypatch.setattr(resource, "_get_stack_trace", source_pb2.StackTrace)


@pytest.fixture
def declare() -> Iterator[Declare]:
    """Run a program under the mock engine; see `Declare`."""

    def run(
        program: Callable[[], object],
        *,
        outputs: Outputs | None = None,
        config: Mapping[str, str] | None = None,
        secret_config: Mapping[str, str] | None = None,
        preview: bool = False,
    ) -> Declared:
        declared = Declared()
        if config is not None or secret_config is not None:
            pulumi.runtime.set_all_config(
                {**(config or {}), **(secret_config or {})}, list(secret_config or {})
            )
        # A root per run: exports of an earlier program must not show up in this one.
        settings.ROOT.set(None)
        pulumi.runtime.set_mocks(
            _NoCalls(),
            project="strongroom",
            stack=STACK,
            preview=preview,
            monitor=_Monitor(declared, outputs or _an_arn, preview=preview),
        )

        @pulumi.runtime.test  # type: ignore[untyped-decorator]
        def build() -> Any:
            result = program()
            root = settings.get_root_resource()
            exports = dict(root.outputs) if isinstance(root, Stack) else {}
            return _record(declared, result, exports)

        build()  # returns only once every registration has landed
        return declared

    yield run
    settings.ROOT.set(None)
    pulumi.runtime.set_all_config({}, [])


async def _record(declared: Declared, result: object, exports: dict[str, Any]) -> None:
    if isinstance(result, pulumi.Output):
        declared.result = await result.future(with_unknowns=True)
        declared.result_is_secret = await result.is_secret()
    else:
        declared.result = result
    secrets = set()
    for name, value in exports.items():
        output = pulumi.Output.from_input(value)
        declared.exports[name] = await output.future(with_unknowns=True)
        if await output.is_secret():
            secrets.add(name)
    declared.secret_exports = frozenset(secrets)
