"""The table: what is found -> which state that is -> what to do. Pure; everything else only looks and acts.

Rows are read from the top, the first that holds is the state. A state is either one to go on from or a hard error
with its cure. Rows may rely on those above them: below "an owner is recorded" no row has one.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

from custody import names
from custody.errors import CustodyError
from custody.request import Request, SealKind


@dataclass(frozen=True, kw_only=True)
class Intent:
    """Written before init, once: this custody is for one cluster, which gets this many keys."""

    id: str
    recovery_shares: int
    recovery_threshold: int
    seal: SealKind = "auto"
    """What it was initialised with; a later migration changes the keys' names, not this."""

    @property
    def role(self) -> names.Role:
        """What init's keys were good for."""
        return "unseal" if self.seal == "shamir" else "recovery"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Written last, once: the intent's cluster is owned."""

    intent: str
    cluster_id: str


@dataclass(frozen=True, kw_only=True)
class Observation:
    """All that decides what to do. No secret among it."""

    initialised: bool
    """Any member says so."""
    cluster_id: str | None = None
    """None before init, and while no node is active."""
    account_answers: bool = False
    """The account can log in: something of ours is on the server."""
    intent: Intent | None = None
    owner: Owner | None = None
    envelope_local: bool = False
    envelope_stored: bool = False
    recovery: frozenset[int] = frozenset()
    """Which recovery keys the bucket holds now."""
    unseal: frozenset[int] = frozenset()
    """Which unseal keys it holds."""
    root: bool = False
    """The bucket holds any version of vault-root."""
    traces: frozenset[str] = frozenset()
    """Names of custody's objects of which only older versions are left."""
    strangers: frozenset[str] = frozenset()
    """Names that look like custody's and that we never write."""

    @property
    def complete(self) -> bool:
        """Whether every key that the intent asked for is there, whichever role its name says.

        While a seal is being migrated keys of both names may be there: the older go once all new ones are.
        """
        if self.intent is None:
            return False
        wanted = frozenset(range(self.intent.recovery_shares))
        return self.recovery | self.unseal >= wanted

    @property
    def envelope(self) -> bool:
        """Whether either copy is there."""
        return self.envelope_local or self.envelope_stored

    @property
    def anything(self) -> bool:
        """Whether there is, or was, anything that only init's answer could have filled."""
        return bool(self.recovery or self.unseal or self.root or self.envelope or self.traces)


class State(enum.Enum):
    """Every state that a cluster and its custody can be in."""

    NEW = "nothing is there yet"
    INTENDED = "the intent is recorded, the cluster not initialised"
    ENVELOPED = "init's answer lies in the envelope"
    STORED = "every recovery key is in custody, the cluster not owned yet"
    OWNED = "owned"
    OWNED_UNTIDY = "owned, and a root token or an envelope lies in custody again"
    FOREIGN_CUSTODY = "the bucket holds another cluster's custody"
    INITIALISED_ELSEWHERE = "the cluster was initialised by somebody else"
    OWNED_BUT_EMPTY = "custody says owned, the server is empty"
    KEYS_WITHOUT_SERVER = "custody holds keys, the server is not initialised"
    OTHER_CLUSTER = "custody belongs to another cluster"
    PARTLY_MISSING = "custody is partly missing"
    SEALED = "initialised, but no member is unsealed"
    LOST_INIT = "initialised, and init's answer is lost"


