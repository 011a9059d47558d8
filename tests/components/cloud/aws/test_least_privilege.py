"""Who may do what, decided over every document of a whole declared cloud."""

from dataclasses import replace
from typing import Any, Literal

import pytest

from components.cloud.aws.cloud import AwsCloud
from components.cloud.contract import BucketGrant
from tests.components.cloud.aws.world import (
    ACCOUNT,
    ISSUER,
    REGION,
    Call,
    World,
    answers,
    arguments,
    put,
)
from tests.conftest import Declare

ROLE = f"arn:aws:iam::{ACCOUNT}:role/strongroom-dev"
PODS, WRITER, READER = f"{ROLE}-vault", f"{ROLE}-custody-writer", f"{ROLE}-custody-reader"
USER = f"arn:aws:iam::{ACCOUNT}:user/strongroom-dev-shop"
ORDERS, BILLING = f"{USER}.orders.invoices-even", f"{USER}.billing.invoices-odd"
SEAL = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/cloud-seal-key"
CUSTODY_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/cloud-custody-key"
CUSTODY = f"arn:aws:s3:::strongroom-custody-{ACCOUNT}-dev"
INVOICES = f"arn:aws:s3:::strongroom-{ACCOUNT}-dev-invoices"
EMULATOR = {"endpoint": "http://127.0.0.1:5000", "pod_endpoint": "http://10.244.0.1:5000"}
TOOL = {"kms:EncryptionContext:Tool": "bank-vaults"}
THROUGH_S3 = {
    "kms:EncryptionContext:aws:s3:arn": CUSTODY,
    "kms:ViaService": f"s3.{REGION}.amazonaws.com",
}
TLS = {"aws:SecureTransport": "true"}
NAMES = [
    "vault-root",
    "vault-test",
    "vault-recovery-0",
    "vault-recovery-4",
    "vault-unseal-0",
    "strongroom-intent",
    "strongroom-envelope",
    "strongroom-owner",
    "anything-else",
]
S3_ACTIONS = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutBucketPolicy",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketVersioning",
]
KMS_ACTIONS = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
    "kms:ReEncryptFrom",
    "kms:CreateGrant",
    "kms:ScheduleKeyDeletion",
    "kms:PutKeyPolicy",
]


_WORLDS: list[World] = []
"""The one that all tests ask; none changes it."""


@pytest.fixture
def world(declare: Declare) -> World:
    if not _WORLDS:
        _WORLDS.append(_of_two_services(declare))
    return _WORLDS[0]


def _of_two_services(declare: Declare) -> World:
    def program() -> None:
        cloud = AwsCloud("cloud", arguments())
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


def test_no_allow_holds_a_wildcard_but_the_two_that_aws_wants(world: World) -> None:
    allows = [
        (statement, statement.get("Resource", []))
        for document in world.documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
    ]
    actions = [action for statement, _ in allows for action in statement["Action"]]
    resources = {
        resource
        for _, listed in allows
        for resource in ([listed] if isinstance(listed, str) else listed)
        if "*" in resource
    }

    assert len(allows) > 20
    assert not [action for action in actions if "*" in action]
    assert resources == {"*", f"{CUSTODY}/*", f"{INVOICES}/*"}
    # The bare star stands in keys' own policies only, where it means the key.
    for document in (*world.identities.values(), *world.buckets.values()):
        assert "*" not in [s.get("Resource") for s in document["Statement"]]


POD_IDENTITY = {"seal_identity": "pod-identity", "cluster_name": "production"}
SEAL_USER = f"arn:aws:iam::{ACCOUNT}:user/strongroom-dev-seal"
SERVERS = pytest.mark.parametrize(
    ("servers", "changes"),
    [(PODS, {}), (PODS, POD_IDENTITY), (SEAL_USER, {"seal_identity": "keys"})],
    ids=["irsa", "pod-identity", "keys"],
)


def _world(declare: Declare, **changes: Any) -> World:
    return World.of(declare(lambda: AwsCloud("cloud", arguments(**changes)), outputs=answers))


