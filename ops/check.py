"""`python -m ops check`: settings and catalogue checked from their files, with no engine and no network."""

from pathlib import Path

from settings.load import examine
from settings.stack import of_file


def check(root: Path, stack: str, config_file: Path | None = None) -> str:
    """Check what `pulumi up` would read; give one line that says what was found.

    `config_file` replaces the stack's own file, as `pulumi --config-file` does; lines are still given in the
    stack's own, where people edit.

    Raises:
        MistakesError: with every mistake of all files.

    """
    _, catalog = examine(of_file(root, stack, config_file), root)
    return f"{stack}: {len(catalog.services)} services and {len(catalog.teams)} teams, no mistake"
