"""Tables of the rules over keys; tests/policies/test_rules.py holds the rules against them."""

from policies.framework.resource import Resource
from policies.framework.rule import Rule
from policies.rules.cloud import keys
from tests.policies.case import ABSENT, Case, Change, Sample, resources

AWS = Sample(type=keys.AWS_KEY, inputs={"enableKeyRotation": True, "deletionWindowInDays": 30})
ALICLOUD = Sample(
    type=keys.ALICLOUD_KEY,
    inputs={"automaticRotation": "Enabled", "rotationInterval": "365d", "pendingWindowInDays": 30},
)
SHARED = [
    Sample(type=keys.AWS_KEY, inputs=AWS.inputs, name="seal"),
    Sample(type=keys.AWS_KEY, inputs=AWS.inputs, name="custody"),
    Sample(
        type="aws:iam/rolePolicy:RolePolicy",
        name="unseal",
        within="strongroom:cloud:AwsCloud$strongroom:cloud:SealIdentity$strongroom:cloud:GrantedRole",
        depends={"policy": ["seal"]},
    ),
    Sample(
        type="aws:iam/rolePolicy:RolePolicy",
        name="writer",
        within="strongroom:cloud:AwsCloud$strongroom:cloud:Custody$strongroom:cloud:GrantedRole",
        depends={"policy": ["custody"]},
    ),
]

CASES = [
    Case(
        rule=keys.key_rotates,
        compliant=[AWS],
        breakages={
            "off": Change("enableKeyRotation", value=False),
            "not said": Change("enableKeyRotation", ABSENT),
        },
    ),
    Case(
        rule=keys.key_rotates,
        compliant=[ALICLOUD],
        breakages={"off": Change("automaticRotation", "Disabled")},
    ),
    Case(
        rule=keys.key_deletion_waits,
        compliant=[AWS],
        settings={"days": 14},
        breakages={"a week": Change("deletionWindowInDays", 7)},
    ),
    Case(
        rule=keys.key_deletion_waits,
        compliant=[ALICLOUD],
        breakages={
            "too short": Change("pendingWindowInDays", 6),
            "not said": Change("pendingWindowInDays", ABSENT),
        },
    ),
    Case(
        rule=keys.seal_and_custody_key_differ,
        compliant=SHARED,
        breakages={"one key": Change("@depends.policy", ["seal"], of="writer")},
    ),
]


def _sample(sample: Sample) -> Resource:
    return resources([sample])[0]


def _remedied(rule: Rule, sample: Sample) -> object:
    assert rule.remedy is not None
    return rule.remedy(_sample(sample))


def test_rotation_is_put_right_where_it_is_off_and_nowhere_else() -> None:
    off = Sample(type=keys.AWS_KEY, inputs={})
    assert _remedied(keys.key_rotates, off) == {"enableKeyRotation": True}
    assert _remedied(keys.key_rotates, AWS) == {}
    assert _remedied(keys.key_rotates, ALICLOUD) == {}


def test_a_hardware_key_which_can_not_rotate_is_let_be() -> None:
    hardware = Sample(type=keys.ALICLOUD_KEY, inputs={"protectionLevel": "HSM"})
    assert keys.key_rotates.on(_sample(hardware)).findings == ()
