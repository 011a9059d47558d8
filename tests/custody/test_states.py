"""The table, over every combination of what can be found."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from custody.errors import CustodyError
from custody.states import (
    TABLE,
    Intent,
    Observation,
    Owner,
    State,
    judge,
    refuse_other_shares,
)

INTENT = Intent(id="ours", recovery_shares=3, recovery_threshold=2)
GOES_ON = {
    State.NEW,
    State.INTENDED,
    State.ENVELOPED,
    State.STORED,
    State.OWNED,
    State.OWNED_UNTIDY,
}
ALL_KEYS = frozenset({0, 1, 2})


def everything() -> Iterator[Observation]:
    """Each fact with each of its values, all combined; impossible pairs too: the table must not care."""
    yes_no = (False, True)
    values: dict[str, tuple[Any, ...]] = {
        "initialised": yes_no,
        "cluster_id": (None, "this", "other"),
        "account_answers": yes_no,
        "intent": (None, INTENT),
        "owner": (
            None,
            Owner(intent="ours", cluster_id="this"),
            Owner(intent="theirs", cluster_id="this"),
        ),
        "envelope_local": yes_no,
        "envelope_stored": yes_no,
        "recovery": (frozenset(), frozenset({0, 2}), ALL_KEYS),
        "unseal": (frozenset(), frozenset({1})),
        "root": yes_no,
        "traces": (frozenset(), frozenset({"vault-recovery-1"})),
        "strangers": (frozenset(), frozenset({"vault-unseal-0"})),
    }
    for combination in itertools.product(*values.values()):
        yield Observation(**dict(zip(values, combination, strict=True)))


EVERYTHING = list(everything())


def test_every_observation_has_a_state_that_is_gone_on_from_or_cured() -> None:
    for seen in EVERYTHING:
        judgement = judge(seen)
        assert (judgement.cure is None) == (judgement.state in GOES_ON), seen


def test_every_row_is_reached() -> None:
    reached = {next(row for row in TABLE if row.when(seen)) for seen in EVERYTHING}

    assert reached == set(TABLE)
    assert {row.state for row in TABLE} == set(State)


def test_an_initialised_cluster_is_never_initialised_again() -> None:
    again = [
        seen
        for seen in EVERYTHING
        if seen.initialised and judge(seen).state in (State.NEW, State.INTENDED)
    ]

    assert again == []


def test_nothing_is_initialised_while_custody_holds_or_held_anything() -> None:
    for seen in EVERYTHING:
        if judge(seen).state in (State.NEW, State.INTENDED):
            assert not seen.anything, seen
            assert seen.owner is None, seen
            assert not seen.strangers, seen


def test_only_its_own_cluster_with_all_its_keys_is_owned() -> None:
    for seen in EVERYTHING:
        if judge(seen).state in (State.OWNED, State.OWNED_UNTIDY):
            assert seen.owner == Owner(intent="ours", cluster_id="this"), seen
            assert seen.intent == INTENT, seen
            assert seen.cluster_id == "this", seen
            assert seen.recovery | seen.unseal == ALL_KEYS, seen


def test_a_cluster_is_given_up_only_where_nothing_in_any_place_could_own_it() -> None:
    lost = [seen for seen in EVERYTHING if judge(seen).state is State.LOST_INIT]

    assert lost
    for seen in lost:
        assert seen.initialised, seen
        assert seen.cluster_id is not None, seen
        assert not seen.anything, seen
        assert not seen.account_answers, seen
        assert seen.owner is None, seen


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (Observation(initialised=False), State.NEW),
        (Observation(initialised=False, intent=INTENT), State.INTENDED),
        (Observation(initialised=True, intent=INTENT, envelope_local=True), State.ENVELOPED),
        (Observation(initialised=True, intent=INTENT, envelope_stored=True), State.ENVELOPED),
        (
            Observation(
                initialised=True, intent=INTENT, envelope_stored=True, recovery=frozenset({0})
            ),
            State.ENVELOPED,
        ),
        (Observation(initialised=True, intent=INTENT, recovery=ALL_KEYS, root=True), State.STORED),
        (Observation(initialised=True, intent=INTENT, recovery=ALL_KEYS), State.STORED),
        (Observation(initialised=True), State.INITIALISED_ELSEWHERE),
        (Observation(initialised=True, recovery=ALL_KEYS), State.FOREIGN_CUSTODY),
        (Observation(initialised=False, root=True), State.FOREIGN_CUSTODY),
        (
            Observation(initialised=False, intent=INTENT, recovery=ALL_KEYS),
            State.KEYS_WITHOUT_SERVER,
        ),
        (
            Observation(initialised=True, intent=INTENT, recovery=frozenset({0, 1})),
            State.PARTLY_MISSING,
        ),
        (Observation(initialised=True, intent=INTENT), State.SEALED),
        (Observation(initialised=True, intent=INTENT, cluster_id="this"), State.LOST_INIT),
        (
            Observation(initialised=True, intent=INTENT, cluster_id="this", account_answers=True),
            State.PARTLY_MISSING,
        ),
    ],
)
def test_what_a_run_meets_is_named_as_a_person_would(seen: Observation, state: State) -> None:
    assert judge(seen).state is state


OWNER = Owner(intent="ours", cluster_id="this")


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (Observation(initialised=True, cluster_id="this", recovery=ALL_KEYS), State.OWNED),
        (
            Observation(initialised=True, cluster_id="this", recovery=ALL_KEYS, root=True),
            State.OWNED_UNTIDY,
        ),
        (Observation(initialised=True, cluster_id="other", recovery=ALL_KEYS), State.OTHER_CLUSTER),
        (Observation(initialised=True, recovery=ALL_KEYS), State.SEALED),
        (Observation(initialised=True, cluster_id="this", unseal=ALL_KEYS), State.OWNED),
        # In the middle of a migration some have their new name and not all the old.
        (
            Observation(
                initialised=True,
                cluster_id="this",
                recovery=frozenset({0, 1}),
                unseal=frozenset({1, 2}),
            ),
            State.OWNED,
        ),
        (Observation(initialised=False, recovery=ALL_KEYS), State.OWNED_BUT_EMPTY),
        (Observation(initialised=True, cluster_id="this"), State.PARTLY_MISSING),
    ],
)
def test_an_owned_cluster_is_told_by_its_id_and_keys(seen: Observation, state: State) -> None:
    assert judge(replace(seen, intent=INTENT, owner=OWNER)).state is state


@pytest.mark.parametrize("asked", [(6, 3), (5, 4), (3, 5)])
def test_other_shares_than_intended_are_refused_with_what_to_put_back(
    asked: tuple[int, int],
) -> None:
    refuse_other_shares(intended=(5, 3), asked=(5, 3))

    with pytest.raises(CustodyError, match=r"recoveryShares: 5 and custody\.recoveryThreshold: 3"):
        refuse_other_shares(intended=(5, 3), asked=asked)
