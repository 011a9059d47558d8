import pytest

from components.workload.access import PodAccess


def test_no_pod_reaches_vault_without_tls() -> None:
    with pytest.raises(ValueError, match="address must begin with https://"):
        PodAccess(address="http://vault:8200", login_mount="kubernetes", audience="vault")
