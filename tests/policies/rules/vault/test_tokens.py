"""Tables of the rules over how long a token lives."""

from policies.rules.vault import tokens
from tests.policies.case import ABSENT, Case, Change, Sample
from tests.policies.vault import ROLE, VAULT

CASES = [
    Case(
        rule=tokens.token_expires,
        compliant=VAULT,
        breakages={
            "no ttl": Change("tokenTtl", ABSENT, of=ROLE),
            "none at all": Change("tokenMaxTtl", 0.0, of=ROLE),
            "a person's": Change("tokenMaxTtl", ABSENT, of="ada"),
        },
    ),
    Case(
        rule=tokens.token_ttl_is_short,
        compliant=VAULT,
        settings={"machine_seconds": 900, "person_max_seconds": 43200},
        breakages={
            "long": Change("tokenTtl", 901.0, of=ROLE),
            "long in the end": Change("tokenMaxTtl", 172800.0, of=ROLE),
            "more than a day of work": Change("tokenTtl", 28801.0, of="ada"),
        },
    ),
    Case(
        rule=tokens.token_is_not_periodic,
        compliant=VAULT,
        breakages={"periodic": Change("tokenPeriod", 600.0, of=ROLE)},
    ),
    Case(
        rule=tokens.no_token_is_kept,
        compliant=[
            *VAULT,
            Sample(
                type="vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId",
                name="id",
                inputs={"wrappingTtl": "60s"},
            ),
        ],
        breakages={"kept": Change("wrappingTtl", ABSENT, of="id")},
    ),
]
