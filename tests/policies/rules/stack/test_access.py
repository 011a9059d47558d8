"""Tables of the rules over who reaches which secrets."""

from acl.document import render, rule
from acl.grants import service_acl
from policies.rules.stack import access
from policies.rules.vault.bearers import JWT
from tests.policies.case import Case, Change, Sample, ask
from tests.policies.vault import (
    MAIL,
    ORDERS,
    ROLE,
    SERVICE,
    VAULT,
    granted,
    kept,
    service,
    service_role,
)

BOTH = [*VAULT, *service("shop/billing")]
BILLING = "acl-svc-shop.billing"
BILLED = "shop/billing/mail"
WRITER = granted("kv/data/shop/orders/out/*", "create", "update")
WRITERS = [
    each
    if each.name != ORDERS
    else Sample(type=each.type, name=ORDERS, inputs={**each.inputs, "policy": WRITER})
    for each in BOTH
]
TWICE = Sample(
    type=JWT, name="again", inputs={**service_role("shop/orders").inputs, "roleName": "another"}
)

CASES = [
    Case(
        rule=access.secret_is_written_once,
        compliant=[*VAULT, kept("shop/orders/other")],
        breakages={"twice": Change("name", MAIL, of="shop/orders/other")},
    ),
    Case(
        rule=access.service_writes_alone,
        compliant=WRITERS,
        breakages={
            "both write": Change(
                "policy",
                granted(
                    "kv/data/shop/orders/out/orders", "update", to=service_acl("kv", "shop/billing")
                ),
                of=BILLING,
            ),
            "both by wildcards": Change(
                "policy",
                granted("kv/data/+/orders/out/*", "update", to=service_acl("kv", "shop/billing")),
                of=BILLING,
            ),
        },
    ),
    Case(
        rule=access.service_reads_what_is_its_own,
        compliant=VAULT,
        breakages={
            "another's path": Change("policy", service_acl("kv", "shop/order"), of=ORDERS),
            "no read": Change(
                "policy", render([rule("kv/data/shop/orders/*", "update")]), of=ORDERS
            ),
            "another mount": Change("policy", service_acl("secret", "shop/orders"), of=ORDERS),
            "denied": Change("policy", granted("kv/data/shop/orders/mail", "deny"), of=ORDERS),
        },
    ),
    Case(
        rule=access.service_reads_little,
        compliant=BOTH,
        settings={"secrets": 1},
        breakages={
            "more secrets": Change(
                "policy", granted("kv/data/shop/billing/mail", "read"), of=ORDERS
            ),
        },
    ),
    Case(
        rule=access.service_reads_little,
        compliant=BOTH,
        settings={"others": 0},
        breakages={"another's": Change("policy", granted("kv/data/shop/*", "read"), of=ORDERS)},
    ),
    Case(
        rule=access.secret_is_read_by_few,
        compliant=BOTH,
        settings={"services": 0},
        breakages={
            "another": Change("policy", service_acl("kv", "shop/orders", [BILLED]), of=ORDERS),
            "by a wildcard": Change("policy", granted("kv/data/+/billing/*", "read"), of=ORDERS),
        },
        undecided={
            "which secret": Change("name", BILLED, of=BILLED),
            "who reads": Change("tokenPolicies", ["svc-shop.orders"], of=ROLE),
        },
    ),
    Case(
        rule=access.service_account_has_one_role,
        compliant=[
            *VAULT,
            Sample(
                type=JWT,
                name="again",
                inputs={**TWICE.inputs, "boundSubject": "system:serviceaccount:shop:clerk"},
            ),
        ],
        breakages={
            "two": Change("boundSubject", "system:serviceaccount:shop:orders", of="again"),
        },
    ),
]


def test_what_nobody_may_read_is_named_with_what_decides() -> None:
    samples = [
        each
        if each.name != ORDERS
        else Sample(
            type=each.type,
            name=ORDERS,
            inputs={"name": "svc-shop.orders", "policy": service_acl("kv", "shop/order")},
        )
        for each in VAULT
    ]
    [outcome] = ask(access.service_reads_what_is_its_own, samples, {})
    assert [each.message for each in outcome.findings] == [
        f"kubernetes/svc-shop.orders can't read kv/data/{MAIL}: no rule is about kv/data/{MAIL}"
    ]


def test_people_may_read_much() -> None:
    [outcome] = ask(access.service_reads_little, BOTH, {"secrets": 1, "others": 0})
    assert outcome.findings == ()


def test_a_secret_of_ten_others_is_read_by_few_and_of_eleven_by_many() -> None:
    def shared(many: int) -> list[Sample]:
        names = [f"far/reader-{number:02}" for number in range(many)]
        return [*VAULT, *(each for name in names for each in service(name, shared=[MAIL]))]

    assert ask(access.secret_is_read_by_few, shared(10), {})[0].findings == ()
    [outcome] = ask(access.secret_is_read_by_few, shared(11), {})
    [finding] = outcome.findings
    assert finding.resource is not None
    assert finding.resource.name == MAIL
    assert finding.message == (
        "11 others can read kv/data/shop/orders/mail"
        " (far/reader-00, far/reader-01, far/reader-02, ...), and 10 are allowed"
    )


def test_neither_the_owner_nor_people_count_and_two_clusters_are_one_reader() -> None:
    reader = service("shop/billing", shared=[MAIL])
    edge = service_role("shop/billing", backend="edge")
    again = Sample(type=JWT, name="edge", inputs=edge.inputs)
    owners = Sample(type=JWT, name="again", inputs={**TWICE.inputs, "backend": "edge"})
    samples = [*VAULT, *reader, again, owners]
    assert ask(access.secret_is_read_by_few, samples, {"services": 1})[0].findings == ()
    [outcome] = ask(access.secret_is_read_by_few, samples, {"services": 0})
    assert [each.message for each in outcome.findings] == [
        "1 others can read kv/data/shop/orders/mail (shop/billing), and 0 are allowed"
    ]


def test_people_and_a_service_may_write_one_path() -> None:
    assert "update" in WRITER
    [outcome] = ask(access.service_writes_alone, WRITERS, {})
    assert outcome.findings == ()


def test_a_role_in_two_clusters_is_one_service() -> None:
    edge = Sample(type=JWT, name="edge", inputs={**TWICE.inputs, "backend": "edge"})
    samples = [*WRITERS, edge]
    assert ask(access.service_account_has_one_role, samples, {})[0].findings == ()
    assert ask(access.service_writes_alone, samples, {})[0].findings == ()
    assert SERVICE in WRITER
    assert any(each.name == ROLE for each in samples)
