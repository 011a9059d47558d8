import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.cloud import kept
from components.cloud.alicloud import documents, names

KEY = "acs:kms:eu-central-1:1234567890123456:key/key-1"
BUCKET = "acs:oss:*:1234567890123456:custody"
ROOT = "acs:ram::1234567890123456:root"
EVERY: dict[str, documents.Document] = {
    "pod_trust": documents.pod_trust(
        oidc_provider="acs:ram::1234567890123456:oidc-provider/ack-rrsa-c0",
        issuer="https://issuer.example.com/c0",
        namespace="shop",
        service_account="orders",
    ),
    "role_trust": documents.role_trust([ROOT]),
    "seal_grant": documents.seal_grant(key=KEY),
    "may_assume": documents.may_assume(roles=["acs:ram::1234567890123456:role/r"]),
    "custody_writer": documents.custody_writer(key=KEY, bucket=BUCKET, prefix="prod/"),
    "custody_reader": documents.custody_reader(key=KEY, bucket=BUCKET, prefix="prod/"),
    "custody_writer_migrating": documents.custody_writer(
        key=KEY, bucket=BUCKET, prefix="prod/", released=kept.released("recovery")
    ),
    "custody_bucket_policy": documents.custody_bucket_policy(bucket=BUCKET, prefix="prod/"),
    "custody_bucket_policy_migrating": documents.custody_bucket_policy(
        bucket=BUCKET, prefix="prod/", released=kept.released("recovery")
    ),
    "application_bucket_policy": documents.application_bucket_policy(bucket=BUCKET),
    "application_grant": documents.application_grant(bucket=BUCKET, access="read-write"),
}


def _statements(document: documents.Document, action: str) -> list[dict[str, Any]]:
    return [each for each in document["Statement"] if action in each["Action"]]


@pytest.mark.parametrize("document", EVERY.values(), ids=EVERY)
def test_every_document_is_well_formed(document: documents.Document) -> None:
    assert set(document) == {"Version", "Statement"}
    assert document["Version"] == "1"
    for statement in document["Statement"]:
        # RAM knows no Sid; OSS and KMS have their own.
        assert set(statement) <= {"Effect", "Principal", "Action", "Resource", "Condition"}
        assert statement["Effect"] in ("Allow", "Deny")
    # RAM's limit of a custom policy; a trust's is lower still.
    assert len(documents.to_json(document)) <= 2048


def test_a_document_is_rendered_the_same_way_twice() -> None:
    text = documents.to_json(EVERY["custody_writer"])

    assert text == documents.to_json(EVERY["custody_writer"])
    assert json.loads(text) == EVERY["custody_writer"]


def test_deletions_stand_on_exact_objects_of_the_prefix() -> None:
    (versions,) = _statements(EVERY["custody_writer"], "oss:DeleteObjectVersion")
    (objects,) = _statements(EVERY["custody_writer"], "oss:DeleteObject")

    assert versions["Resource"] == [f"{BUCKET}/prod/vault-root", f"{BUCKET}/prod/vault-test"]
    assert objects["Resource"] == [
        f"{BUCKET}/prod/strongroom-envelope",
        f"{BUCKET}/prod/vault-root",
        f"{BUCKET}/prod/vault-test",
    ]


def test_a_bucket_policy_lets_released_keys_be_hidden_and_keeps_their_versions() -> None:
    policy = EVERY["custody_bucket_policy_migrating"]

    assert [each["Resource"] for each in _statements(policy, "oss:DeleteObject")] == [
        [
            f"{BUCKET}/prod/vault-unseal-*",
            f"{BUCKET}/prod/strongroom-intent",
            f"{BUCKET}/prod/strongroom-owner",
        ]
    ]
    kept = [
        name for each in _statements(policy, "oss:DeleteObjectVersion") for name in each["Resource"]
    ]
    usual = _statements(EVERY["custody_bucket_policy"], "oss:DeleteObjectVersion")
    assert f"{BUCKET}/prod/vault-recovery-*" in kept
    assert sorted(kept) == sorted(name for each in usual for name in each["Resource"])


def test_a_reader_of_a_bucket_gets_and_lists() -> None:
    document = documents.application_grant(bucket=BUCKET, access="read")

    assert [each["Action"] for each in document["Statement"]] == [
        ["oss:GetObject"],
        ["oss:ListObjects"],
    ]


LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


@given(namespace=LABELS, service=LABELS, grant=LABELS)
def test_names_fit_and_policies_hold_what_ram_takes(
    namespace: str, service: str, grant: str
) -> None:
    user = names.ram_name("production", f"{namespace}.{service}.{grant}", "-even")

    assert len(user) <= names.RAM_NAME_LENGTH
    assert user.endswith("-even")
    assert re.fullmatch(r"[A-Za-z0-9-]{1,128}", names.policy_name(user))


def test_what_dots_told_apart_a_policy_s_name_tells_apart() -> None:
    assert names.policy_name("shop.orders") != names.policy_name("shop-orders")
    assert names.policy_name("shop-orders") == "shop-orders"


@given(bucket=LABELS)
def test_a_bucket_s_name_fits(bucket: str) -> None:
    for name in (
        names.application_bucket("1234567890123456", "a" * 31, bucket),
        names.custody_bucket("1234567890123456", "a" * 31),
    ):
        assert len(name) <= names.BUCKET_NAME_LENGTH
        assert not name.endswith("-")