@SERVERS
def test_servers_unseal_and_nothing_else(
    declare: Declare, servers: str, changes: dict[str, Any]
) -> None:
    world = _world(declare, **changes)
    wanted = {"kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"}

    for action in KMS_ACTIONS:
        call = Call(principal=servers, action=action, resource=SEAL)
        assert world.allows(call) is (action in wanted), action
        for context in ({}, TOOL, THROUGH_S3):
            custody = Call(principal=servers, action=action, resource=CUSTODY_KEY, context=context)
            assert not world.allows(custody)


@SERVERS
def test_nobody_but_the_servers_unseals(
    declare: Declare, servers: str, changes: dict[str, Any]
) -> None:
    world = _world(declare, **changes)

    for principal in {PODS, SEAL_USER, *world.identities} - {servers}:
        for action in KMS_ACTIONS:
            call = Call(principal=principal, action=action, resource=SEAL, context=TOOL)
            assert not world.allows(call), principal


def test_pod_identity_hands_the_role_to_one_service_account_of_one_cluster(
    declare: Declare,
) -> None:
    world = _world(declare, **POD_IDENTITY)
    agent = {"Service": "pods.eks.amazonaws.com"}
    cluster = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster"

    def handed(action: str, **tags: str) -> bool:
        usual = {
            "eks-cluster-arn": f"{cluster}/production",
            "kubernetes-namespace": "vault",
            "kubernetes-service-account": "vault",
        }
        given = usual | {name.replace("_", "-"): value for name, value in tags.items()}
        context = {f"aws:RequestTag/{name}": value for name, value in given.items()}
        call = Call(principal="", action=action, resource="", context=context)
        return world.hands_out(PODS, agent, call)

    assert handed("sts:AssumeRole")
    assert handed("sts:TagSession")
    assert not handed("sts:AssumeRoleWithWebIdentity")
    assert not handed("sts:AssumeRole", kubernetes_namespace="shop")
    assert not handed("sts:AssumeRole", kubernetes_service_account="default")
    assert not handed("sts:AssumeRole", eks_cluster_arn=f"{cluster}/another")
    untagged = Call(principal="", action="sts:AssumeRole", resource="")
    assert not world.hands_out(PODS, agent, untagged)


def test_a_token_takes_the_role_if_it_is_vault_s_service_account_s_and_made_for_sts(
    world: World,
) -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider"

    def taken(action: str, *, issuer: str = ISSUER, **said: str) -> bool:
        usual = {"sub": "system:serviceaccount:vault:vault", "aud": "sts.amazonaws.com"}
        context = {f"{issuer}:{name}": value for name, value in (usual | said).items()}
        call = Call(principal="", action=action, resource="", context=context)
        return world.hands_out(PODS, {"Federated": f"{provider}/{issuer}"}, call)

    assert taken("sts:AssumeRoleWithWebIdentity")
    assert not taken("sts:AssumeRole")
    assert not taken("sts:AssumeRoleWithWebIdentity", sub="system:serviceaccount:vault:default")
    assert not taken("sts:AssumeRoleWithWebIdentity", sub="system:serviceaccount:shop:vault")
    assert not taken("sts:AssumeRoleWithWebIdentity", aud="vault")
    assert not taken("sts:AssumeRoleWithWebIdentity", issuer="oidc.example.com/id/ANOTHER")


def test_pods_touch_no_bucket(world: World) -> None:
    context = {**TLS, "s3:if-none-match": "*"}
    resources = [
        resource
        for bucket in (CUSTODY, INVOICES)
        for resource in (bucket, *(f"{bucket}/{name}" for name in NAMES))
    ]
    for action in S3_ACTIONS:
        for resource in resources:
            call = Call(principal=PODS, action=action, resource=resource, context=context)
            assert not world.allows(call)


def test_writer_encrypts_as_bank_vaults_does_and_in_no_other_way(world: World) -> None:
    for action in ("kms:Encrypt", "kms:GenerateDataKey"):
        call = Call(principal=WRITER, action=action, resource=CUSTODY_KEY, context=TOOL)
        assert world.allows(call)
        for context in ({}, {"kms:EncryptionContext:Tool": "other"}):
            other = Call(principal=WRITER, action=action, resource=CUSTODY_KEY, context=context)
            assert not world.allows(other)


