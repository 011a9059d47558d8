from hypothesis import given
from hypothesis import strategies as st

from components.cloud.aws import names
from components.cloud.naming import fitted

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


def test_names_hold_the_stack() -> None:
    assert names.iam_name("dev", "custody-writer") == "strongroom-dev-custody-writer"
    assert names.iam_name("dev", "shop.orders.invoices", "-odd") == (
        "strongroom-dev-shop.orders.invoices-odd"
    )
    assert names.key_alias("dev", "seal") == "alias/strongroom-dev-seal"
    assert names.application_bucket("123456789012", "dev", "invoices") == (
        "strongroom-123456789012-dev-invoices"
    )


@given(namespace=LABELS, service=LABELS, grant=LABELS)
def test_a_user_s_name_fits_and_keeps_its_slot(namespace: str, service: str, grant: str) -> None:
    owner = f"{namespace}.{service}.{grant}"
    name = names.iam_name("production", owner, "-even")

    assert len(name) <= names.IAM_NAME_LENGTH
    assert name.startswith("strongroom-production-")
    assert name.endswith("-even")


@given(bucket=LABELS)
def test_a_bucket_s_name_fits(bucket: str) -> None:
    name = names.application_bucket("123456789012", "a" * 31, bucket)

    assert len(name) <= names.BUCKET_NAME_LENGTH
    assert not name.endswith("-")


def test_long_names_that_begin_alike_differ() -> None:
    long = "a" * 80

    assert fitted(f"{long}1", 64) != fitted(f"{long}2", 64)
    assert fitted("short", 64) == "short"


def test_arns_lie_in_the_region_s_partition() -> None:
    assert names.bucket_arn("eu-central-1", "b") == "arn:aws:s3:::b"
    assert names.bucket_arn("us-gov-west-1", "b") == "arn:aws-us-gov:s3:::b"
    assert names.role_arn("us-gov-west-1", "123456789012", "r") == (
        "arn:aws-us-gov:iam::123456789012:role/r"
    )
