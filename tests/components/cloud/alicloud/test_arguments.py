import pytest

from tests.components.cloud.alicloud.world import arguments


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stack", "Prod"),
        ("region", "eu_central"),
        ("account_id", "123"),
        ("kms_instance", "key-1"),
        ("kms_protection", "hardware"),
        ("key_rotation_days", 6),
        ("key_rotation_days", 90),
        ("seal_key_days", 0),
        ("deletion_window_days", 6),
        ("deletion_window_days", 367),
        ("seal_identity", "rrsa"),
        ("instance_role", "worker*"),
        ("cluster_id", "my cluster"),
        ("program_service_account", "ci/strongroom"),
        ("bucket", "My-Bucket"),
        ("prefix", "prod/*"),
        ("writers", ("*",)),
        ("writers", ("acs:ram::1234567890123456:role/*",)),
        ("readers", ("arn:aws:iam::123456789012:root",)),
    ],
)
def test_a_bad_argument_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{field} must be "):
        arguments(**{field: value})


def test_an_identity_without_what_it_needs_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^instance_role must be "):
        arguments(seal_identity="instance-role")
    with pytest.raises(ValueError, match=r"^program_service_account must be "):
        arguments(cluster_id="c0", program_service_account="strongroom")


@pytest.mark.parametrize(
    "changes",
    [
        {"region": "cn-hangzhou"},
        {"region": "cn-north-2-gov-1"},
        {"kms_instance": "kst-a", "key_rotation_days": 7},
        {"kms_instance": "kst-a", "kms_protection": "hardware"},
        {"seal_identity": "instance-role", "instance_role": "KubernetesWorkerRole-0"},
        {"cluster_id": "c0", "program_service_account": "ci/strongroom"},
        {"writers": ("acs:ram::1234567890123456:role/ci",), "prefix": "prod/"},
        {"deletion_window_days": 366},
    ],
)
def test_what_alibaba_cloud_takes_is_taken(changes: dict[str, object]) -> None:
    given = arguments(**changes)

    assert {name: getattr(given, name) for name in changes} == changes


def test_custody_has_a_bucket_of_its_own_unless_one_is_named() -> None:
    assert arguments().custody_bucket == "strongroom-custody-1234567890123456-prod"
    assert arguments(bucket="my-custody").custody_bucket == "my-custody"
