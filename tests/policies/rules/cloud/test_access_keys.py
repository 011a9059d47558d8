"""Tables of the rules over access keys; tests/policies/test_rules.py holds the rules against them."""

from datetime import UTC, datetime, timedelta

from policies.framework.properties import UNKNOWN
from policies.rules.cloud import access_keys
from tests.policies.case import ABSENT, Case, Change, Sample, found


def _ago(days: int) -> str:
    moment = datetime.now(UTC) - timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


AWS = Sample(
    type=access_keys.KEYS[0], name="even", inputs={"user": "orders-even", "createDate": _ago(100)}
)
OTHER = Sample(
    type=access_keys.KEYS[0], name="odd", inputs={"user": "orders-odd", "createDate": _ago(10)}
)
ALICLOUD = Sample(
    type=access_keys.KEYS[1], inputs={"userName": "orders-even", "createTime": _ago(100)}
)

CASES = [
    Case(
        rule=access_keys.access_keys_are_young,
        compliant=[AWS],
        breakages={"old": Change("createDate", _ago(181))},
        exempt_unknown=["old"],  # a key whose date isn't known is yet to be made
    ),
    Case(
        rule=access_keys.access_keys_are_young,
        compliant=[ALICLOUD],
        settings={"days": 120},
        breakages={"old": Change("createTime", _ago(122))},
        exempt_unknown=["old"],  # likewise
    ),
    Case(
        rule=access_keys.users_have_one_key,
        compliant=[AWS, OTHER],
        breakages={"two": Change("user", "orders-even", of="odd")},
    ),
]


def test_a_key_that_is_yet_to_be_made_is_young() -> None:
    for date in (UNKNOWN, ABSENT):
        inputs = {"user": "a"} if date is ABSENT else {"user": "a", "createDate": date}
        assert found([Sample(type=access_keys.KEYS[0], inputs=inputs)]) == {}
