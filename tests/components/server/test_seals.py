import pytest

from components.cloud.contract import Seal
from components.server.seals import TransitSealArgs, shamir_seal, taking_over

KMS = Seal(kind="awskms", parameters={})


@pytest.mark.parametrize("address", ["http://keeper:8200", "keeper:8200", "https://"])
def test_a_keeper_is_reached_over_https_only(address: str) -> None:
    with pytest.raises(ValueError, match="address must begin with https://"):
        TransitSealArgs(address=address, key_name="k", token="t", ca_file="ca.pem")


def test_a_seal_takes_over_from_one_of_another_kind() -> None:
    assert taking_over(KMS, shamir_seal()).former == shamir_seal()
    assert taking_over(KMS, None) == KMS
    with pytest.raises(ValueError, match="former must be of another kind"):
        taking_over(KMS, KMS)
