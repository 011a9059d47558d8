"""What custody's objects are called, by what may happen to them: one fact for the documents of both clouds."""

from typing import Literal

VERSIONS_MAY_GO = ("vault-root", "vault-test")
"""Custody's only objects whose versions may be deleted: a revoked root token and the pre-flight probe."""

OBJECTS_MAY_GO = ("strongroom-envelope", *VERSIONS_MAY_GO)
"""Custody's objects that may be hidden by a delete marker. The envelope's versions stay."""

KEYS = {"recovery": "vault-recovery-*", "unseal": "vault-unseal-*"}
"""Custody's keys, by what they are good for: with a seal that unseals by itself, and with Shamir's."""

OBJECTS_STAY = (*KEYS.values(), "strongroom-intent", "strongroom-owner")
"""Custody's objects that nobody hides or deletes in any version: keys, and whose they are. The envelope is
not among them: it may be hidden, and moto can't tell that from the deletion of one of its versions.
While a seal is migrated its former keys may be hidden, too, once they have their new name; their versions stay."""


def released(role: Literal["recovery", "unseal"] | None) -> tuple[str, ...]:
    """Give the names of the keys that lose their role in a migration of the seal, and may be hidden; None: no key's."""
    return () if role is None else (KEYS[role],)
