"""Keys, buckets and documents that every rule accepts."""

import json
from collections.abc import Mapping
from typing import Any

from policies.rules.cloud import buckets, keys
from tests.policies.case import Sample

CUSTODY = "strongroom:cloud:AwsCloud$strongroom:cloud:Custody"
SEAL = "strongroom:cloud:AwsCloud$strongroom:cloud:SealIdentity"
BUCKET = "arn:aws:s3:::custody"
ACS_BUCKET = "acs:oss:*:123:custody"
Made = list[tuple[str, str, Mapping[str, Any]]]
KEY = "arn:aws:kms:eu-central-1:123456789012:key/a"


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: list[str], resource: Any, **more: Any) -> dict[str, Any]:
    return {"Sid": "It", "Effect": "Allow", "Action": actions, "Resource": resource, **more}


def aws_key(name: str = "key") -> Sample:
    account = {"AWS": "arn:aws:iam::123456789012:root"}
    policy = document(allow(["kms:DescribeKey"], "*", Principal=account))
    return Sample(
        type=keys.AWS_KEY,
        name=name,
        inputs={"enableKeyRotation": True, "deletionWindowInDays": 30, "policy": policy},
    )


def alicloud_key() -> Sample:
    return Sample(
        type=keys.ALICLOUD_KEY,
        name="key",
        inputs={
            "automaticRotation": "Enabled",
            "rotationInterval": "365d",
            "pendingWindowInDays": 30,
            "deletionProtection": "Enabled",
        },
    )


def grant(
    actions: list[str], resource: Any = KEY, within: str = "", depends: str | None = None
) -> Sample:
    return Sample(
        type="aws:iam/rolePolicy:RolePolicy",
        name=f"grant-{within.rpartition(':')[2]}",
        within=within,
        inputs={"policy": document(allow(actions, resource))},
        depends={} if depends is None else {"policy": [depends]},
    )


def acs_grant(actions: list[str], resource: Any) -> Sample:
    return Sample(
        type="alicloud:ram/policy:Policy",
        name="acs-grant",
        inputs={"policyDocument": document(allow(actions, resource))},
    )


_AWS_POLICY = document(
    {
        "Sid": "EncryptedTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
)
_ACS_POLICY = document(
    {
        "Effect": "Deny",
        "Principal": ["*"],
        "Action": ["oss:*"],
        "Resource": [ACS_BUCKET, f"{ACS_BUCKET}/*"],
        "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
    }
)
_ALGORITHM = {
    "rules": [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}}
    ]
}


def aws_bucket(within: str = CUSTODY) -> list[Sample]:
    """A bucket and all that makes it private, found by what comes from it."""
    private = f"{within}$strongroom:cloud:PrivateBucket"
    off = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    owner = {"rule": {"objectOwnership": "BucketOwnerEnforced"}}
    versioning = {"versioningConfiguration": {"status": "Enabled"}}
    made: Made = [
        (buckets.BUCKETS[0], "bucket", {"bucket": "custody", "forceDestroy": False}),
        (buckets.CLOSED[0], "closed", dict.fromkeys(off, True)),
        (buckets.OWNED[0], "owned", owner),
        (buckets.VERSIONED[0], "versions", versioning),
        (buckets.ENCRYPTED[0], "encryption", _ALGORITHM),
        ("aws:s3/bucketPolicy:BucketPolicy", "policy", {"policy": _AWS_POLICY}),
    ]
    return _bucket(private, made)


def alicloud_bucket(within: str = CUSTODY) -> list[Sample]:
    versions = {"enable": True, "tlsVersions": ["TLSv1.2", "TLSv1.3"]}
    made: Made = [
        (buckets.BUCKETS[1], "bucket", {"bucket": "custody", "forceDestroy": False}),
        (buckets.CLOSED[1], "closed", {"blockPublicAccess": True}),
        (buckets.OWNED[2], "acl", {"acl": "private"}),
        (buckets.VERSIONED[1], "versions", {"status": "Enabled"}),
        (buckets.ENCRYPTED[1], "encryption", {"sseAlgorithm": "AES256"}),
        ("alicloud:oss/bucketHttpsConfig:BucketHttpsConfig", "tls", versions),
        ("alicloud:oss/bucketPolicy:BucketPolicy", "policy", {"policy": _ACS_POLICY}),
    ]
    return _bucket(within, made)


def _bucket(within: str, made: Made) -> list[Sample]:
    return [
        Sample(
            type=type_,
            name=name,
            within=within,
            inputs=inputs,
            depends={} if name == "bucket" else {"bucket": ["bucket"]},
        )
        for type_, name, inputs in made
    ]
