import pytest

from tests.components.cloud.aws.world import arguments


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stack", ""),
        ("stack", "Prod"),
        ("stack", "a" * 32),
        ("stack", "dev-"),
        ("region", "eu_central"),
        ("region", "cn-north-1"),
        ("account_id", "12345678901"),
        ("account_id", "1234567890123"),
        ("oidc_provider", "https://oidc.example.com/id/A"),
        ("oidc_provider", "oidc.example.com/*"),
        ("oidc_provider", None),
        ("seal_identity", "profile"),
        ("cluster_name", "my cluster"),
        ("instance_role", "arn:aws:iam::123456789012:role/*"),
        ("instance_role", "arn:aws:iam::123456789012:user/ada"),
        ("namespace", "*"),
        ("namespace", "a.b"),
        ("namespace", ""),
        ("service_account", "*"),
        ("service_account", "vault:other"),
        ("bucket", "My-Bucket"),
        ("bucket", "ab"),
        ("prefix", "dev/*"),
        ("prefix", "${aws:username}/"),
        ("prefix", "a b"),
        ("writers", ("*",)),
        ("writers", ("arn:aws:iam::123456789012:role/*",)),
        ("readers", ("arn:aws:iam::123456789012:root", "ada")),
        ("deletion_window_days", 6),
        ("deletion_window_days", 31),
        ("endpoint", "ftp://127.0.0.1:5555"),
        ("endpoint", "127.0.0.1:5555"),
        ("endpoint", "http://emulator.example.com:5555"),
        ("endpoint", "https://user:word@emulator.example.com"),
        ("endpoint", "https://emulator.example.com/path"),
        ("endpoint", "https://emulator.example.com?x=1"),
        ("pod_endpoint", "http://10.244.0.1:5555"),
    ],
)
def test_a_bad_argument_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{field} must be "):
        arguments(**{field: value})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"seal_identity": "pod-identity"}, "cluster_name"),
        ({"seal_identity": "instance-profile"}, "instance_role"),
    ],
)
def test_an_identity_without_what_it_needs_is_refused(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(ValueError, match=rf"^{field} must be "):
        arguments(**changes)


@pytest.mark.parametrize(
    "address",
    ["http://8.8.8.8:5555", "http://emulator:5555", "10.244.0.1:5555", "http://10.244.0.1/path"],
)
def test_pods_reach_an_emulator_privately_or_by_https(address: str) -> None:
    with pytest.raises(ValueError, match=r"^pod_endpoint must be "):
        arguments(endpoint="http://127.0.0.1:5555", pod_endpoint=address)


@pytest.mark.parametrize(
    "changes",
    [
        {"seal_identity": "keys", "oidc_provider": None},
        {"seal_identity": "pod-identity", "cluster_name": "production", "oidc_provider": None},
        {
            "seal_identity": "instance-profile",
            "instance_role": "arn:aws:iam::123456789012:role/vault",
        },
        {"endpoint": "http://127.0.0.1:5555", "pod_endpoint": "http://10.244.0.1:5555"},
        {"endpoint": "http://127.0.0.1:5555", "pod_endpoint": "https://emulator.example.com"},
        {"stack": "a" * 31},
        {"region": "us-gov-west-1"},
        {"oidc_provider": "kubernetes.example.com:6443"},
        {"service_account": "vault.server"},
        {"bucket": "my-custody"},
        {"prefix": "clusters/dev_1."},
        {"writers": ("arn:aws:iam::123456789012:role/ci/deploy", "arn:aws:iam::210987654321:root")},
        {"readers": ("arn:aws:sts::123456789012:assumed-role/administrator/ada",)},
        {"deletion_window_days": 7},
        {"endpoint": "http://127.0.0.1:5555"},
        {"endpoint": "http://localhost:5555"},
        {"endpoint": "http://[::1]:5555"},
        {"endpoint": "https://emulator.example.com/"},
    ],
)
def test_what_aws_takes_is_taken(changes: dict[str, object]) -> None:
    given = arguments(**changes)

    assert {name: getattr(given, name) for name in changes} == changes


def test_a_password_in_an_endpoint_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="endpoint") as refused:
        arguments(endpoint="https://user:hidden@emulator.example.com")

    assert "hidden" not in str(refused.value)


def test_custody_has_a_bucket_of_its_own_unless_one_is_named() -> None:
    assert arguments().custody_bucket == "strongroom-custody-123456789012-dev"
    assert arguments(bucket="my-custody").custody_bucket == "my-custody"
