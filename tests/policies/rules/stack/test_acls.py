"""Tables of the rules over acls and those who bear them."""

from acl.account import account_acl
from acl.document import render, rule
from policies.rules.stack import acls
from tests.policies.case import Case, Change, ask
from tests.policies.vault import ORDERS, ROLE, SERVICE, SHAPE, VAULT, acl, granted, over, without

TWO = [
    *without(ROLE, ORDERS),
    acl("svc-shop.orders", SERVICE),
    acl("extra", render([rule("kv/data/shop/orders/none", "deny")])),
    over(
        next(each for each in VAULT if each.name == ROLE),
        tokenPolicies=["svc-shop.orders", "extra"],
    ),
]
ADOPTED = acl("old", granted("kv/data/x", "read", to=""), within="strongroom:adopted:AdoptedVault")
ANYBODYS = account_acl(SHAPE, name="another", mount="strongroom") + granted(
    "sys/policies/acl/*", "update", to=""
)

CASES = [
    Case(
        rule=acls.acl_is_borne,
        compliant=TWO,
        breakages={"by nobody": Change("tokenPolicies", ["svc-shop.orders"], of=ROLE)},
    ),
    Case(
        rule=acls.borne_acl_exists,
        compliant=VAULT,
        settings={"existing": ["theirs"]},
        breakages={
            "nowhere": Change("tokenPolicies", ["svc-shop.orders", "svc-shop.order"], of=ROLE),
            "a person's": Change("tokenPolicies", ["team-administrators", "x"], of="ada"),
        },
    ),
    Case(
        rule=acls.acl_is_written_once,
        compliant=[*TWO, ADOPTED],
        breakages={"twice": Change("name", "extra", of="acl-old")},
        # Whoever writes it has no name: that is said for the acl that it may be.
    ),
    Case(
        rule=acls.borne_denies_hold,
        compliant=TWO,
        breakages={
            "overridden": Change(
                "policy", render([rule("kv/data/+/orders/none", "deny")]), of="acl-extra"
            )
        },
    ),
    Case(
        rule=acls.nobody_writes_his_own_acl,
        compliant=VAULT,
        breakages={"the account": Change("acl", ANYBODYS, of="owned")},
    ),
]


def test_what_is_adopted_is_borne_by_somebody_else() -> None:
    [outcome] = ask(acls.acl_is_borne, [*VAULT, ADOPTED], {})
    assert outcome.findings == ()


def test_an_existing_acl_may_be_borne() -> None:
    [role] = [each for each in VAULT if each.name == ROLE]
    samples = [*without(ROLE), over(role, tokenPolicies=["svc-shop.orders", "theirs"])]
    assert ask(acls.borne_acl_exists, samples, {"existing": ["theirs"]})[0].findings == ()
    assert ask(acls.borne_acl_exists, samples, {})[0].findings != ()
