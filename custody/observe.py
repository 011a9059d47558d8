"""Looks at the servers and at custody, and changes nothing."""

from collections.abc import Mapping

from custody import account, envelope, names, records
from custody.errors import CustodyError
from custody.request import Request
from custody.states import Intent, Observation
from custody.store import Custody, Stored
from custody.unseal import waits_for_keys
from custody.vault import Cluster, Member

_ELECTION_SECONDS = 30.0


def observe(request: Request, cluster: Cluster, custody: Custody) -> Observation:
    """Gather what the table needs.

    Raises:
        CustodyError: if the bucket or, before anybody is known to have initialised the cluster, any member
            can't be reached: what isn't seen can't be taken for absent.

    """
    listed = custody.listed()
    intent = records.read_intent(custody) if _recorded(listed, names.INTENT) else None
    initialised = _initialised(cluster.members())
    active = initialised and _active(request, cluster)
    owner = records.read_owner(custody) if _recorded(listed, names.OWNER) else None
    return Observation(
        initialised=initialised,
        cluster_id=_cluster_id(cluster) if active else None,
        account_answers=bool(active and account.answers(cluster, request.account)),
        intent=intent,
        owner=owner,
        envelope_local=intent is not None
        and envelope.local_path(request.directory, intent.id).exists(),
        envelope_stored=_current(listed, names.ENVELOPE),
        recovery=_keys(listed, "recovery"),
        unseal=_keys(listed, "unseal"),
        root=names.ROOT in listed,
        traces=frozenset(
            name
            for name, stored in listed.items()
            if name not in (names.PROBE, names.ROOT, names.INTENT, names.OWNER)
            and stored.content
            and not stored.current
        ),
        strangers=frozenset(
            name for name in listed if _is_stranger(name, intent, owned=owner is not None)
        ),
    )


def _initialised(members: tuple[Member | None, ...]) -> bool:
    known = [member for member in members if member is not None]
    if any(member.initialised for member in known):
        return True
    if len(known) < len(members):
        raise CustodyError(
            "not every member answers, so nobody can tell whether the cluster is initialised",
            "see that every member runs and is reachable, then run again",
        )
    return False


def _active(request: Request, cluster: Cluster) -> bool:
    if waits_for_keys(cluster):
        return False
    return cluster.wait_until_active(min(request.patience_seconds, _ELECTION_SECONDS))


def _keys(listed: Mapping[str, Stored], role: names.Role) -> frozenset[int]:
    found = (names.key_of(name) for name, stored in listed.items() if stored.current)
    return frozenset(key[1] for key in found if key is not None and key[0] == role)


def _cluster_id(cluster: Cluster) -> str | None:
    ids = {member.cluster_id for member in cluster.members() if member and member.cluster_id}
    if len(ids) > 1:
        raise CustodyError(
            f"the members belong to different clusters: {', '.join(sorted(ids))}",
            "give the addresses of one cluster's members",
        )
    return next(iter(ids), None)


def _recorded(listed: Mapping[str, Stored], name: str) -> bool:
    """Whether the record is there; it is never deleted by us."""
    if name in listed and not listed[name].current:
        raise CustodyError(
            f"{name} was deleted from custody",
            "restore it from its version: list the object's versions, then delete the delete marker",
        )
    return name in listed


def _current(listed: Mapping[str, Stored], name: str) -> bool:
    return name in listed and listed[name].current


def _is_stranger(name: str, intent: Intent | None, *, owned: bool) -> bool:
    """Whether the name looks like custody's and is none that we write.

    Keys of the role that init didn't give are ours only once the cluster is owned: its seal may be migrated then.
    """
    if name in (names.ROOT, names.PROBE, names.INTENT, names.ENVELOPE, names.OWNER):
        return False
    key = names.key_of(name)
    if key is not None:
        role, index = key
        return intent is not None and (
            index >= intent.recovery_shares or (role != intent.role and not owned)
        )
    return name.startswith(("vault-unseal-", "vault-recovery-"))
