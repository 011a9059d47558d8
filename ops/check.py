"""`python -m ops check`: settings, catalogue and what stands beside the policies, with no engine and no network."""

from collections.abc import Iterator
from pathlib import Path

from mistakes import Mistake, MistakesError
from settings.load import examine
from settings.stack import of_file

_BESIDE = ("policies/exceptions.yaml", "policies/tuning.yaml")


def check(root: Path, stack: str, config_file: Path | None = None) -> str:
    """Check what `pulumi up` would read; give one line that says what was found.

    `config_file` replaces the stack's own file, as `pulumi --config-file` does; lines are still given in the
    stack's own, where people edit.

    Raises:
        MistakesError: with every mistake of all files.

    """
    mistakes = list(_beside_policies(root))
    try:
        _, catalog = examine(of_file(root, stack, config_file), root)
    except MistakesError as error:
        raise MistakesError([*error.mistakes, *mistakes]) from None
    if mistakes:
        raise MistakesError(mistakes)
    return f"{stack}: {len(catalog.services)} services and {len(catalog.teams)} teams, no mistake"


def _beside_policies(root: Path) -> Iterator[Mistake]:
    """Read the files beside the policies as the policy pack does, which else says it at a preview's end."""
    if not any((root / name).exists() for name in _BESIDE):
        return
    # They import Pulumi's SDK.
    from policies.framework import exceptions, tuning  # noqa: PLC0415
    from policies.rules import RULES  # noqa: PLC0415

    of_exceptions, of_tuning = (root / name for name in _BESIDE)
    for said in (
        *exceptions.read(of_exceptions, {rule.name for rule in RULES}).mistakes,
        *tuning.read(of_tuning, RULES).mistakes,
    ):
        place, _, text = said.partition(": ")
        file, _, line = place.partition(":")
        wrong, _, cure = text.partition("; ")
        yield Mistake(
            file=file,
            line=int(line) if line else None,
            wrong=wrong,
            cure=cure or "docs/policies.md shows how it is written",
        )
