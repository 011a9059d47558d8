"""What is proven before init: a server that is initialised and whose keys can't be stored is lost."""

from custody import envelope, generate_root, names
from custody.errors import CustodyError
from custody.request import Request, SealKind
from custody.store import Custody
from custody.vault import Cluster


def prove_custody(request: Request, custody: Custody) -> None:
    """Encrypt, store, read back, decrypt and delete Bank-Vaults' probe; write a file where the envelope will lie.

    Bank-Vaults itself encrypts and stores its probe and never decrypts it.
    """
    envelope.prove_writable(request.directory)
    custody.describe_key()
    custody.erase(names.PROBE)
    wanted = names.PROBE.encode()
    ciphertext = custody.encrypt(wanted)
    if not custody.put(names.PROBE, ciphertext) or custody.get(names.PROBE) != ciphertext:
        raise CustodyError(
            f"{names.PROBE} in custody does not hold what was just put there",
            "another run is using this custody: let it end, then run again",
        )
    if custody.decrypt(ciphertext) != wanted:
        raise CustodyError(
            f"{custody.place.custody_key} does not give back what it encrypted",
            "check that writer and reader role use the same key",
        )
    custody.erase(names.PROBE)


def prove_generate_root(cluster: Cluster) -> None:
    """Refuse servers on which no root token could be minted once the first one is revoked."""
    shut = cluster.closed_to_generate_root()
    if shut:
        raise generate_root.closed(shut)


def prove_seal(cluster: Cluster, custody: Custody, seal: SealKind) -> None:
    """Use the seal key as the servers will, and see that they unseal themselves; with Shamir, that they don't.

    With another seal init would give unseal keys instead of recovery keys, or the other way round.
    """
    if seal == "shamir":
        for member in cluster.members():
            if member is not None and member.recovery_seal:
                raise CustodyError(
                    f"{member.url} has a seal that unseals by itself, and Shamir is declared",
                    "take the seal stanza out of its configuration and start it anew with empty storage",
                )
        return
    custody.prove_seal()
    for member in cluster.members():
        if member is not None and not member.recovery_seal:
            raise CustodyError(
                f"{member.url} has no seal that unseals by itself",
                "give its configuration a seal stanza and start it anew with empty storage",
            )
