"""From sealed and empty to owned, and from owned to as declared.

Every run looks first, finds its state in the table of `states.py` and goes on from there. Each step may be
killed before or after anything that it does: what it left is one of the table's states.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from custody import account, autopilot, envelope, keys, names, proofs, records, root, second_look
from custody.errors import CustodyError
from custody.initialise import initialise
from custody.observe import observe
from custody.request import Account, Request
from custody.secret import Secret
from custody.states import (
    Intent,
    LostInitError,
    Observation,
    Owner,
    State,
    judge,
    refusal,
    refuse_other_seal,
    refuse_other_shares,
)
from custody.store import custody_at
from custody.unseal import unseal_all, waits_for_keys
from custody.vault import Cluster

OnStep = Callable[[str, str], None]
"""Called with a step's name and "before" or "after"."""

STEPS = (
    "prove custody",
    "prove seal",
    "prove generate-root",
    "record intent",
    "take data key",
    "init",
    "split",
    "verify",
    "drop envelope",
    "wait for members",
    "audit devices",
    "autopilot",
    "account",
    "log in",
    "revoke root",
    "delete vault-root",
    "mark owned",
)
"""What a first run does, in this order."""

_IAM_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Owned:
    """A cluster that is owned; nothing secret."""

    cluster_id: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """What an owned cluster looks like without its keys."""

    cluster_id: str
    as_declared: bool
    reason: str = ""
    """How the account differs; empty if it doesn't."""


def _silent(_step: str, _when: str) -> None:
    pass


def bootstrap(request: Request, on_step: OnStep = _silent) -> Owned:
    """Make the cluster owned, from wherever it stands; an owned one is checked and its account put right.

    Raises:
        CustodyError: with cause and cure, for whatever stops it. Run again, it goes on.

    """
    run = _Run(request, on_step)
    state, seen = run.look()
    return run.to_owned(state, seen)


def update(
    request: Request,
    on_step: OnStep = _silent,
    acl_for: Callable[[account.Mounts], str] | None = None,
) -> Owned:
    """Write the account (password, acl, networks) of an owned cluster anew, with a minted root token.

    `acl_for` gives the acl once it is known what is mounted; without, it is the request's.

    Raises:
        CustodyError: also where there is no cluster yet: an update never initialises one.

    """
    run = _Run(request, on_step)
    state, seen = run.look()
    if state in (State.NEW, State.INTENDED):
        raise CustodyError(
            f"{request.cluster.members[0]} is not initialised, and custody knows no other cluster",
            "an update never initialises: check server addresses and custody.bucket against the state",
        )
    if state not in (State.OWNED, State.OWNED_UNTIDY):
        return run.to_owned(state, seen)
    run.tidy(state)
    return run.rewrite_account(seen, acl_for)


def check(request: Request) -> Status:
    """Look at the cluster as one who has the account and no keys: reads nothing from custody.

    Raises:
        CustodyError: if a member is sealed or silent, or none is active.

    """
    names.check_request(request)
    cluster = Cluster(request.cluster)
    for member in cluster.members():
        if member is None or member.sealed:
            raise CustodyError(cluster.why_not_unsealed(), "see its log, then run again")
    cluster_id = cluster.cluster_id()
    difference = account.difference(cluster, request.account)
    return Status(cluster_id=cluster_id, as_declared=difference is None, reason=difference or "")


