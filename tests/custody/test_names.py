from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody import names
from custody.errors import CustodyError
from custody.request import AwsCustody, ClusterAddress, Request
from custody.secret import Secret
from tests.real.request import request_for

CLUSTER = ClusterAddress(
    flavour="openbao",
    members=("https://127.0.0.1:8200",),
    generate_root_members=("https://127.0.0.1:8300",),
    ca_certificate="",
)
PLACE = AwsCustody(
    region="eu-central-1",
    endpoint=None,
    bucket="bucket",
    prefix="",
    custody_key="arn:custody",
    seal_key="arn:seal",
    writer_role="arn:writer",
    reader_role="arn:reader",
)
REQUEST = request_for(CLUSTER, PLACE, Path("custody"))


def with_account(**changes: Any) -> Request:
    return replace(REQUEST, account=replace(REQUEST.account, **changes))


@given(st.sampled_from(names.ROLES), st.integers(0, 254))
def test_keys_are_named_and_found_by_role_and_number(role: names.Role, index: int) -> None:
    assert names.key_of(names.key(role, index)) == (role, index)


@pytest.mark.parametrize(
    "name",
    ["vault-recovery-", "vault-unseal-01", "vault-recovery-1x", "vault-root-1", "vault-root", "x"],
)
def test_other_names_are_no_key(name: str) -> None:
    assert names.key_of(name) is None


def test_an_ordinary_request_is_allowed() -> None:
    names.check_request(REQUEST)
    names.check_request(replace(REQUEST, recovery_shares=1, recovery_threshold=1))
    for prefix in ("prod/", "prod-", "a/b/", "a.b_c"):
        names.check_custody(replace(PLACE, prefix=prefix))
    for endpoint in ("http://127.0.0.1:5555", "http://localhost:1", "http://[::1]:1", "https://x"):
        names.check_custody(replace(PLACE, endpoint=endpoint))
    assert names.key("recovery", 0) == "vault-recovery-0"
    assert names.key("unseal", 4) == "vault-unseal-4"


@pytest.mark.parametrize("field", ["mount", "name", "acl_name"])
@pytest.mark.parametrize(
    "value", ["", "a/b", "../x", "a..b", "A", "-a", "a-", "a b", "a\n", "a%2fb", "ä", "a" * 65]
)
def test_a_name_that_could_reach_another_path_is_refused(field: str, value: str) -> None:
    with pytest.raises(CustodyError):
        names.check_request(with_account(**{field: value}))


@pytest.mark.parametrize(
    "changes",
    [
        {"mount": "token"},
        {"acl_name": "root"},
        {"acl_name": "default"},
        {"acl_name": "default-ceiling"},
        {"password": Secret("")},
        {"acl": " "},
        {"cidrs": ()},
        {"cidrs": ("10.0.0.1/8",)},
        {"cidrs": ("nowhere",)},
    ],
)
def test_an_account_that_would_be_none_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CustodyError):
        names.check_request(with_account(**changes))


@pytest.mark.parametrize(("shares", "threshold"), [(0, 0), (3, 4), (256, 3), (5, 1), (3, 0)])
def test_shares_that_vault_would_refuse_are_refused_before(shares: int, threshold: int) -> None:
    with pytest.raises(CustodyError, match="recovery"):
        names.check_request(replace(REQUEST, recovery_shares=shares, recovery_threshold=threshold))


@pytest.mark.parametrize(
    "endpoint", ["http://example.com", "http://10.0.0.1:80", "ftp://127.0.0.1", "127.0.0.1:5555"]
)
def test_plain_http_goes_to_this_machine_only(endpoint: str) -> None:
    with pytest.raises(CustodyError, match="not https"):
        names.check_custody(replace(PLACE, endpoint=endpoint))


@pytest.mark.parametrize("prefix", ["/a", "a//b", "../", "a/../b", "a b", "ä", "a/."])
def test_an_odd_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(CustodyError, match="prefix"):
        names.check_custody(replace(PLACE, prefix=prefix))


@pytest.mark.parametrize(
    "changes",
    [
        {"members": ()},
        {"members": ("http://127.0.0.1:8200",)},
        {"generate_root_members": ()},
        {"generate_root_members": ("http://127.0.0.1:8300",)},
    ],
)
def test_members_without_tls_or_generate_root_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CustodyError):
        names.check_cluster(replace(CLUSTER, **changes))
