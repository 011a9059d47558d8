"""Tables of the rules over providers; tests/policies/test_rules.py holds the rules against them."""

from policies.rules.cloud import providers
from tests.policies.case import ABSENT, Case, Change, Sample

AWS = Sample(type="pulumi:providers:aws", inputs={"allowedAccountIds": '["123456789012"]'})
VAULT = Sample(
    type="pulumi:providers:vault",
    inputs={"address": "https://vault:8200", "skipTlsVerify": "false"},
)

CASES = [
    Case(
        rule=providers.provider_names_its_account,
        compliant=[AWS],
        breakages={
            "any": Change("allowedAccountIds", ABSENT),
            "none": Change("allowedAccountIds", "[]"),
        },
    ),
    Case(
        rule=providers.provider_verifies_vault,
        compliant=[VAULT],
        breakages={
            "not verified": Change("skipTlsVerify", "true"),
            "not verified, as a boolean": Change("skipTlsVerify", value=True),
            "plain": Change("address", "http://vault:8200"),
        },
    ),
]