class _Run:
    """One run's connections. Steps in the order of the design, a to g."""

    def __init__(self, request: Request, on_step: OnStep) -> None:
        names.check_request(request)
        self.request = request
        self._on_step = on_step
        self.cluster = Cluster(request.cluster)
        self.custody = custody_at(
            request.custody,
            patience=min(request.patience_seconds, _IAM_SECONDS),
            on_wait=self._tell_of_waiting,
        )

    def _tell_of_waiting(self) -> None:
        # Between init's answer and its second copy nothing may fail that doesn't have to.
        with suppress(Exception):
            self._on_step("wait for permissions", "before")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._on_step(name, "before")
        yield
        self._on_step(name, "after")

    def look(self) -> tuple[State, Observation]:
        """Find the state; raise what the table says where it doesn't go on."""
        with self.step("look"):
            seen = self._observe()
        if seen.complete and seen.initialised and waits_for_keys(self.cluster):
            # All of them were started anew since.
            with self.step("unseal"):
                unseal_all(self.cluster, self.custody, self.request.patience_seconds)
            seen = self._observe()
        if judge(seen).state is State.LOST_INIT:
            self._await_copy()
            seen = self._observe()
        judgement = judge(seen)
        if judgement.cure is not None:
            raise refusal(judgement, seen, self.request)
        if seen.intent is not None:
            refuse_other_shares(
                intended=(seen.intent.recovery_shares, seen.intent.recovery_threshold),
                asked=(self.request.recovery_shares, self.request.recovery_threshold),
            )
            if seen.owner is None:
                refuse_other_seal(intended=seen.intent.seal, asked=self.request.seal)
        return judgement.state, seen

    def _observe(self) -> Observation:
        return observe(self.request, self.cluster, self.custody)

    def _await_copy(self) -> None:
        patience = min(self.request.patience_seconds, second_look.COPY_SECONDS)
        second_look.await_copy(self._observe, patience, lambda what: self._on_step(what, "before"))

    def to_owned(self, state: State, seen: Observation) -> Owned:
        if state in (State.OWNED, State.OWNED_UNTIDY):
            self.tidy(state)
            return self.as_declared(seen)
        intent = seen.intent
        if state in (State.NEW, State.INTENDED):
            intent = self._initialised(intent)
            state = State.ENVELOPED
        if intent is None:
            raise AssertionError(f"the table lets {state} go on without an intent")
        if state is State.ENVELOPED:
            self._split(intent)
        with self.step("wait for members"):
            if intent.seal == "shamir":
                unseal_all(self.cluster, self.custody, self.request.patience_seconds)
            self.cluster.wait_until_unsealed(self.request.patience_seconds)
            # Before the root token goes: without generate-root nobody would ever get another.
            proofs.prove_generate_root(self.cluster)
        return self._own(intent)

    def _initialised(self, intent: Intent | None) -> Intent:
        """Steps a to c."""
        with self.step("prove custody"):
            proofs.prove_custody(self.request, self.custody)
        with self.step("prove seal"):
            proofs.prove_seal(self.cluster, self.custody, self.request.seal)
        with self.step("prove generate-root"):
            proofs.prove_generate_root(self.cluster)
        with self.step("record intent"):
            intent = intent or records.record_intent(
                self.custody,
                shares=self.request.recovery_shares,
                threshold=self.request.recovery_threshold,
                seal=self.request.seal,
            )
        with self.step("take data key"):
            key = keys.proven_data_key(self.custody)
        with self.step("init"):
            try:
                initialise(self.request, self.cluster, self.custody, intent, key)
            except LostInitError:
                self._await_copy()
                raise
        return intent

    def _split(self, intent: Intent) -> None:
        """Step d."""
        answer = keys.opened(self.request, self.custody, intent)
        with self.step("split"):
            keys.store(self.custody, answer)
        with self.step("verify"):
            keys.verify(self.custody, answer)
        with self.step("drop envelope"):
            self._drop_envelope(intent)

    def _drop_envelope(self, intent: Intent) -> None:
        if self.custody.get(names.ENVELOPE) is not None:
            self.custody.hide(names.ENVELOPE)
        # The file last: as long as it is there, a next run verifies once more.
        envelope.remove_durably(envelope.local_path(self.request.directory, intent.id))

    def _own(self, intent: Intent) -> Owned:
        """Steps f and g."""
        cluster_id = self.cluster.cluster_id()
        first = keys.root_token(self.custody)
        if first is not None and root.alive(self.cluster, first):
            self._configure(first)
        else:
            # An earlier run revoked it. A minted one writes the same once more, and ends what that run may have
            # left. No one but us has ever had these keys, so an attempt in progress is one of ours that was killed.
            with root.minted_from(self.cluster, self.custody, cancel=True) as token:
                self._configure(token)
        with self.step("delete vault-root"):
            self.custody.erase(names.ROOT)
        with self.step("mark owned"):
            records.record_owner(self.custody, Owner(intent=intent.id, cluster_id=cluster_id))
        return Owned(cluster_id=cluster_id)

    def _configure(self, token: Secret) -> None:
        self._make_account(token, self.request.account)
        with self.step("revoke root"):
            root.revoke_others(self.cluster, token)
            root.revoke(self.cluster, token)

    # --- an owned cluster ---

    def tidy(self, state: State) -> None:
        """Revoke a root token that lies in custody again, and take it and the envelope away."""
        if state is not State.OWNED_UNTIDY:
            return
        with self.step("tidy"):
            intent = records.read_intent(self.custody)
            token = keys.root_token(self.custody)
            if token is not None:
                root.revoke(self.cluster, token)
            # Whoever left that may have left more: a mint ends every root token without an end.
            with root.minted_from(self.cluster, self.custody):
                pass
            self.custody.erase(names.ROOT)
            if intent is not None:
                self._drop_envelope(intent)

    def as_declared(self, seen: Observation) -> Owned:
        with self.step("check the account"):
            difference = account.difference(self.cluster, self.request.account)
        return self.rewrite_account(seen) if difference else self._owned(seen)

    def rewrite_account(
        self, seen: Observation, acl_for: Callable[[account.Mounts], str] | None = None
    ) -> Owned:
        with root.minted_from(self.cluster, self.custody) as token:
            declared = self.request.account
            if acl_for is not None:
                declared = replace(declared, acl=acl_for(account.mounts(self.cluster, token)))
            self._make_account(token, declared)
        return self._owned(seen)

    def _make_account(self, token: Secret, declared: Account) -> None:
        with self.step("audit devices"):
            account.enable_audit(self.cluster, token, self.request.audit_devices)
        with self.step("autopilot"):
            autopilot.configure(self.cluster, token, self.request.raft_servers)
        with self.step("account"):
            account.apply(self.cluster, token, declared)
        with self.step("log in"):
            account.prove(self.cluster, declared)
        account.leave_former(self.cluster, token, declared)

    def _owned(self, seen: Observation) -> Owned:
        if seen.cluster_id is None:
            raise AssertionError("the table calls nothing owned whose cluster id is unknown")
        return Owned(cluster_id=seen.cluster_id)
