"""The key of a transit seal, proven with the servers' token at a real keeper."""

from dataclasses import replace
from typing import Any

import pytest

from custody.errors import CustodyError, UnreachableError
from custody.keeper import prove
from tests.real.keeper import KEY, MOUNT, RunningKeeper
from tests.real.leaks import leaked

pytestmark = pytest.mark.real


def test_a_periodic_token_for_the_key_alone_is_all_that_servers_need(keeper: RunningKeeper) -> None:
    prove(keeper.keeper(keeper.token()))
    prove(keeper.keeper(keeper.token(no_default_policy=True)))


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"period": "", "ttl": "1h"}, "ends one day"),
        ({"explicit_max_ttl": "720h"}, "ends one day"),
        ({"renewable": False}, "ends one day"),
        ({"no_parent": False}, "ends with the token that made it"),
        ({"acl": "root"}, "is a root token"),
        ({"acl": "default"}, "is denied update on keys/transit/encrypt/strongroom"),
    ],
)
def test_a_token_that_would_fail_the_servers_one_day_is_refused(
    said: dict[str, Any], wrong: str, keeper: RunningKeeper
) -> None:
    token = keeper.token(**said)

    with pytest.raises(CustodyError, match=wrong) as refused:
        prove(keeper.keeper(token))

    assert leaked(refused.value, [token]) == []


def test_a_token_that_may_not_decrypt_is_found_before_anything_is_sealed_with_it(
    keeper: RunningKeeper,
) -> None:
    only = f'path "{MOUNT}/encrypt/{KEY}" {{\n  capabilities = ["update"]\n}}\n'
    keeper.client.sys.create_or_update_policy("half", only)

    with pytest.raises(CustodyError, match=f"denied update on {MOUNT}/decrypt/{KEY}"):
        prove(keeper.keeper(keeper.token(acl="half")))


def test_a_key_that_is_not_there_is_named(keeper: RunningKeeper) -> None:
    token = keeper.token()

    with pytest.raises(CustodyError, match="is denied update on keys/transit/encrypt/other"):
        prove(replace(keeper.keeper(token), key_name="other"))


def test_a_keeper_that_is_not_there_is_named(keeper: RunningKeeper) -> None:
    token = keeper.token()

    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1 does not answer") as silent:
        prove(replace(keeper.keeper(token), address="https://127.0.0.1:1"))

    assert leaked(silent.value, [token]) == []


def test_another_ca_than_the_keeper_s_is_refused(keeper: RunningKeeper, emulator: object) -> None:
    del emulator
    with pytest.raises(CustodyError, match="no PEM certificate"):
        prove(replace(keeper.keeper(keeper.token()), ca_certificate=""))
