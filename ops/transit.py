"""`python -m ops transit-acl`: what the servers may do at the Vault that keeps their seal's key."""

from pathlib import Path

from acl.seal import seal_acl
from ops.stack import StackError
from settings.load import examine
from settings.seal import TransitSeal
from settings.stack import of_file


def transit_acl(root: Path, stack: str, config_file: Path | None = None) -> str:
    """Give the acl's text, as the keeper reads it.

    Raises:
        MistakesError: with every mistake of the stack's file and the catalogue.
        StackError: if no transit key seals this stack's Vault.

    """
    settings, _ = examine(of_file(root, stack, config_file), root)
    for seal in (settings.seal, settings.former_seal):
        if isinstance(seal, TransitSeal):
            return seal_acl(mount_path=seal.mount_path, key_name=seal.key_name)
    raise StackError(f"stack {stack} has no transit seal; write strongroom:seal with kind: transit")