def test_the_bucket_may_encrypt_for_the_writer_and_decrypt_for_the_reader(world: World) -> None:
    def through_s3(role: str, action: str, **changed: str) -> Call:
        context = {**THROUGH_S3, **{f"kms:{name}": value for name, value in changed.items()}}
        return Call(principal=role, action=action, resource=CUSTODY_KEY, context=context)

    assert world.allows(through_s3(WRITER, "kms:GenerateDataKey"))
    assert world.allows(through_s3(READER, "kms:Decrypt"))
    assert not world.allows(through_s3(WRITER, "kms:Decrypt"))
    elsewhere = {"EncryptionContext:aws:s3:arn": "arn:aws:s3:::another"}
    assert not world.allows(through_s3(READER, "kms:Decrypt", **elsewhere))
    assert not world.allows(through_s3(READER, "kms:Decrypt", ViaService="ec2.amazonaws.com"))


def test_writer_can_not_decrypt(world: World) -> None:
    for key in (CUSTODY_KEY, SEAL):
        for context in ({}, TOOL, THROUGH_S3):
            call = Call(principal=WRITER, action="kms:Decrypt", resource=key, context=context)
            assert not world.allows(call)


def test_reader_can_not_encrypt(world: World) -> None:
    for action in ("kms:Encrypt", "kms:GenerateDataKey"):
        for context in ({}, TOOL, THROUGH_S3):
            call = Call(principal=READER, action=action, resource=CUSTODY_KEY, context=context)
            assert not world.allows(call)


def test_reader_decrypts_as_bank_vaults_does(world: World) -> None:
    def decrypts(context: dict[str, str]) -> bool:
        call = Call(principal=READER, action="kms:Decrypt", resource=CUSTODY_KEY, context=context)
        return world.allows(call)

    assert decrypts(TOOL)
    assert not decrypts({})


def test_writer_puts_and_lists_but_reads_nothing(world: World) -> None:
    for name in NAMES:
        assert world.allows(put(WRITER, f"{CUSTODY}/{name}"))
        for action in ("s3:GetObject", "s3:GetObjectVersion"):
            call = Call(principal=WRITER, action=action, resource=f"{CUSTODY}/{name}", context=TLS)
            assert not world.allows(call)
    for action in ("s3:ListBucket", "s3:ListBucketVersions"):
        assert world.allows(Call(principal=WRITER, action=action, resource=CUSTODY, context=TLS))


def test_reader_gets_and_lists_but_changes_nothing(world: World) -> None:
    may = {"s3:GetObject", "s3:GetObjectVersion"}
    context = {**TLS, "s3:if-none-match": "*"}
    for name in NAMES:
        for action in S3_ACTIONS:
            resource = f"{CUSTODY}/{name}"
            call = Call(principal=READER, action=action, resource=resource, context=context)
            assert world.allows(call) is (action in may), (name, action)
    assert world.allows(
        Call(principal=READER, action="s3:ListBucket", resource=CUSTODY, context=TLS)
    )


def test_nobody_deletes_versions_but_of_the_root_token_and_the_probe(world: World) -> None:
    everybody = [*world.identities, f"arn:aws:iam::{ACCOUNT}:user/administrator"]
    for principal in everybody:
        for name in NAMES:
            call = Call(
                principal=principal,
                action="s3:DeleteObjectVersion",
                resource=f"{CUSTODY}/{name}",
                context=TLS,
            )
            expected = principal == WRITER and name in ("vault-root", "vault-test")
            assert world.allows(call) is expected, (principal, name)


ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:user/administrator"


def _with_an_administrator_of_s3(world: World) -> World:
    everything = {
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"}]
    }
    return replace(world, identities={**world.identities, ADMINISTRATOR: everything})


