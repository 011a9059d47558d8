"""A bootstrap of pods killed at every step: after the other modules, on the environment that they leave."""

import pytest

from custody.bootstrap import STEPS, check
from tests.e2e.kubernetes.killed import create_killed, left_by_a_killed_up, request_of
from tests.e2e.kubernetes.scratch import ClusterScratch, read_as, ready
from tests.real.inside import bucket_names, look_inside

pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes]


# Three dozen bootstraps one after the other.
@pytest.mark.timeout(900)
def test_a_bootstrap_killed_at_every_step_in_turn_is_finished_by_the_next_up(
    scratch: ClusterScratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = scratch.sandbox("down")
    assert down.code == 0, down.output
    given = left_by_a_killed_up(scratch)
    for name, value in scratch.variables().items():
        monkeypatch.setenv(name, value)

    for step in STEPS:
        for when in ("before", "after"):
            create_killed(given, f"{when} {step}")
    ran = scratch.up()

    assert ready("vault") == 3
    with request_of(given) as request:
        assert check(request).as_declared
        inside = look_inside(request)
        names = {name: now for name, now in bucket_names(request).items() if now}
    assert (inside.root_tokens, inside.accounts) == (0, ("strongroom",))
    assert set(names) == {
        *(f"vault-recovery-{index}" for index in range(5)), "strongroom-intent", "strongroom-owner",
    }  # fmt: skip
    assert not list(request.directory.glob("strongroom-envelope-*"))
    assert read_as(scratch, "shop/orders", "kv/shop/orders/mail").code == 0, ran.output
