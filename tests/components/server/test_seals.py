import pytest

from components.cloud.contract import Seal
from components.server.seals import TransitSealArgs, shamir_seal, taking_over, unsaid_migration

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


@pytest.mark.parametrize(
    ("before", "now", "is_refused"),
    [
        (("awskms", None), ("awskms", None), False),
        (("awskms", None), ("shamir", None), True),
        (("awskms", None), ("shamir", "awskms"), False),
        (("awskms", None), ("shamir", "transit"), True),
        (("shamir", "awskms"), ("shamir", None), False),
        (("shamir", "awskms"), ("awskms", None), False),
        (("shamir", "awskms"), ("transit", "shamir"), False),
        (("shamir", "awskms"), ("transit", None), True),
        ((None, None), ("shamir", None), False),
    ],
)
def test_another_seal_wants_the_one_that_it_takes_over_from(
    before: tuple[str | None, str | None], now: tuple[str | None, str | None], is_refused: bool
) -> None:
    said = unsaid_migration(before, now)

    assert (said is not None) is is_refused
    assert said is None or f"formerSeal, {{kind: {before[0]}}}" in said
