"""Rules over providers: whose account, and over what connection."""

from pulumi_policy import Severity

from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule


@rule(
    "pulumi:providers:aws",
    reason="with the wrong credentials at hand the whole stack would be made in another account",
    cure="set allowed_account_ids",
    severity=Severity.MEDIUM,
)
def provider_names_its_account(provider: Resource) -> Findings:
    """The provider of AWS works in one account only."""
    if provider.at("allowedAccountIds", "") in ("", "[]"):
        yield "allowedAccountIds is empty"


@rule(
    "pulumi:providers:vault",
    reason="whoever stands in between would get the account's password, and every secret that is written",
    cure="give https and the CA (ca_cert_file), and never skip_tls_verify",
    severity=Severity.CRITICAL,
)
def provider_verifies_vault(provider: Resource) -> Findings:
    """The provider of Vault speaks TLS and verifies whom it speaks to."""
    with provider.if_known():
        if str(provider.at("skipTlsVerify", "false")).lower() == "true":
            yield "skipTlsVerify is on"
    with provider.if_known():
        if not str(provider.at("address", "")).startswith("https://"):
            yield "address is no https:// URL"
