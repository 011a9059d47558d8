"""Tables of the rule over who can read custody."""

from typing import Any

import pytest

from policies.framework.properties import UNKNOWN
from policies.rules.stack import custody
from tests.policies.case import Case, Change, Sample, ask, changed
from tests.policies.rules.cloud import samples
from tests.policies.rules.cloud.samples import BUCKET, document

RULE = custody.custody_is_read_by_its_reader
_CLOUD = "strongroom:cloud:AwsCloud"
_WITHIN = f"{_CLOUD}${custody.CUSTODY}"
_ROLE_POLICY, _USER_POLICY = "aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/custody"
ROOT = "arn:aws:iam::123456789012:root"
READER = "arn:aws:iam::123456789012:role/local-custody-reader"


def allow(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return samples.allow([action], [resource], **more)


CUSTODY = [
    Sample(
        type="aws:kms/key:Key",
        name="key",
        within=_WITHIN,
        inputs={
            "enableKeyRotation": True,
            "deletionWindowInDays": 30.0,
            "arn": KEY,
            "policy": document(
                allow(
                    "kms:Decrypt",
                    "*",
                    Principal={"AWS": ROOT},
                    Condition={"ArnEquals": {"aws:PrincipalArn": READER}},
                )
            ),
        },
    ),
    *samples.aws_bucket(),
    Sample(
        type=_ROLE_POLICY,
        name="reader-grant",
        within=_WITHIN,
        depends={"policy": ["key"]},
        inputs={
            "role": "local-custody-reader",
            "policy": document(allow("kms:Decrypt", KEY), allow("s3:GetObject", f"{BUCKET}/*")),
        },
    ),
    Sample(
        type=_ROLE_POLICY,
        name="writer-grant",
        within=_WITHIN,
        depends={"policy": ["key"]},
        inputs={
            "role": "local-custody-writer",
            "policy": document(allow("kms:Encrypt", KEY), allow("s3:PutObject", f"{BUCKET}/*")),
        },
    ),
    Sample(
        type=_ROLE_POLICY,
        name="lister-grant",
        within=_WITHIN,
        depends={"policy": ["key"]},
        inputs={
            "role": "local-custody-lister",
            "policy": document(allow("kms:DescribeKey", KEY), allow("s3:ListBucket", BUCKET)),
        },
    ),
    Sample(
        type=_USER_POLICY,
        name="application",
        inputs={"user": "orders", "policy": document(allow("s3:GetObject", "arn:aws:s3:::mine/*"))},
    ),
]

CASES = [
    Case(
        rule=RULE,
        compliant=CUSTODY,
        breakages={
            "an application and the bucket": Change(
                "policy!Statement.0.Resource", [f"{BUCKET}/vault-recovery-0"], of="application"
            ),
            "a third role decrypts": Change(
                "policy!Statement.0.Action", ["kms:Decrypt"], of="lister-grant"
            ),
            "a third role gets": Change(
                "policy!Statement.1", allow("s3:GetObject", f"{BUCKET}/*"), of="lister-grant"
            ),
            "another role by the key's own policy": Change(
                "policy!Statement.0.Condition.ArnEquals",
                {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/pipeline"},
                of="key",
            ),
            "a document that is made of the key": Change(
                "@depends.policy", ["key"], of="application"
            ),
        },
    ),
]


def _messages(given: list[Sample]) -> list[str]:
    [outcome] = ask(RULE, given, {})
    return [each.message for each in outcome.findings]


def _as(statement: dict[str, Any]) -> list[str]:
    return _messages(changed(CUSTODY, Change("policy", document(statement), of="application")))


@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:Get*", f"{BUCKET}/*"),
        allow("S3:GETOBJECT", "arn:aws:s3:::cust*"),
        allow("s3:*", "*"),
        allow("kms:*", "arn:aws:kms:eu-central-1:123456789012:key/*"),
        allow("kms:Decrypt", "arn:aws:kms:*:*:*"),
        {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::other/*"},
        allow("s3:GetObject", "arn:aws-cn:s3:::custody/*"),
    ],
)
def test_whatever_way_it_is_written_it_is_found(statement: dict[str, Any]) -> None:
    assert _as(statement) == ["its policy lets orders read custody"]


@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:PutObject", f"{BUCKET}/*"),
        allow("s3:ListBucket", BUCKET),
        allow("kms:Encrypt", KEY),
        allow("kms:Decrypt", "arn:aws:kms:eu-central-1:123456789012:key/another"),
        {**allow("s3:GetObject", f"{BUCKET}/*"), "Effect": "Deny"},
        {"Effect": "Allow", "NotAction": ["s3:*", "kms:*", "oss:*"], "Resource": "*"},
    ],
)
def test_what_shows_nothing_of_it_is_let_be(statement: dict[str, Any]) -> None:
    assert _as(statement) == []


def test_a_document_made_of_custody_is_found_before_it_is_known() -> None:
    given = changed(
        changed(CUSTODY, Change("@depends.policy", ["bucket"], of="application")),
        Change("policy", UNKNOWN, of="application"),
    )
    assert _messages(given) == ["its policy is about custody"]


def test_a_grant_of_the_key_is_found() -> None:
    grant = Sample(type="aws:kms/grant:Grant", name="grant", depends={"keyId": ["key"]})
    assert _messages([*CUSTODY, grant]) == ["it grants the use of custody's key"]


def test_custody_on_alibaba_cloud_is_found_by_its_documents() -> None:
    within = f"strongroom:cloud:AlicloudCloud${custody.CUSTODY}"
    bucket = Sample(
        type="alicloud:oss/bucket:Bucket", name="bucket", within=within, inputs={"bucket": "c"}
    )
    key = Sample(type="alicloud:kms/key:Key", name="key")
    reader = Sample(
        type="alicloud:ram/policy:Policy",
        name="reader",
        within=within,
        depends={"policyDocument": ["key"]},
        inputs={
            "policyName": "prod-custody-reader",
            "policyDocument": document(allow("kms:Decrypt", "acs:kms:r:a:key/k")),
        },
    )
    other = Sample(
        type="alicloud:ram/policy:Policy",
        name="other",
        inputs={
            "policyName": "other",
            "policyDocument": document(allow("oss:GetObject", "acs:oss:*:*:c/*")),
        },
    )
    assert _messages([bucket, key, reader]) == []
    assert _messages([bucket, key, reader, other]) == ["its policyDocument lets other read custody"]
    using = Sample(
        type="alicloud:ram/policy:Policy",
        name="using",
        depends={"policyDocument": ["key"]},
        inputs={"policyName": "using", "policyDocument": UNKNOWN},
    )
    assert _messages([bucket, key, reader, using]) == ["its policyDocument is about custody"]
