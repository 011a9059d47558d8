"""Init's answer on its way from the envelope to Bank-Vaults' objects."""

from custody import envelope, names
from custody.envelope import Answer, DataKey
from custody.errors import NOT_OURS, CustodyError, RefusedError
from custody.request import Request
from custody.secret import Secret
from custody.states import Intent
from custody.store import Custody


def proven_data_key(custody: Custody) -> DataKey:
    """Take a data key and see that the reader can unwrap it: after init it would be too late to learn."""
    key = custody.data_key()
    if custody.unwrap(key.wrapped) != key.plaintext:
        raise CustodyError(
            f"{custody.place.custody_key} does not give back the data key that it wrapped",
            "check that writer and reader role use the same key",
        )
    return key


def opened(request: Request, custody: Custody, intent: Intent) -> Answer:
    """Open the envelope from the local file, or else from the bucket: either suffices.

    Raises:
        CustodyError: if neither copy can be opened.

    """
    failure: CustodyError | None = None
    for copy in (
        envelope.read_if_there(envelope.local_path(request.directory, intent.id)),
        custody.get(names.ENVELOPE),
    ):
        if copy is None:
            continue
        try:
            key = custody.unwrap(envelope.wrapped_key(copy, intent=intent.id))
            return envelope.unseal(copy, intent=intent.id, key=key)
        except CustodyError as error:
            if isinstance(error, RefusedError) and error.reason != NOT_OURS:
                raise
            failure = error
    raise failure or CustodyError("the envelope has gone since it was seen", "run again")


def store(custody: Custody, answer: Answer) -> None:
    """Store what isn't there yet: the keys, then the root token."""
    for name, value in _objects(answer):
        if custody.get(name) is None:
            custody.put(name, custody.encrypt(value.reveal().encode()))


def verify(custody: Custody, answer: Answer) -> None:
    """Read everything back with the reader role and compare it with what init returned.

    Raises:
        CustodyError: naming the object that is missing or differs.

    """
    for name, value in _objects(answer):
        stored = custody.get(name)
        if stored is None or Secret(custody.decrypt(stored).decode()) != value:
            raise CustodyError(
                f"{name} in custody is not what init returned",
                "the envelope is kept; see who else writes to this bucket, remove that version and run again",
            )


def held(custody: Custody, role: names.Role, *, shares: int, required: int) -> list[Secret]:
    """Read as many of init's keys as are required; any of them will do.

    While a seal is being migrated, and where that was interrupted, a key may still bear the name of its other role.

    Raises:
        CustodyError: if custody holds fewer.

    """
    roles = sorted(names.ROLES, key=lambda each: each != role)
    found: list[Secret] = []
    for index in range(shares):
        if len(found) == required:
            break
        stored = (custody.get(names.key(each, index)) for each in roles)
        body = next((each for each in stored if each is not None), None)
        if body is not None:
            found.append(Secret(custody.decrypt(body).decode()))
    if len(found) < required:
        raise CustodyError(
            f"custody holds {len(found)} {role} keys, {required} are needed",
            "check custody.bucket and custody.prefix; restore deleted keys from their versions",
        )
    return found


def root_token(custody: Custody) -> Secret | None:
    """Give the root token that lies in custody until the cluster is owned, None if none does."""
    stored = custody.get(names.ROOT)
    return None if stored is None else Secret(custody.decrypt(stored).decode().strip())


def _objects(answer: Answer) -> list[tuple[str, Secret]]:
    keys = [(names.key(answer.role, i), key) for i, key in enumerate(answer.keys)]
    return [*keys, (names.ROOT, answer.root_token)]
