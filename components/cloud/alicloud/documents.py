"""Every RAM policy, trust and bucket policy, as pure functions: names and ARNs in, a document out.

What an Allow names is exact: no action wildcard anywhere, and two resources with a star. `<bucket>/<prefix>*` is OSS's
only way to say "the objects of this bucket", and `acs:oss:*:` says nothing of the region. While a seal is migrated one
more names its former keys. Denials cover as much as they can. Keys have no documents: RAM alone decides, see
rotating_key.py.
Source: Alibaba Cloud's documentation of RAM (policy elements), KMS ("Use RAM to control access to KMS resources"), OSS
("Authorization syntax and elements") and ACK ("Use RRSA").
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from components.cloud.kept import OBJECTS_MAY_GO, OBJECTS_STAY, VERSIONS_MAY_GO

Document = dict[str, Any]

SEAL_ACTIONS = ("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt")
"""The three calls of the alicloudkms seal."""

AUDIENCE = "sts.aliyuncs.com"


def to_json(document: Document) -> str:
    """Render a document; the same one always as the same text, so that nothing differs between runs."""
    return json.dumps(document, separators=(",", ":"))


def pod_trust(*, oidc_provider: str, issuer: str, namespace: str, service_account: str) -> Document:
    """Let exactly one ServiceAccount's token, made for Alibaba Cloud, take the role (RRSA)."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": [oidc_provider]},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {
                    "oidc:aud": AUDIENCE,
                    "oidc:iss": issuer,
                    "oidc:sub": f"system:serviceaccount:{namespace}:{service_account}",
                }
            },
        }
    )


def role_trust(principals: Iterable[str]) -> Document:
    """Let these ARNs take the role; an account's ARN leaves the choice to that account's RAM."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"RAM": list(principals)},
            "Action": "sts:AssumeRole",
        }
    )


def seal_grant(*, key: str) -> Document:
    """What Vault's servers may do: unseal, and nothing else."""
    return _document(_allow(SEAL_ACTIONS, key))


def may_assume(*, roles: Iterable[str]) -> Document:
    """What a user or role may do that only takes other roles."""
    return _document(_allow(["sts:AssumeRole"], list(roles)))


def custody_writer(*, key: str, bucket: str, prefix: str, released: Iterable[str] = ()) -> Document:
    """What the pipeline may do: encrypt, put and list, and clear away what no one may keep. Not read.

    `released` are names (a star at the end) that may be hidden besides: of keys that lose their role.
    """
    return _document(
        _allow(["kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"], key),
        _allow(["oss:PutObject"], f"{bucket}/{prefix}*"),
        _allow(["oss:ListObjectVersions"], bucket),
        _allow(["oss:DeleteObject"], _objects(bucket, prefix, [*OBJECTS_MAY_GO, *released])),
        _allow(["oss:DeleteObjectVersion"], _objects(bucket, prefix, VERSIONS_MAY_GO)),
    )


def custody_reader(*, key: str, bucket: str, prefix: str) -> Document:
    """What break-glass may do, and the bootstrap until the cluster is owned: decrypt, list and get."""
    return _document(
        _allow(["kms:Decrypt"], key),
        _allow(["oss:GetObject", "oss:GetObjectVersion"], f"{bucket}/{prefix}*"),
        # It reads by version: which one is valid only the list of them tells (custody/alicloud.py).
        _allow(["oss:ListObjectVersions"], bucket),
    )


def custody_bucket_policy(*, bucket: str, prefix: str, released: Sequence[str] = ()) -> Document:
    """What nobody may do to custody's bucket, whatever else he may.

    Talk to it in plain HTTP, hide what stays, or delete a version of it. Whoever may write this policy may also lift
    it: it stops accidents, and lifting it shows in ActionTrail. OSS has no condition on how an object is put; what an
    overwriting PUT does instead stands in custody/alicloud.py.
    """
    stays = [name for name in OBJECTS_STAY if name not in released]
    hidden = ["strongroom-envelope", *released]
    return _document(
        _encrypted_transport(bucket),
        _deny(["oss:DeleteObject", "oss:DeleteObjectVersion"], _objects(bucket, prefix, stays)),
        _deny(["oss:DeleteObjectVersion"], _objects(bucket, prefix, hidden)),
    )


def application_bucket_policy(*, bucket: str) -> Document:
    """What nobody may do to an application's bucket: talk to it in plain HTTP."""
    return _document(_encrypted_transport(bucket))


def application_grant(*, bucket: str, access: Literal["read", "read-write"]) -> Document:
    """What one service may do with one bucket's objects."""
    actions = ["oss:GetObject"]
    if access == "read-write":
        actions += ["oss:PutObject", "oss:DeleteObject"]
    return _document(_allow(actions, f"{bucket}/*"), _allow(["oss:ListObjects"], bucket))


def _objects(bucket: str, prefix: str, names: Iterable[str]) -> list[str]:
    return [f"{bucket}/{prefix}{name}" for name in names]


def _encrypted_transport(bucket: str) -> Document:
    return {
        **_deny(["oss:*"], [bucket, f"{bucket}/*"]),
        "Condition": {"Bool": {"acs:SecureTransport": ["false"]}},
    }


def _deny(actions: list[str], resources: list[str]) -> Document:
    return {"Effect": "Deny", "Principal": ["*"], "Action": actions, "Resource": resources}


def _allow(actions: Iterable[str], resource: str | list[str]) -> Document:
    resources = [resource] if isinstance(resource, str) else resource
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}


def _document(*statements: Document) -> Document:
    return {"Version": "1", "Statement": list(statements)}