def test_an_administrator_of_s3_hides_nothing_that_stays(world: World) -> None:
    with_him = _with_an_administrator_of_s3(world)

    def hides(name: str) -> bool:
        return with_him.allows(
            Call(
                principal=ADMINISTRATOR,
                action="s3:DeleteObject",
                resource=f"{CUSTODY}/{name}",
                context=TLS,
            )
        )

    may = [name for name in NAMES if hides(name)]
    assert may == ["vault-root", "vault-test", "strongroom-envelope", "anything-else"]


@pytest.mark.parametrize("tls_only", [True, False])
def test_write_once_and_kept_versions_hold_whatever_is_said_of_tls(
    declare: Declare, *, tls_only: bool
) -> None:
    declared = declare(lambda: AwsCloud("cloud", arguments(tls_only=tls_only)), outputs=answers)
    with_him = _with_an_administrator_of_s3(World.of(declared))
    recovery = f"{CUSTODY}/vault-recovery-0"

    def may(action: str, **context: str) -> bool:
        given = {name.replace("__", ":"): value for name, value in context.items()}
        call = Call(principal=ADMINISTRATOR, action=action, resource=recovery, context=given)
        return with_him.allows(call)

    tls = {"aws__SecureTransport": "true"}
    assert not may("s3:DeleteObjectVersion", **tls)
    assert not may("s3:PutObject", **tls)
    assert may("s3:GetObject", aws__SecureTransport="false") is not tls_only


def test_an_administrator_of_s3_deletes_no_other_version_either(world: World) -> None:
    administrator = ADMINISTRATOR
    with_him = _with_an_administrator_of_s3(world)

    def deletes(name: str) -> bool:
        return with_him.allows(
            Call(
                principal=administrator,
                action="s3:DeleteObjectVersion",
                resource=f"{CUSTODY}/{name}",
                context=TLS,
            )
        )

    may = [name for name in NAMES if deletes(name)]
    assert may == ["vault-root", "vault-test"]
    assert not with_him.allows(
        Call(
            principal=administrator,
            action="s3:PutObject",
            resource=f"{CUSTODY}/vault-root",
            context=TLS,
        )
    )


