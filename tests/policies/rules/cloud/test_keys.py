"""Tables of the rules over keys; tests/policies/test_rules.py holds the rules against them."""

from dataclasses import replace

from policies.rules.cloud import keys
from tests.policies.case import ABSENT, Case, Change, Sample, resources
from tests.policies.rules.cloud.samples import CUSTODY, SEAL, alicloud_key, aws_key, grant
from tests.policies.vault import OWNED_CLUSTER

AWS, ALICLOUD = aws_key(), alicloud_key()
SHARED = [
    aws_key("seal"),
    aws_key("custody"),
    grant(["kms:Encrypt"], within=f"{SEAL}$strongroom:cloud:GrantedRole", depends="seal"),
    replace(
        grant(["kms:Encrypt"], within=f"{CUSTODY}$strongroom:cloud:GrantedRole", depends="custody"),
        name="writer",
    ),
]
DYNAMIC = OWNED_CLUSTER

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
        rule=keys.key_deletion_is_refused,
        compliant=[ALICLOUD],
        breakages={
            "off": Change("deletionProtection", "Disabled"),
            "not said": Change("deletionProtection", ABSENT),
        },
    ),
    Case(
        rule=keys.key_has_a_policy,
        compliant=[AWS],
        breakages={"none": Change("policy", ABSENT), "empty": Change("policy", "")},
    ),
    *(
        Case(
            rule=keys.what_stays_is_protected,
            compliant=[sample],
            breakages={"off": Change("@protect", value=False)},
        )
        for sample in (AWS, ALICLOUD, DYNAMIC)
    ),
    Case(
        rule=keys.seal_and_custody_key_differ,
        compliant=SHARED,
        breakages={"one key": Change("@depends.policy", ["seal"], of="writer")},
    ),
]


def test_a_hardware_key_which_can_not_rotate_is_let_be() -> None:
    hardware = Sample(type=keys.ALICLOUD_KEY, inputs={"protectionLevel": "HSM"})
    assert keys.key_rotates.on(resources([hardware])[0]).findings == ()
