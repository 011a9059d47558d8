"""Every type and property in the tables is the installed SDK's."""

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

import pytest
from pulumi import _types

from sandbox.plugins.aws.client import SERVICES
from sandbox.plugins.aws.client import SETTINGS as AWS_SETTINGS
from sandbox.plugins.aws.table import KINDS as AWS_KINDS
from sandbox.plugins.kind import Kind
from sandbox.plugins.kubernetes.client import SETTINGS as KUBERNETES_SETTINGS
from sandbox.plugins.kubernetes.objects import MANAGER, Object
from sandbox.plugins.kubernetes.release import SDK_MARK
from sandbox.plugins.kubernetes.table import KINDS as KUBERNETES_KINDS
from sandbox.plugins.kubernetes.table import OBJECTS, custom
from sandbox.plugins.vault.client import SETTINGS as VAULT_SETTINGS
from sandbox.plugins.vault.table import KINDS as VAULT_KINDS

# pulumi_aws.s3 warns of its own old classes when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:.* deprecated in favor of:DeprecationWarning")

KINDS: dict[str, Kind[Any]] = {**VAULT_KINDS, **AWS_KINDS, **KUBERNETES_KINDS}


def sdk_class(token: str) -> type:
    package, module, name = token.split(":")
    if package == "kubernetes":
        group, version = module.split("/")
        place = f"pulumi_kubernetes.{group.split('.')[0]}.{version}"
        kubernetes: type = getattr(importlib.import_module(place), name)
        return kubernetes
    module = module.split("/")[0]
    place = f"pulumi_{package}" if module == "index" else f"pulumi_{package}.{module}"
    found: type = getattr(importlib.import_module(place), name)
    return found


def inputs_of(cls: type) -> set[str]:
    names = _types.resource_py_to_pulumi_names(cls)
    arguments = inspect.signature(cls._internal_init).parameters  # type: ignore[attr-defined]
    return {names[name] for name in arguments if name in names}


def settings_of(cls: type) -> set[str]:
    arguments = getattr(inspect.getmodule(cls), f"{cls.__name__}Args")
    return set(_types.input_type_py_to_pulumi_names(arguments).values())


def nested_class(hint: Any) -> Any:
    hint = _types.unwrap_type(hint)
    return get_args(hint)[0] if get_origin(hint) is not None else hint


def missing(nested: Mapping[str, Any], hint: Any, path: str) -> Iterator[str]:
    types = _types.output_type_types(nested_class(hint))
    for name, inner in nested.items():
        if name not in types:
            yield f"{path}.{name}"
        elif isinstance(inner, tuple):
            yield from missing(inner[1], types[name], f"{path}.{name}")


@pytest.mark.parametrize("token", KINDS)
def test_a_type_is_the_sdks(token: str) -> None:
    assert getattr(sdk_class(token), "pulumi_type") == token  # noqa: B009  the SDK sets it dynamically


@pytest.mark.parametrize("token", KINDS)
def test_properties_are_the_sdks(token: str) -> None:
    cls = sdk_class(token)
    settable = {p.name for p in KINDS[token].properties.values() if not p.output}
    assert (
        set(KINDS[token].properties) - {MANAGER, SDK_MARK} - set(_types.resource_types(cls))
        == set()
    )
    assert settable - {SDK_MARK} - inputs_of(cls) == set()


@pytest.mark.parametrize("token", KINDS)
def test_outputs_are_none_of_the_inputs(token: str) -> None:
    outputs = {p.name for p in KINDS[token].properties.values() if p.output}
    assert outputs & inputs_of(sdk_class(token)) == set()


@pytest.mark.parametrize("token", KINDS)
def test_fields_inside_properties_are_the_sdks(token: str) -> None:
    types = _types.resource_types(sdk_class(token))
    wrong = [
        name
        for each in KINDS[token].properties.values()
        if each.nested is not None
        for name in missing(each.nested, types[each.name], each.name)
    ]
    assert wrong == []


@pytest.mark.parametrize("token", KINDS)
def test_what_the_sdk_keeps_secret_is_secret_here(token: str) -> None:
    source = inspect.getsource(sdk_class(token))
    found = re.search(r"additional_secret_outputs=\[([^\]]*)\]", source)
    secret = set(re.findall(r'"(\w+)"', found.group(1))) if found else set()
    table = KINDS[token].properties
    assert {name for name in secret if name in table and not table[name].secret} == set()


@pytest.mark.parametrize(
    ("package", "settings"),
    [("vault", VAULT_SETTINGS), ("aws", AWS_SETTINGS), ("kubernetes", KUBERNETES_SETTINGS)],
)
def test_settings_are_the_sdks(package: str, settings: Mapping[str, Any]) -> None:
    provider = importlib.import_module(f"pulumi_{package}").Provider
    assert set(settings) - settings_of(provider) == set()


def test_endpoints_are_the_sdks() -> None:
    arguments = importlib.import_module("pulumi_aws")
    names = _types.input_type_py_to_pulumi_names(arguments.ProviderEndpointArgs).values()
    assert set(SERVICES) - set(names) == set()


@pytest.mark.parametrize("kind", OBJECTS, ids=lambda each: each.kind)
def test_what_replaces_an_object_is_in_the_sdk(kind: Object) -> None:
    [token] = [token for token, each in KINDS.items() if each is kind]
    for path in kind.replacing:
        types: Mapping[str, Any] = _types.resource_types(sdk_class(token))
        for part in path.split("."):
            assert part in types, path
            inner = nested_class(types[part])
            types = _types.output_type_types(inner) if _types.is_output_type(inner) else {}


def test_a_custom_resources_properties_are_the_sdks() -> None:
    kind = custom("kubernetes:cert-manager.io/v1:Certificate")
    assert kind is not None
    arguments = importlib.import_module("pulumi_kubernetes.apiextensions").CustomResourceArgs
    settable = {p.name for p in kind.properties.values() if not p.output}
    assert settable == set(_types.input_type_py_to_pulumi_names(arguments).values())


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:apps/v1:DaemonSet",
        "kubernetes:core/v1:Pod",
        "kubernetes:storage.k8s.io/v1:StorageClass",
        "kubernetes:helm.sh/v4:Chart",
        "kubernetes:yaml:ConfigFile",
    ],
)
def test_an_sdks_type_that_the_table_lacks_is_no_custom_resource(token: str) -> None:
    assert custom(token) is None
