import json
import re
from typing import Any

import pytest

from components.cloud.aws import documents

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
BUCKET = "arn:aws:s3:::custody"
ACCOUNT = "arn:aws:iam::123456789012:root"
EVERY: dict[str, documents.Document] = {
    "pod_trust": documents.pod_trust(
        oidc_provider="arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/A",
        issuer="oidc.example.com/id/A",
        namespace="vault",
        service_account="vault",
    ),
    "pod_identity_trust": documents.pod_identity_trust(
        cluster="arn:aws:eks:eu-central-1:123456789012:cluster/production",
        namespace="vault",
        service_account="vault",
    ),
    "role_trust": documents.role_trust([ACCOUNT]),
    "key_policy": documents.key_policy(
        account=ACCOUNT, uses={"arn:aws:iam::123456789012:role/r": documents.SEAL_ACTIONS}
    ),
    "seal_grant": documents.seal_grant(key=KEY),
    "custody_writer": documents.custody_writer(
        key=KEY, bucket=BUCKET, prefix="dev/", region="eu-central-1"
    ),
    "custody_reader": documents.custody_reader(
        key=KEY, bucket=BUCKET, prefix="dev/", region="eu-central-1"
    ),
    "custody_bucket_policy": documents.custody_bucket_policy(
        bucket=BUCKET, prefix="dev/", tls_only=True, write_once=True
    ),
    "application_bucket_policy": documents.application_bucket_policy(bucket=BUCKET),
    "application_grant": documents.application_grant(bucket=BUCKET, access="read-write"),
}


def _statement(document: documents.Document, sid: str) -> dict[str, Any]:
    [found] = [each for each in document["Statement"] if each["Sid"] == sid]
    return dict(found)


@pytest.mark.parametrize("document", EVERY.values(), ids=EVERY)
def test_every_document_is_well_formed(document: documents.Document) -> None:
    sids = [statement["Sid"] for statement in document["Statement"]]

    assert document["Version"] == "2012-10-17"
    assert len(set(sids)) == len(sids)
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)
    # The smallest of AWS's limits: an inline policy of a user.
    assert len(documents.to_json(document)) <= 2048 or "Principal" in document["Statement"][0]


def test_a_document_is_rendered_the_same_way_twice() -> None:
    text = documents.to_json(EVERY["custody_writer"])

    assert text == documents.to_json(EVERY["custody_writer"])
    assert json.loads(text) == EVERY["custody_writer"]


def test_one_service_account_s_token_for_aws_takes_the_pods_role() -> None:
    [statement] = EVERY["pod_trust"]["Statement"]

    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {
        "Federated": "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/A"
    }
    assert statement["Condition"] == {
        "StringEquals": {
            "oidc.example.com/id/A:sub": "system:serviceaccount:vault:vault",
            "oidc.example.com/id/A:aud": "sts.amazonaws.com",
        }
    }


def test_the_named_arns_take_a_role_and_no_other() -> None:
    arns = ["arn:aws:iam::123456789012:role/ci", "arn:aws:iam::123456789012:user/ada"]

    [statement] = documents.role_trust(arns)["Statement"]

    assert statement["Principal"] == {"AWS": arns}
    assert statement["Action"] == "sts:AssumeRole"


def test_pods_are_granted_the_seal_s_three_calls() -> None:
    [statement] = EVERY["seal_grant"]["Statement"]

    assert statement["Action"] == ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"]
    assert statement["Resource"] == KEY


def test_deletions_stand_on_exact_objects_of_the_prefix() -> None:
    writer = EVERY["custody_writer"]

    assert _statement(writer, "Clear")["Resource"] == [
        f"{BUCKET}/dev/vault-root",
        f"{BUCKET}/dev/vault-test",
    ]
    assert _statement(writer, "Hide")["Resource"] == [
        f"{BUCKET}/dev/strongroom-envelope",
        f"{BUCKET}/dev/vault-root",
        f"{BUCKET}/dev/vault-test",
    ]
    denied = _statement(EVERY["custody_bucket_policy"], "KeepVersions")
    assert denied["NotResource"] == [f"{BUCKET}/dev/vault-root", f"{BUCKET}/dev/vault-test"]


def test_every_denial_that_can_be_switched_off_needs_its_condition_and_no_other_has_one() -> None:
    bare = documents.custody_bucket_policy(
        bucket=BUCKET, prefix="dev/", tls_only=False, write_once=False
    )
    conditional = {
        each["Sid"] for each in EVERY["custody_bucket_policy"]["Statement"] if "Condition" in each
    }

    assert conditional == {"EncryptedTransport", "WriteOnce"}
    assert [each["Sid"] for each in bare["Statement"]] == ["KeepObjects", "KeepVersions"]


def test_every_use_of_custody_s_key_wants_a_context() -> None:
    for name in ("custody_writer", "custody_reader"):
        uses = [
            statement
            for statement in EVERY[name]["Statement"]
            if set(statement["Action"]) & {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"}
        ]
        assert len(uses) == 2
        for statement in uses:
            keys = statement["Condition"]["StringEquals"]
            assert any(key.startswith("kms:EncryptionContext:") for key in keys)


def test_bank_vaults_context_is_the_one_that_custody_gives() -> None:
    encrypt = _statement(EVERY["custody_writer"], "Encrypt")

    assert documents.ENCRYPTION_CONTEXT == {"Tool": "bank-vaults"}
    assert encrypt["Condition"] == {"StringEquals": {"kms:EncryptionContext:Tool": "bank-vaults"}}


def test_a_reader_of_a_bucket_gets_and_lists() -> None:
    document = documents.application_grant(bucket=BUCKET, access="read")

    assert _statement(document, "Objects")["Action"] == ["s3:GetObject"]
    assert _statement(document, "Objects")["Resource"] == f"{BUCKET}/*"
    assert _statement(document, "List") == {
        "Sid": "List",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": BUCKET,
    }


def test_an_account_is_never_locked_out_of_its_key() -> None:
    administer = _statement(EVERY["key_policy"], "Administer")

    assert administer["Principal"] == {"AWS": ACCOUNT}
    assert "kms:PutKeyPolicy" in administer["Action"]
    assert not {"kms:Encrypt", "kms:Decrypt", "kms:CreateGrant"} & set(administer["Action"])
