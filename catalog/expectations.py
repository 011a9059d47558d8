"""Whether the catalogue's acls come to what its files expect of them."""

from collections.abc import Iterator, Sequence

from acl.stanza import Flavour
from catalog.model import KEY_VALUE, Catalog
from catalog.reader import Expected
from mistakes import Mistake


def broken_expectations(
    catalog: Catalog, expected: Sequence[Expected], flavour: Flavour
) -> Iterator[Mistake]:
    """Name each that is not met, with the rule that breaks it."""
    if not expected:
        return
    # Most catalogues expect nothing: then no parser is loaded.
    from catalog.permissions import Permissions  # noqa: PLC0415

    permissions = Permissions(catalog=catalog, flavour=flavour)
    for each in expected:
        said = each.expectation
        answer = permissions.answer(each.bearer, said.capability, said.path)
        if answer.allowed == said.allowed:
            continue
        verb = "can't" if said.allowed else "can"
        wrong = f"{each.bearer} {verb} {said.capability} {answer.path}: {answer.decision.reason}"
        cure = "change what grants it" if answer.allowed else _grant(each, answer.path)
        yield each.mistake(wrong, f"{cure}, or change the expectation")


def _grant(expected: Expected, path: str) -> str:
    is_team = ":" in expected.bearer
    if is_team or expected.expectation.capability != "read" or not path.startswith(f"{KEY_VALUE}/"):
        return "grant it"
    return "grant it (`shares:` in the other service's file)"
