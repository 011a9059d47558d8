"""What the settings say about the seal, as the servers take it. Pure, but for the file that holds a token."""

from collections.abc import Callable
from pathlib import Path

import pulumi

from components.cloud.contract import Seal
from components.server.seals import TransitSealArgs, shamir_seal, taking_over, transit_seal
from settings import seal as said
from settings.model import Settings


def seal_of(
    settings: Settings, kms: Seal, stack_secret: Callable[[], "pulumi.Output[str]"]
) -> Seal:
    """Give the seal, with the former one while servers migrate. `kms` is the cloud's own.

    The cloud's key is declared whatever seals Vault: nothing else opens a snapshot from before a migration.
    """

    def one(seal: said.Seal | None) -> Seal:
        match seal:
            case said.TransitSeal():
                return transit_seal(
                    TransitSealArgs(
                        address=seal.address,
                        key_name=seal.key_name,
                        mount_path=seal.mount_path,
                        namespace=seal.namespace,
                        ca_file=seal.ca,
                        # The command line ends what it prints with a newline.
                        token=Path(seal.token_file).read_text().strip()
                        if seal.token_file
                        else stack_secret(),
                    )
                )
            case said.ShamirSeal():
                return shamir_seal()
            case said.KmsSeal() | None:
                return kms

    former = settings.former_seal
    return taking_over(one(settings.seal), None if former is None else one(former))
