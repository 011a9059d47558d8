"""The two records in custody: the intent, written before init, and the owner, written last. Both once, as JSON."""

import contextlib
import datetime as dt
import json
import uuid
from typing import Any

from custody import names
from custody.errors import CustodyError
from custody.request import SealKind
from custody.states import Intent, Owner
from custody.store import Custody

_VERSION = 1


def record_intent(
    custody: Custody, *, shares: int, threshold: int, seal: SealKind = "auto"
) -> Intent:
    """Write a new intent.

    Raises:
        CustodyError: if one has been written since we looked: somebody else's run.

    """
    intent = Intent(
        id=str(uuid.uuid4()), recovery_shares=shares, recovery_threshold=threshold, seal=seal
    )
    document = {
        "version": _VERSION,
        "id": intent.id,
        "recovery_shares": shares,
        "recovery_threshold": threshold,
        "seal": seal,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
    if not custody.put(names.INTENT, json.dumps(document).encode()):
        raise CustodyError(
            "another run has just begun with this custody", "let it end, then run again"
        )
    return intent


def read_intent(custody: Custody) -> Intent | None:
    """Give the intent, None if there is none."""
    found = _read(custody, names.INTENT)
    if found is None:
        return None
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return Intent(
            id=str(uuid.UUID(found["id"])),
            recovery_shares=int(found["recovery_shares"]),
            recovery_threshold=int(found["recovery_threshold"]),
            # Earlier intents don't say it.
            seal="shamir" if found.get("seal") == "shamir" else "auto",
        )
    raise _unreadable(names.INTENT)


def record_owner(custody: Custody, owner: Owner) -> None:
    """Mark the intent owned; again with the same cluster is nothing new.

    Raises:
        CustodyError: if it is marked owned by another cluster.

    """
    document = {"version": _VERSION, "intent": owner.intent, "cluster_id": owner.cluster_id}
    if not custody.put(names.OWNER, json.dumps(document).encode()):
        raise CustodyError(
            "custody was marked owned by another cluster meanwhile",
            "look at strongroom-owner in the bucket; use another custody.prefix for this cluster",
        )


def read_owner(custody: Custody) -> Owner | None:
    """Give the owner, None if there is none."""
    found = _read(custody, names.OWNER)
    if found is None:
        return None
    with contextlib.suppress(KeyError):
        return Owner(intent=str(found["intent"]), cluster_id=str(found["cluster_id"]))
    raise _unreadable(names.OWNER)


def _read(custody: Custody, name: str) -> dict[str, Any] | None:
    content = custody.get(name)
    if content is None:
        return None
    with contextlib.suppress(ValueError):
        document = json.loads(content)
        if isinstance(document, dict) and document.get("version") == _VERSION:
            return document
    raise _unreadable(name)


def _unreadable(name: str) -> CustodyError:
    return CustodyError(
        f"{name} in custody is not what this program writes",
        "use another custody.prefix or custody.bucket; nothing was changed",
    )
