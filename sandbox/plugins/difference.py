"""What differs, in the engine's words."""

from collections.abc import Mapping
from typing import Any

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.kind import Kind, Values
from sandbox.plugins.values import holds_unknown


def diff_response(names: Mapping[str, bool], old: Values, new: Values) -> provider_pb2.DiffResponse:
    """`names`: what differs -> whether that replaces the resource."""
    kinds = provider_pb2.PropertyDiff
    detailed = {}
    for name, replaces in names.items():
        if name not in new:
            kind = kinds.DELETE_REPLACE if replaces else kinds.DELETE
        elif name not in old:
            kind = kinds.ADD_REPLACE if replaces else kinds.ADD
        else:
            kind = kinds.UPDATE_REPLACE if replaces else kinds.UPDATE
        detailed[name] = kinds(kind=kind)
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if names else response.DIFF_NONE,
        diffs=list(names),
        replaces=[name for name, replaces in names.items() if replaces],
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def inputs_now(kind: Kind[Any], found: Values, inputs: Values) -> dict[str, Any]:
    """Give the inputs that would have made what was found: the state's own, but for what drifted."""
    now = dict(inputs)
    for each in kind.properties.values():
        if each.output or each.write_only or each.believed:
            continue
        value = found.get(each.name)
        if each.name in inputs:
            if not each.same(value, inputs[each.name]) and not holds_unknown(inputs[each.name]):
                now[each.name] = value if value is not None else each.default
        elif (not inputs or not each.computed) and not each.same(value, each.default):
            now[each.name] = value
    return now
