"""What differs, in the engine's words."""

from collections.abc import Collection

from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.kind import Difference


def diff_response(
    difference: Difference, ignored: Collection[str] = ()
) -> provider_pb2.DiffResponse:
    """Give all that differs but what lies below a path in `ignored`."""
    kinds = provider_pb2.PropertyDiff
    names = {
        path: replaces
        for path, replaces in difference.replaces.items()
        if not any(_below(path, each) for each in ignored)
    }
    detailed = {}
    for name, replaces in names.items():
        if name in difference.removed:
            kind = kinds.DELETE_REPLACE if replaces else kinds.DELETE
        elif name in difference.added:
            kind = kinds.ADD_REPLACE if replaces else kinds.ADD
        else:
            kind = kinds.UPDATE_REPLACE if replaces else kinds.UPDATE
        detailed[name] = kinds(kind=kind)
    replacing = [name for name, replaces in names.items() if replaces]
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if names else response.DIFF_NONE,
        diffs=list(names),
        replaces=replacing,
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=bool(replacing) and difference.delete_first,
    )


def _below(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))