Predicate = Callable[[Observation], bool]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. `cure` is None where the bootstrap goes on by itself."""

    state: State
    when: Predicate
    cure: str | None = None


_OTHER_PLACE = "use another custody.prefix or custody.bucket for this cluster; nothing was changed"
_RESTORE = (
    "restore the objects from their versions (aws s3api list-object-versions, then delete the delete marker);"
    " the oldest version of strongroom-envelope holds every key. Nothing was changed"
)
_GONE = (
    "check that the servers and the bucket belong together and that the servers' storage is mounted; restore a"
    " snapshot if the storage was lost. Only if that cluster is given up for good: begin again with another"
    " custody.prefix. Nothing was changed"
)

TABLE: tuple[Row, ...] = (
    Row(state=State.FOREIGN_CUSTODY, when=lambda o: bool(o.strangers), cure=_OTHER_PLACE),
    # Without an intent.
    Row(
        state=State.PARTLY_MISSING,
        when=lambda o: o.intent is None and o.owner is not None,
        cure=_RESTORE,
    ),
    Row(
        state=State.FOREIGN_CUSTODY,
        when=lambda o: o.intent is None and o.anything,
        cure=_OTHER_PLACE,
    ),
    Row(
        state=State.INITIALISED_ELSEWHERE,
        when=lambda o: o.intent is None and o.initialised,
        cure="whoever initialised it has its keys: use them, or let this program make a new and empty cluster",
    ),
    Row(state=State.NEW, when=lambda o: o.intent is None),
    # With an owner: never initialised again, whatever else is found.
    Row(
        state=State.FOREIGN_CUSTODY,
        when=lambda o: o.owner is not None and o.owner.intent != _id(o),
        cure=_OTHER_PLACE,
    ),
    Row(
        state=State.OWNED_BUT_EMPTY,
        when=lambda o: o.owner is not None and not o.initialised,
        cure=_GONE,
    ),
    Row(
        state=State.OTHER_CLUSTER,
        when=lambda o: o.owner is not None and o.cluster_id not in (None, o.owner.cluster_id),
        cure=_OTHER_PLACE,
    ),
    Row(
        state=State.PARTLY_MISSING,
        when=lambda o: o.owner is not None and not o.complete,
        cure=_RESTORE,
    ),
    Row(
        state=State.SEALED,
        when=lambda o: o.owner is not None and o.cluster_id is None,
        cure="see the servers' logs: they need their seal's key, which may be out of reach (for awskms:"
        " kms:DescribeKey, Encrypt, Decrypt); with Shamir's seal run `python -m ops unseal`",
    ),
    Row(
        state=State.OWNED_UNTIDY,
        when=lambda o: o.owner is not None and (o.root or o.envelope),
    ),
    Row(state=State.OWNED, when=lambda o: o.owner is not None),
    # With an intent, not owned yet.
    Row(
        state=State.KEYS_WITHOUT_SERVER,
        when=lambda o: not o.initialised and o.anything,
        cure=_GONE,
    ),
    Row(state=State.INTENDED, when=lambda o: not o.initialised),
    Row(state=State.ENVELOPED, when=lambda o: o.envelope),
    Row(state=State.STORED, when=lambda o: o.complete),
    Row(state=State.PARTLY_MISSING, when=lambda o: o.anything, cure=_RESTORE),
    Row(
        state=State.SEALED,
        when=lambda o: o.cluster_id is None,
        cure="see the servers' logs; while all are sealed nobody can tell whether this cluster was ever owned",
    ),
    Row(
        state=State.PARTLY_MISSING,
        when=lambda o: o.account_answers,
        cure="the account can log in, so this cluster was owned and its custody deleted: "
        + _RESTORE,
    ),
    Row(
        state=State.LOST_INIT,
        when=lambda _: True,
        cure="nobody ever owned it and nobody can: empty it and run again",
    ),
)


@dataclass(frozen=True)
class Judgement:
    """The state, and the row that said so."""

    state: State
    cure: str | None = field(compare=False)


def judge(observation: Observation) -> Judgement:
    """Find the state. Total: the last row takes what is left, which is a cluster that nobody ever owned."""
    row = next(row for row in TABLE if row.when(observation))
    return Judgement(row.state, row.cure)


class StateError(CustodyError):
    """A state that the bootstrap does not go on from."""

    def __init__(self, state: State, cause: str, cure: str) -> None:
        self.state = state
        super().__init__(cause, cure)


NEVER_OWNED = "nobody ever owned this cluster and nobody can"


class LostInitError(StateError):
    """A cluster that nobody ever owned; `commands` empty it."""

    def __init__(self, cause: str, cure: str, commands: tuple[str, ...]) -> None:
        self.commands = commands
        super().__init__(State.LOST_INIT, cause, cure)


def refusal(judgement: Judgement, observation: Observation, request: Request) -> StateError:
    """Say what is wrong, with what was found, and what to do."""
    cure = judgement.cure or "run again"
    if judgement.state is State.LOST_INIT:
        return lost_init(request, observation.intent)
    place = f"s3://{request.custody.bucket}/{request.custody.prefix}"
    cause = f"{judgement.state.value} ({request.cluster.members[0]}, {place}{_found(observation)})"
    return StateError(judgement.state, cause, cure)


def lost_init(request: Request, intent: Intent | None) -> LostInitError:
    """Print the exact commands where the kind of server gave them, else what to do to which servers."""
    commands = request.wipe_commands or tuple(
        f"stop {url}, delete all files of its raft storage, start it again"
        for url in request.cluster.members
    )
    first = request.cluster.members[0]
    copy = f"strongroom-envelope-{intent.id}" if intent else "strongroom-envelope-*"
    cause = f"{first} is initialised, but init's answer reached neither this machine nor the bucket: {NEVER_OWNED}"
    cure = (
        "another run may still be under way: look on every machine that runs this program, let a run end, and where"
        f" custody.directory holds {copy} run again there; only if there is neither, empty the cluster and run"
        " again:\n  " + "\n  ".join(commands)
    )
    return LostInitError(cause, cure, commands)


def refuse_other_shares(*, intended: tuple[int, int], asked: tuple[int, int]) -> None:
    """Refuse another (shares, threshold) than the intent recorded.

    Raises:
        CustodyError: says what the cluster has and what to put back.

    """
    if asked != intended:
        raise CustodyError(
            f"this cluster's intent is {intended[0]} recovery keys of which {intended[1]} are needed, not"
            f" {asked[0]} and {asked[1]}",
            f"put back custody.recoveryShares: {intended[0]} and custody.recoveryThreshold: {intended[1]};"
            " to change them takes a rekey, which is a procedure of its own",
        )


def refuse_other_seal(*, intended: SealKind, asked: SealKind) -> None:
    """Refuse to go on with another seal than the intent recorded.

    Raises:
        CustodyError: says which it is and what to put back.

    """
    said = {"auto": "a seal that unseals by itself", "shamir": "Shamir's seal"}
    if asked != intended:
        raise CustodyError(
            f"this cluster was to be initialised with {said[intended]}, and {said[asked]} is declared now",
            "put strongroom:seal back",
        )


def _id(observation: Observation) -> str | None:
    return observation.intent.id if observation.intent else None


def _found(observation: Observation) -> str:
    said = []
    if observation.strangers:
        said.append(f"holds {', '.join(sorted(observation.strangers))}")
    if observation.owner:
        said.append(f"owned as cluster {observation.owner.cluster_id}")
    if observation.cluster_id:
        said.append(f"the server is cluster {observation.cluster_id}")
    if observation.intent and not observation.complete:
        wanted = range(observation.intent.recovery_shares)
        held = observation.recovery | observation.unseal
        missing = [names.key(observation.intent.role, i) for i in wanted if i not in held]
        said.append(f"missing: {', '.join(missing)}")
    if observation.owner and not observation.intent:
        said.append(f"missing: {names.INTENT}")
    return "".join(f"; {each}" for each in said)
