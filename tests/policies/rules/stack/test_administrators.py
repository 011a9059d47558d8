"""Tables of the rules over who is administrator, or can make himself one."""

from dataclasses import replace

import pytest

from acl.document import render, rule
from acl.grants import team_acl
from policies.rules.stack import administrators
from tests.policies.case import Case, Change, ask, changed
from tests.policies.vault import ORDERS, PERSON, TEAM, VAULT, acl, granted, over

RULE = administrators.administrators_are_listed
EVERY = administrators.acls_over_every_service_are_listed
OPS = "acl-team-ops"
TWO_TEAMS = [
    *VAULT,
    acl("team-ops", team_acl("kv", ["shop/orders"], ["shop/billing"])),
    replace(over(PERSON, username="bob", tokenPolicies=["team-ops"]), name="bob"),
]


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
    Case(
        rule=EVERY,
        compliant=TWO_TEAMS,
        breakages={
            "a second team of administrators": Change("policy", TEAM, of=OPS),
            "reading alone": Change("policy", render([rule("kv/data/*", "read")]), of=OPS),
            "writing alone": Change("policy", render([rule("kv/data/*", "update")]), of=OPS),
            "the whole mount": Change("policy", render([rule("kv/*", "read")]), of=OPS),
            "by segments": Change("policy", render([rule("kv/data/+/+/mail", "read")]), of=OPS),
        },
        undecided={"the mount": Change("path", "kv", of="kv")},
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


def test_a_second_team_of_administrators_is_named_with_who_bears_its_acl() -> None:
    samples = changed(TWO_TEAMS, Change("policy", TEAM, of=OPS))
    [outcome] = ask(EVERY, samples, {})
    [finding] = outcome.findings
    assert finding.message.startswith("team-ops:")
    assert finding.message.endswith("of every service (kv/data/*), borne by people/bob")
    listed = {"acls": ["team-administrators", "team-ops"]}
    assert ask(EVERY, samples, listed)[0].findings == ()


def test_an_acl_that_nobody_bears_yet_is_named_too() -> None:
    [outcome] = ask(EVERY, [*VAULT, acl("team-ops", TEAM)], {})
    assert [each.message.rpartition(", ")[2] for each in outcome.findings] == [
        "borne by nobody yet"
    ]


@pytest.mark.parametrize(
    "text",
    [
        render([rule("kv/data/shop/*", "read")]),
        render([rule("kv/data/+/orders/*", "read")]),
        render([rule("kv/data/s*", "read")]),
        render([rule("kv/metadata/*", "read", "list")]),
        render([rule("kv/*", "read"), rule("kv/data/*", "deny")]),
    ],
    ids=["one namespace", "one name", "a beginning", "no secret", "denied"],
)
def test_what_is_not_over_every_service_needs_no_listing(text: str) -> None:
    [outcome] = ask(EVERY, changed(TWO_TEAMS, Change("policy", text, of=OPS)), {})
    assert outcome.findings == ()
