"""Rules over how long a token lives."""

from typing import Annotated

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule
from policies.rules.vault.bearers import KINDS, LOGINS

_TOKEN = "vault:index/token:Token"  # noqa: S105  no token
_SECRET_ID = "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId"  # noqa: S105  no secret
_LOGGED_IN = (
    "vault:appRole/authBackendLogin:AuthBackendLogin",
    "vault:aws/authBackendLogin:AuthBackendLogin",
)

_HOUR = 3600
_Seconds = Annotated[int, Field(ge=60, le=2764800)]


@rule(
    *LOGINS,
    reason="a token without an end lives 32 days, or for as long as somebody renews it, and nobody revokes it",
    cure="set token_ttl and token_max_ttl",
    severity=Severity.HIGH,
)
def token_expires(role: Resource) -> Findings:
    """Every login's token expires: token_ttl and token_max_ttl are set."""
    for field in ("tokenTtl", "tokenMaxTtl"):
        with role.if_known():
            if not role.at(field, 0) and not role.at("tokenExplicitMaxTtl", 0):
                yield f"{field} is not set"


@rule(
    *LOGINS,
    reason="a token that was seen is good until it ends",
    cure="set less (a service's: access.tokenTtlSeconds; people's has no setting), and let whoever needs more log in"
    " again; or raise the rule's limits",
    severity=Severity.MEDIUM,
)
def token_ttl_is_short(
    role: Resource,
    *,
    machine_seconds: Annotated[
        _Seconds, Field(description="Longest token_ttl of what programs log in with.")
    ] = _HOUR,
    machine_max_seconds: Annotated[
        _Seconds, Field(description="Longest token_max_ttl of what programs log in with.")
    ] = 24 * _HOUR,
    person_seconds: Annotated[_Seconds, Field(description="Longest token_ttl of people.")] = 8
    * _HOUR,
    person_max_seconds: Annotated[
        _Seconds, Field(description="Longest token_max_ttl of people.")
    ] = 12 * _HOUR,
) -> Findings:
    """No login's token lives longer than the limits."""
    machine = KINDS[role.type].is_machine
    most = machine_seconds if machine else person_seconds
    longest = machine_max_seconds if machine else person_max_seconds
    limits = {"tokenTtl": most, "tokenMaxTtl": longest, "tokenExplicitMaxTtl": longest}
    for field, limit in limits.items():
        with role.if_known():
            seconds = int(role.at(field, 0))
            if seconds > limit:
                yield f"{field} is {seconds} s, and at most {limit} s are allowed"


@rule(
    *LOGINS,
    reason="a periodic token is renewed for ever: no token_max_ttl ends it",
    cure="delete token_period, or set token_explicit_max_ttl beside it",
    severity=Severity.HIGH,
)
def token_is_not_periodic(role: Resource) -> Findings:
    """No login's token is periodic without an end."""
    if role.at("tokenPeriod", 0) and not role.at("tokenExplicitMaxTtl", 0):
        yield "tokenPeriod is set, and tokenExplicitMaxTtl is not"


@rule(
    _TOKEN,
    _SECRET_ID,
    *_LOGGED_IN,
    reason="what is made here lies in the state for as long as the state is kept, and renews itself with every run",
    cure="let whoever needs a token log in, or set wrapping_ttl: the state then keeps what opens it, once and soon",
    severity=Severity.HIGH,
)
def no_token_is_kept(resource: Resource) -> Findings:
    """No token or secret id is made here that the state would keep."""
    if not resource.at("wrappingTtl"):
        yield f"{resource.type.rpartition(':')[2]} keeps what it makes in the state"
