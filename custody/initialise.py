"""Step c: the one moment that can't be repeated."""

from pathlib import Path
from typing import Any

from custody import envelope, names
from custody.envelope import Answer, DataKey
from custody.errors import CustodyError, RefusedError, UnreachableError
from custody.interruption import deferred_signals
from custody.request import Request
from custody.secret import Secret
from custody.states import Intent, lost_init
from custody.store import Custody
from custody.vault import INVALID, Cluster, ask


def initialise(
    request: Request, cluster: Cluster, custody: Custody, intent: Intent, key: DataKey
) -> None:
    """Init the first member; its answer goes, as ciphertext, to a local file and to the bucket.

    Between the answer and the file stand a local cipher and an fsync, and nothing else: no KMS call, no output.
    Either copy suffices for a next run.

    Raises:
        LostInitError: if the server's answer did not arrive, or neither copy could be written.
        CustodyError: if only the bucket could not be written: the file is there, run again.

    """
    with deferred_signals():
        answer = _init(request, cluster, intent)
        sealed = envelope.seal(answer, intent=intent.id, key=key)
        path = envelope.local_path(request.directory, intent.id)
        on_disk = _try_file(path, sealed)
        try:
            stored = custody.put(names.ENVELOPE, sealed)
        except CustodyError as error:
            if not on_disk:
                raise lost_init(request, intent) from None
            raise CustodyError(
                f"init's answer lies encrypted in {path}, and not yet in the bucket: {error.cause}",
                f"keep that file. {error.cure}",
            ) from None
    if not stored and not on_disk:
        raise lost_init(request, intent)


def _init(request: Request, cluster: Cluster, intent: Intent) -> Answer:
    client = cluster.client(request.cluster.members[0])
    try:
        # An unsealing seal takes recovery_* and refuses secret_*; Shamir the other way round.
        kind = "secret" if intent.role == "unseal" else "recovery"
        numbers = {
            f"{kind}_shares": intent.recovery_shares,
            f"{kind}_threshold": intent.recovery_threshold,
        }
        answer: dict[str, Any] = ask(
            client.url, "init", lambda: client.adapter.put("/v1/sys/init", json=numbers)
        )
    except UnreachableError as error:
        raise _unanswered(request, cluster, intent, error) from None
    except RefusedError as error:
        if error.reason == INVALID:
            raise CustodyError(
                f"{client.url} was initialised between the look and now",
                "another run is under way: let it end, then run again",
            ) from None
        raise _unanswered(request, cluster, intent, error) from None
    return Answer(
        keys=tuple(
            Secret(each) for each in answer["keys" if intent.role == "unseal" else "recovery_keys"]
        ),
        role=intent.role,
        root_token=Secret(answer["root_token"]),
    )


def _unanswered(
    request: Request, cluster: Cluster, intent: Intent, error: CustodyError
) -> CustodyError:
    """Tell an init that never happened from one whose answer was lost."""
    if any(member is not None and member.initialised for member in cluster.members()):
        return lost_init(request, intent)
    return error


def _try_file(path: Path, content: bytes) -> bool:
    try:
        envelope.write_durably(path, content)
    except CustodyError:
        return False
    return True
