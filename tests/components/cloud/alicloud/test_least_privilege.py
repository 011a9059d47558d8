"""Who may do what, decided over every document of a whole declared cloud."""

from dataclasses import replace
from typing import Any, Literal

import pytest

from components.cloud.alicloud.cloud import AlicloudCloud
from components.cloud.contract import BucketGrant
from tests.components.cloud.alicloud.world import (
    ACCOUNT,
    REGION,
    Call,
    World,
    answers,
    arguments,
    key,
)
from tests.conftest import Declare

RAM = f"acs:ram::{ACCOUNT}"
ROLE, USER = f"{RAM}:role/strongroom-prod", f"{RAM}:user/strongroom-prod"
WRITER, READER = f"{ROLE}-custody-writer", f"{ROLE}-custody-reader"
SEAL_USERS = [f"{USER}-seal-even", f"{USER}-seal-odd"]
ORDERS, BILLING = f"{USER}-shop.orders.invoices-even", f"{USER}-shop.billing.invoices-odd"
ORDERS_POD, PROGRAM_POD = f"{ROLE}-shop.orders-pod", f"{ROLE}-program-pod"
SEAL, CUSTODY_KEY = key("seal"), key("custody")
CUSTODY = f"acs:oss:*:{ACCOUNT}:strongroom-custody-{ACCOUNT}-prod"
INVOICES = f"acs:oss:*:{ACCOUNT}:strongroom-{ACCOUNT}-prod-invoices"
ADMINISTRATOR = f"{RAM}:user/administrator"
CLUSTER = {"cluster_id": "c0", "program_service_account": "ci/strongroom"}
PROVIDER = f"{RAM}:oidc-provider/ack-rrsa-c0"
ISSUER = f"https://oidc-ack-{REGION}.oss-{REGION}.aliyuncs.com/c0"
NAMES = [
    "vault-root",
    "vault-test",
    "vault-recovery-0",
    "vault-unseal-0",
    "strongroom-intent",
    "strongroom-envelope",
    "strongroom-owner",
    "anything-else",
]
OSS_ACTIONS = [
    "oss:GetObject",
    "oss:GetObjectVersion",
    "oss:PutObject",
    "oss:DeleteObject",
    "oss:DeleteObjectVersion",
    "oss:ListObjects",
    "oss:ListObjectVersions",
    "oss:PutBucketPolicy",
    "oss:PutBucketLifecycle",
    "oss:PutBucketVersioning",
]
KMS_ACTIONS = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
    "kms:ReEncrypt",
    "kms:ScheduleKeyDeletion",
    "kms:SetDeletionProtection",
    "kms:SetKeyPolicy",
]
SEAL_CALLS = {"kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"}


_WORLDS: list[World] = []
"""The one that most tests ask; none changes it."""


@pytest.fixture
def world(declare: Declare) -> World:
    if not _WORLDS:
        _WORLDS.append(_of_two_services(declare))
    return _WORLDS[0]


def _of_two_services(declare: Declare) -> World:
    def program() -> None:
        cloud = AlicloudCloud("cloud", arguments(**CLUSTER))
        for service, access in (("shop/orders", "read-write"), ("shop/billing", "read")):
            grant = BucketGrant(
                service=service,
                name="invoices",
                bucket="invoices",
                access=access,  # type: ignore[arg-type]  # of the two
                rotate_seconds=100,
            )
            cloud.application_credentials(grant, now=1000.0)

    return World.of(declare(program, outputs=answers))


def _world(declare: Declare, **changes: Any) -> World:
    return World.of(declare(lambda: AlicloudCloud("cloud", arguments(**changes)), outputs=answers))


def _may(world: World, principal: str, resource: str, actions: list[str]) -> set[str]:
    return {
        action
        for action in actions
        if world.allows(Call(principal=principal, action=action, resource=resource))
    }


def test_no_allow_holds_a_wildcard_but_the_objects_of_a_bucket(world: World) -> None:
    allows = [
        statement
        for document in world.documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
    ]
    resources = {each for statement in allows for each in statement.get("Resource", [])}

    assert len(allows) > 20
    assert not [a for statement in allows for a in statement["Action"] if "*" in a]
    assert {each.removeprefix("acs:oss:*:") for each in resources if "*" in each[len("acs:oss:*:") :]} == {
        f"{ACCOUNT}:strongroom-custody-{ACCOUNT}-prod/*",
        f"{ACCOUNT}:strongroom-{ACCOUNT}-prod-invoices/*",
    }  # fmt: skip


SERVERS = pytest.mark.parametrize(
    ("servers", "changes"),
    [
        (SEAL_USERS, {}),
        ([f"{ROLE}-vault"], {"seal_identity": "assumed-role"}),
        ([f"{RAM}:role/worker"], {"seal_identity": "instance-role", "instance_role": "worker"}),
    ],
    ids=["keys", "assumed-role", "instance-role"],
)