def test_an_administrator_of_kms_uses_no_key(world: World) -> None:
    administrator = f"arn:aws:iam::{ACCOUNT}:user/administrator"
    everything = {"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
    with_him = replace(world, identities={**world.identities, administrator: everything})
    for key in (SEAL, CUSTODY_KEY):
        for action in ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"):
            call = Call(principal=administrator, action=action, resource=key, context=TOOL)
            assert not with_him.allows(call)
        repair = Call(principal=administrator, action="kms:PutKeyPolicy", resource=key)
        assert with_him.allows(repair)


def test_only_what_must_go_can_be_hidden(world: World) -> None:
    def hides(name: str) -> bool:
        resource = f"{CUSTODY}/{name}"
        call = Call(principal=WRITER, action="s3:DeleteObject", resource=resource, context=TLS)
        return world.allows(call)

    may = [name for name in NAMES if hides(name)]
    assert may == ["vault-root", "vault-test", "strongroom-envelope"]


@pytest.mark.parametrize("releases", ["recovery", "unseal"])
def test_while_a_seal_is_migrated_the_keys_that_lose_their_role_can_be_hidden_and_stay(
    declare: Declare, releases: Literal["recovery", "unseal"]
) -> None:
    migrating = World.of(
        declare(lambda: AwsCloud("cloud", arguments(releases=releases)), outputs=answers)
    )

    def may(action: str) -> list[str]:
        return [
            name
            for name in NAMES
            if migrating.allows(
                Call(principal=WRITER, action=action, resource=f"{CUSTODY}/{name}", context=TLS)
            )
        ]

    keys = [name for name in NAMES if name.startswith(f"vault-{releases}-")]
    assert keys
    assert set(may("s3:DeleteObject")) == {
        "vault-root", "vault-test", "strongroom-envelope", *keys,
    }  # fmt: skip
    assert may("s3:DeleteObjectVersion") == ["vault-root", "vault-test"]


def test_a_put_without_its_condition_or_in_plain_http_is_refused(world: World) -> None:
    intent = f"{CUSTODY}/strongroom-intent"
    unconditional = Call(principal=WRITER, action="s3:PutObject", resource=intent, context=TLS)

    assert world.allows(put(WRITER, intent))
    assert not world.allows(unconditional)
    assert not world.allows(put(WRITER, intent, aws__SecureTransport="false"))


def test_custody_is_not_listed_in_plain_http(world: World) -> None:
    plain = {"aws:SecureTransport": "false"}
    for principal in (WRITER, READER):
        call = Call(principal=principal, action="s3:ListBucket", resource=CUSTODY, context=plain)
        assert not world.allows(call)


def test_a_service_uses_its_bucket_as_it_was_granted(world: World) -> None:
    expected = {
        ORDERS: {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
        BILLING: {"s3:GetObject"},
    }
    for principal, may in expected.items():
        for action in S3_ACTIONS:
            call = Call(
                principal=principal, action=action, resource=f"{INVOICES}/2026/1", context=TLS
            )
            assert world.allows(call) is (action in may), (principal, action)
        assert world.allows(
            Call(principal=principal, action="s3:ListBucket", resource=INVOICES, context=TLS)
        )
        assert not world.allows(
            Call(
                principal=principal,
                action="s3:GetObject",
                resource=f"{INVOICES}/2026/1",
                context={"aws:SecureTransport": "false"},
            )
        )


def test_a_service_has_no_part_in_custody_or_the_seal(world: World) -> None:
    for principal in (ORDERS, BILLING):
        for action in S3_ACTIONS:
            for resource in (CUSTODY, f"{CUSTODY}/vault-root", f"{CUSTODY}/vault-recovery-0"):
                context = {**TLS, "s3:if-none-match": "*"}
                assert not world.allows(
                    Call(principal=principal, action=action, resource=resource, context=context)
                )
        for action in KMS_ACTIONS:
            for key in (SEAL, CUSTODY_KEY):
                assert not world.allows(
                    Call(principal=principal, action=action, resource=key, context=TOOL)
                )


def test_a_machine_unseals_only_where_the_servers_have_its_role(declare: Declare) -> None:
    machine = f"arn:aws:iam::{ACCOUNT}:role/machine"
    grant = {
        "Statement": [
            {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:CreateGrant"], "Resource": SEAL}
        ]
    }

    def may(action: str, **changes: Any) -> bool:
        world = _world(declare, **changes)
        with_it = replace(world, identities={**world.identities, machine: grant})
        return with_it.allows(Call(principal=machine, action=action, resource=SEAL))

    its = {"seal_identity": "instance-profile", "instance_role": machine}
    assert may("kms:Decrypt", **its)
    assert not may("kms:CreateGrant", **its)
    assert not may("kms:Decrypt")


@pytest.mark.parametrize(
    ("beside", "who"),
    [
        ({"oidc_provider": "oidc.example.com/id/1"}, "role"),
        ({"seal_identity": "keys", "oidc_provider": None, **EMULATOR}, "user"),
    ],
)
def test_who_unseals_reads_keys_and_nothing_else(
    declare: Declare, beside: dict[str, Any], who: str
) -> None:
    args = arguments(unsealer="vault-unseal", **beside)
    world_ = World.of(declare(lambda: AwsCloud("cloud", args), outputs=answers))
    unsealer = f"arn:aws:iam::{ACCOUNT}:{who}/strongroom-dev-custody-unsealer"

    def may(action: str, resource: str, context: dict[str, str]) -> bool:
        return world_.allows(
            Call(principal=unsealer, action=action, resource=resource, context={**TLS, **context})
        )

    read = [name for name in NAMES if may("s3:GetObject", f"{CUSTODY}/{name}", {})]
    assert read == ["vault-unseal-0"]
    assert may("kms:Decrypt", CUSTODY_KEY, TOOL)
    assert not may("kms:Encrypt", CUSTODY_KEY, TOOL)
    assert not may("kms:Decrypt", SEAL, {})
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"):
        assert not may(action, f"{CUSTODY}/vault-unseal-0", {})
