"""Tables of the rule over who can make himself administrator."""

from policies.rules.stack import administrators
from tests.policies.case import Case, Change, ask, changed
from tests.policies.vault import ORDERS, TEAM, VAULT, granted

RULE = administrators.administrators_are_listed


def _granted(path: str, *capabilities: str) -> Change:
    return Change("policy", granted(path, *capabilities), of=ORDERS)


CASES = [
    Case(
        rule=RULE,
        compliant=VAULT,
        breakages={
            "acls": _granted("sys/policies/acl/team-*", "update"),
            "acls by the old path": _granted("sys/policy/svc-x", "update"),
            "roles": _granted("auth/kubernetes/role/*", "create"),
            "people": _granted("auth/people/users/ada", "update"),
            "logins": _granted("sys/auth/mine", "create", "sudo"),
            "a login's configuration": _granted("auth/kubernetes/config", "update"),
            "tokens with any acl": _granted("auth/token/create", "update", "sudo"),
            "entities": _granted("identity/entity/name/me", "update"),
            "a team": Change(
                "policy",
                granted("auth/+/users/*", "update", to=TEAM),
                of="acl-team-administrators",
            ),
            "an account that nobody listed": Change("name", "another", of="owned"),
        },
    ),
]


def test_whoever_is_listed_may() -> None:
    samples = changed(VAULT, _granted("sys/policies/acl/svc-x", "update"))
    [outcome] = ask(RULE, samples, {})
    assert [each.message.partition(" can ")[0] for each in outcome.findings] == [
        "kubernetes/svc-shop.orders"
    ]
    [finding] = outcome.findings
    # What the acl says, not what the rule looks for.
    assert " can write sys/policies/acl/svc-x (svc-shop.orders:" in finding.message
    listed = ["strongroom/strongroom", "kubernetes/svc-shop.orders"]
    [outcome] = ask(RULE, samples, {"administrators": listed})
    assert outcome.findings == ()


def test_denying_one_acl_leaves_every_other() -> None:
    text = granted("sys/policies/acl/*", "update") + granted(
        "sys/policies/acl/team-x", "deny", to=""
    )
    [outcome] = ask(RULE, changed(VAULT, Change("policy", text, of=ORDERS)), {})
    assert len(outcome.findings) == 1


def test_what_a_deny_takes_back_whole_is_no_way() -> None:
    text = granted("sys/policies/*", "update") + granted("sys/policies/acl/*", "deny", to="")
    [outcome] = ask(RULE, changed(VAULT, Change("policy", text, of=ORDERS)), {})
    assert outcome.findings == ()
