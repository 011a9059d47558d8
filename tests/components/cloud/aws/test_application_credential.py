from typing import Literal

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.model import CREDENTIAL_FIELDS
from components.cloud.aws.cloud import AwsCloud
from components.cloud.contract import BucketGrant
from components.cloud.rotation import slots
from tests.components.cloud.aws.world import answers, arguments
from tests.conftest import Declare, Declared

KEY = "aws:iam/accessKey:AccessKey"
NAME = "cloud-shop.orders.invoices"


def _grant(**changes: object) -> BucketGrant:
    usual: dict[str, object] = {
        "service": "shop/orders",
        "name": "invoices",
        "bucket": "invoices",
        "access": "read-write",
        "rotate_seconds": 100,
    }
    return BucketGrant(**{**usual, **changes})  # type: ignore[arg-type]  # of many types


def _declared(declare: Declare, *, now: float, **changes: object) -> Declared:
    def program() -> pulumi.Output[dict[str, str]]:
        return AwsCloud("cloud", arguments(**changes)).application_credentials(_grant(), now=now)

    return declare(program, outputs=answers)


def _keys(declared: Declared) -> dict[str, str]:
    return {key.name: key.inputs["user"] for key in declared.all(KEY)}


def test_a_service_gets_the_key_of_this_period(declare: Declare) -> None:
    declared = _declared(declare, now=1050.0)

    assert declared.result_is_secret
    assert declared.result == {
        "bucket": "strongroom-123456789012-dev-invoices",
        "region": "eu-central-1",
        "access_key_id": f"AKIA-{NAME}-key-10",
        "secret_access_key": f"secret of {NAME}-key-10",
    }


def test_its_fields_are_those_that_the_catalogue_knows(declare: Declare) -> None:
    assert set(_declared(declare, now=1050.0).result) == set(CREDENTIAL_FIELDS)


def test_an_emulator_s_address_comes_with_the_key(declare: Declare) -> None:
    declared = _declared(declare, now=1050.0, endpoint="http://127.0.0.1:5555")

    assert declared.result["endpoint"] == "http://127.0.0.1:5555"


def test_the_secret_of_a_key_is_secret_wherever_it_goes(declare: Declare) -> None:
    declared = _declared(declare, now=1050.0)

    assert all("secret" in key.secret_outputs for key in declared.all(KEY))


def test_a_rotation_makes_one_key_and_drops_the_oldest(declare: Declare) -> None:
    before = _keys(_declared(declare, now=1099.9))
    after = _keys(_declared(declare, now=1100.0))

    even, odd = (f"strongroom-dev-shop.orders.invoices-{slot}" for slot in ("even", "odd"))
    assert before == {f"{NAME}-key-9": odd, f"{NAME}-key-10": even}
    assert after == {f"{NAME}-key-10": even, f"{NAME}-key-11": odd}


def test_nothing_changes_within_a_period(declare: Declare) -> None:
    early, late = (_declared(declare, now=now) for now in (1100.0, 1199.9))

    assert _keys(early) == _keys(late)
    assert early.result == late.result


def test_users_outlive_their_keys(declare: Declare) -> None:
    def users(now: float) -> list[str]:
        declared = _declared(declare, now=now)
        return [user.name for user in declared.all("aws:iam/user:User")]

    assert users(1050.0) == users(1150.0) == [f"{NAME}-even", f"{NAME}-odd"]


def test_no_trigger_is_used_that_a_refresh_would_swallow(declare: Declare) -> None:
    for key in _declared(declare, now=1050.0).all(KEY):
        assert key.replacement_trigger is None
        assert key.delete_before_replace is None


@given(now=st.floats(min_value=0, max_value=1e11), rotate=st.integers(min_value=1, max_value=10**9))
def test_a_key_works_for_the_period_after_its_own(now: float, rotate: int) -> None:
    current, before = slots(now=now, rotate_seconds=rotate)
    _, next_before = slots(now=(current.period + 1) * rotate, rotate_seconds=rotate)

    assert current.period * rotate <= now < (current.period + 1) * rotate
    assert before.period == current.period - 1
    assert {current.user, before.user} == {"even", "odd"}
    assert next_before == current


def test_both_users_may_do_the_same(declare: Declare) -> None:
    declared = _declared(declare, now=1050.0)

    even, odd = declared.all("aws:iam/userPolicy:UserPolicy")
    assert even.inputs["policy"] == odd.inputs["policy"]
    assert even.inputs["user"] != odd.inputs["user"]


def test_a_key_is_handed_out_once_its_user_may_use_it(declare: Declare) -> None:
    def program() -> None:
        fields = AwsCloud("cloud", arguments()).application_credentials(_grant(), now=1050.0)
        pulumi.CustomResource("test:index:Reader", "reader", {"fields": fields})

    reader = declare(program, outputs=answers).resource("test:index:Reader")

    assert reader.secrets == {"fields"}
    assert {
        f"{NAME}-key-10",
        f"{NAME}-even-grant",
        "cloud-bucket-invoices-closed",
        "cloud-bucket-invoices-policy",
    } <= reader.dependencies


@pytest.mark.parametrize("keep", [True, False])
def test_keep_protects_the_bucket_and_spares_what_lies_in_it(
    declare: Declare, *, keep: bool
) -> None:
    declared = _declared(declare, now=1050.0, keep=keep)

    bucket = declared.resource("aws:s3/bucket:Bucket", "cloud-bucket-invoices-bucket")
    assert bucket.protect is keep
    assert bucket.inputs["forceDestroy"] is not keep
    for user in declared.all("aws:iam/user:User"):
        assert user.inputs["forceDestroy"] is not keep
        assert user.protect is False


def test_two_services_share_a_bucket(declare: Declare) -> None:
    access: Literal["read"] = "read"

    def program() -> None:
        cloud = AwsCloud("cloud", arguments())
        cloud.application_credentials(_grant(), now=1050.0)
        cloud.application_credentials(_grant(service="shop/billing", access=access), now=1050.0)

    declared = declare(program, outputs=answers)

    buckets = [bucket.inputs["bucket"] for bucket in declared.all("aws:s3/bucket:Bucket")]
    assert buckets.count("strongroom-123456789012-dev-invoices") == 1
    assert len(declared.all("aws:iam/user:User")) == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", "orders"),
        ("service", "shop/orders/more"),
        ("service", "Shop/orders"),
        ("service", "sh.op/orders"),
        ("name", "in.voices"),
        ("name", ""),
        ("bucket", "invoices*"),
        ("bucket", "Invoices"),
        ("access", "write"),
        ("rotate_seconds", 0),
        ("rotate_seconds", -1),
    ],
)
def test_a_bad_grant_is_refused_by_name(declare: Declare, field: str, value: object) -> None:
    def program() -> None:
        AwsCloud("cloud", arguments()).application_credentials(_grant(**{field: value}), now=0.0)

    with pytest.raises(ValueError, match=rf"^{field} must be "):
        declare(program)