@SERVERS
def test_servers_unseal_and_nothing_else(
    declare: Declare, servers: list[str], changes: dict[str, Any]
) -> None:
    world = _world(declare, **changes)

    for each in servers:
        assert _may(world, each, SEAL, KMS_ACTIONS) == SEAL_CALLS
        assert _may(world, each, CUSTODY_KEY, KMS_ACTIONS) == set()
        for resource in (CUSTODY, *(f"{CUSTODY}/{name}" for name in NAMES)):
            assert _may(world, each, resource, OSS_ACTIONS) == set()


@SERVERS
def test_nobody_but_the_servers_unseals(
    declare: Declare, servers: list[str], changes: dict[str, Any]
) -> None:
    world = _world(declare, **changes, **CLUSTER)
    others = set(world.identities) - set(servers)

    assert {WRITER, READER, PROGRAM_POD} <= others
    for principal in others:
        assert _may(world, principal, SEAL, KMS_ACTIONS) == set(), principal


def test_a_key_that_takes_a_role_unseals_by_that_role_alone(declare: Declare) -> None:
    world = _world(declare, seal_identity="assumed-role")

    for user in SEAL_USERS:
        assert world.takes(user, f"{ROLE}-vault")
        assert not world.takes(user, WRITER)
        assert _may(world, user, SEAL, KMS_ACTIONS) == set()
    for other in (ADMINISTRATOR, WRITER):
        everything = ({"Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]},)
        with_it = replace(world, identities={**world.identities, other: everything})
        assert not with_it.takes(other, f"{ROLE}-vault")


def test_writer_encrypts_and_can_not_decrypt(world: World) -> None:
    assert _may(world, WRITER, CUSTODY_KEY, KMS_ACTIONS) == {
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
    }


def test_reader_decrypts_and_can_not_encrypt(world: World) -> None:
    assert _may(world, READER, CUSTODY_KEY, KMS_ACTIONS) == {"kms:Decrypt"}


def test_writer_puts_and_lists_but_reads_nothing(world: World) -> None:
    for name in NAMES:
        may = _may(world, WRITER, f"{CUSTODY}/{name}", OSS_ACTIONS)
        assert may >= {"oss:PutObject"}
        assert not may & {"oss:GetObject", "oss:GetObjectVersion"}
    assert _may(world, WRITER, CUSTODY, OSS_ACTIONS) == {"oss:ListObjectVersions"}


def test_reader_gets_and_lists_but_changes_nothing(world: World) -> None:
    for name in NAMES:
        may = _may(world, READER, f"{CUSTODY}/{name}", OSS_ACTIONS)
        assert may == {"oss:GetObject", "oss:GetObjectVersion"}
    assert _may(world, READER, CUSTODY, OSS_ACTIONS) == {"oss:ListObjectVersions"}


def test_only_the_writer_deletes_and_only_what_must_go(world: World) -> None:
    everybody = [*world.identities, ADMINISTRATOR]
    expected = {
        "oss:DeleteObject": {"vault-root", "vault-test", "strongroom-envelope"},
        "oss:DeleteObjectVersion": {"vault-root", "vault-test"},
    }
    for principal in everybody:
        for action, names in expected.items():
            may = {name for name in NAMES if _may(world, principal, f"{CUSTODY}/{name}", [action])}
            assert may == (names if principal == WRITER else set()), (principal, action)


def test_an_administrator_of_oss_deletes_nothing_that_stays(world: World) -> None:
    everything = ({"Statement": [{"Effect": "Allow", "Action": ["oss:*"], "Resource": ["*"]}]},)
    with_him = replace(world, identities={**world.identities, ADMINISTRATOR: everything})

    def deletes(action: str) -> list[str]:
        return [n for n in NAMES if _may(with_him, ADMINISTRATOR, f"{CUSTODY}/{n}", [action])]

    assert deletes("oss:DeleteObject") == [
        "vault-root",
        "vault-test",
        "strongroom-envelope",
        "anything-else",
    ]
    assert deletes("oss:DeleteObjectVersion") == ["vault-root", "vault-test", "anything-else"]


@pytest.mark.parametrize("releases", ["recovery", "unseal"])
def test_while_a_seal_is_migrated_the_keys_that_lose_their_role_can_be_hidden_and_stay(
    declare: Declare, releases: Literal["recovery", "unseal"]
) -> None:
    migrating = _world(declare, releases=releases)
    everything = ({"Statement": [{"Effect": "Allow", "Action": ["oss:*"], "Resource": ["*"]}]},)
    with_him = replace(migrating, identities={**migrating.identities, ADMINISTRATOR: everything})

    def may(world: World, principal: str, action: str) -> set[str]:
        return {name for name in NAMES if _may(world, principal, f"{CUSTODY}/{name}", [action])}

    go = {"vault-root", "vault-test"}
    assert may(migrating, WRITER, "oss:DeleteObject") == {
        *go, "strongroom-envelope", f"vault-{releases}-0",
    }  # fmt: skip
    assert may(migrating, WRITER, "oss:DeleteObjectVersion") == go
    assert may(migrating, READER, "oss:DeleteObject") == set()
    assert may(with_him, ADMINISTRATOR, "oss:DeleteObjectVersion") == {*go, "anything-else"}


def test_no_bucket_answers_in_plain_http(world: World) -> None:
    plain = {"acs:SecureTransport": "false"}
    for principal, action, resource in (
        (WRITER, "oss:PutObject", f"{CUSTODY}/strongroom-intent"),
        (READER, "oss:GetObjectVersion", f"{CUSTODY}/vault-recovery-0"),
        (READER, "oss:ListObjectVersions", CUSTODY),
        (ORDERS, "oss:GetObject", f"{INVOICES}/2026/1"),
    ):
        call = Call(principal=principal, action=action, resource=resource)
        assert world.allows(call)
        assert not world.allows(replace(call, context=plain))


def test_a_service_uses_its_bucket_as_it_was_granted(world: World) -> None:
    expected = {
        ORDERS: {"oss:GetObject", "oss:PutObject", "oss:DeleteObject"},
        ORDERS_POD: {"oss:GetObject", "oss:PutObject", "oss:DeleteObject"},
        BILLING: {"oss:GetObject"},
    }
    for principal, may in expected.items():
        assert _may(world, principal, f"{INVOICES}/2026/1", OSS_ACTIONS) == may, principal
        assert _may(world, principal, INVOICES, OSS_ACTIONS) == {"oss:ListObjects"}


def test_a_service_has_no_part_in_custody_or_the_seal(world: World) -> None:
    for principal in (ORDERS, BILLING, ORDERS_POD):
        for resource in (CUSTODY, *(f"{CUSTODY}/{name}" for name in NAMES)):
            assert _may(world, principal, resource, OSS_ACTIONS) == set()
        for each in (SEAL, CUSTODY_KEY):
            assert _may(world, principal, each, KMS_ACTIONS) == set()


def test_a_pod_s_role_is_handed_to_one_service_account_with_a_token_made_for_it(
    world: World,
) -> None:
    usual = {
        "oidc:sub": "system:serviceaccount:shop:orders",
        "oidc:aud": "sts.aliyuncs.com",
        "oidc:iss": ISSUER,
    }

    assert world.hands_out(ORDERS_POD, PROVIDER, usual)
    for name, value in (
        ("oidc:sub", "system:serviceaccount:shop:billing"),
        ("oidc:sub", "system:serviceaccount:vault:orders"),
        ("oidc:aud", "vault"),
        ("oidc:iss", f"{ISSUER}0"),
    ):
        assert not world.hands_out(ORDERS_POD, PROVIDER, {**usual, name: value})
    assert not world.hands_out(ORDERS_POD, f"{PROVIDER}0", usual)


def _federated(world: World, role: str) -> bool:
    return any("Federated" in each["Principal"] for each in world.trusts[role]["Statement"])


def test_no_pod_takes_a_role_of_custody_s_or_the_seal_s_by_its_token(world: World) -> None:
    assert {role for role in world.trusts if _federated(world, role)} == {
        PROGRAM_POD,
        ORDERS_POD,
        f"{ROLE}-shop.billing-pod",
    }


def test_the_program_s_own_pod_takes_custody_s_roles_and_may_do_nothing_itself(
    world: World,
) -> None:
    assert world.takes(PROGRAM_POD, WRITER)
    assert world.takes(PROGRAM_POD, READER)
    assert not world.takes(ORDERS_POD, WRITER)
    for each in (SEAL, CUSTODY_KEY):
        assert _may(world, PROGRAM_POD, each, KMS_ACTIONS) == set()


def test_custody_s_roles_are_taken_by_those_named_or_left_to_the_account(declare: Declare) -> None:
    pipeline = f"{RAM}:role/pipeline"
    named = _world(declare, writers=(pipeline,))

    def trusts(world: World, role: str) -> list[str]:
        return list(world.trusts[role]["Statement"][0]["Principal"]["RAM"])

    assert trusts(named, WRITER) == [pipeline]
    assert trusts(named, READER) == [f"{RAM}:root"]
    assert trusts(_world(declare, **CLUSTER), WRITER) == [PROGRAM_POD]
