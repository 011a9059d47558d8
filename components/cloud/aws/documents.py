"""Every policy and trust document, as pure functions: names and ARNs in, a document out.

What an Allow names is exact: no action wildcard anywhere, and two resources that AWS writes with a star.
`<bucket>/<prefix>*` is S3's only way to say "the objects of this bucket", and in a key's own policy `*`
means that key. Denials cover as much as they can.
Source: AWS's user guides of IAM (policy elements), KMS (key policies, condition keys) and S3
(conditional writes, bucket keys).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from components.cloud.kept import KEYS, OBJECTS_MAY_GO, OBJECTS_STAY, VERSIONS_MAY_GO

Document = dict[str, Any]

ENCRYPTION_CONTEXT = {"Tool": "bank-vaults"}
"""What custody gives with every call to its key, as Bank-Vaults does; other uses of the key are denied."""

_KEY_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)


def to_json(document: Document) -> str:
    """Render a document; the same one always as the same text, so that nothing differs between runs."""
    return json.dumps(document, separators=(",", ":"))


def pod_trust(*, oidc_provider: str, issuer: str, namespace: str, service_account: str) -> Document:
    """Let exactly one ServiceAccount's token, made for AWS, take the role (IRSA)."""
    return _document(
        {
            "Sid": "OneServiceAccount",
            "Effect": "Allow",
            "Principal": {"Federated": oidc_provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{issuer}:sub": f"system:serviceaccount:{namespace}:{service_account}",
                    f"{issuer}:aud": "sts.amazonaws.com",
                }
            },
        }
    )


def pod_identity_trust(*, cluster: str, namespace: str, service_account: str) -> Document:
    """Let EKS Pod Identity hand the role to exactly one ServiceAccount of one cluster (ARN).

    Without the conditions whoever may write associations in the account could give the role to any pod.
    Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    """
    return _document(
        {
            "Sid": "OneServiceAccount",
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            # The session's tags are set by EKS; without TagSession it can't.
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-arn": cluster,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        }
    )


def role_trust(principals: Iterable[str]) -> Document:
    """Let these ARNs take the role; an account's ARN leaves the choice to that account's IAM."""
    return _document(
        {
            "Sid": "Named",
            "Effect": "Allow",
            "Principal": {"AWS": list(principals)},
            "Action": "sts:AssumeRole",
        }
    )


def key_policy(*, account: str, uses: Mapping[str, Iterable[str]]) -> Document:
    """Let the account administer a key, and each role or user (ARN) use it as its own policy says, nobody else.

    A key policy that names a role as principal would grant by itself, past the conditions in the role's
    policy, and would break when the role is made anew. So use is left to IAM, but for these roles only:
    a `kms:*` elsewhere in the account's IAM opens nothing here.
    """
    statements: list[Document] = [
        {
            "Sid": "Administer",
            "Effect": "Allow",
            "Principal": {"AWS": account},
            "Action": list(_KEY_ADMINISTRATION),
            "Resource": "*",
        }
    ]
    for number, (role, actions) in enumerate(uses.items(), start=1):
        statements.append(
            {
                "Sid": f"Use{number}",
                "Effect": "Allow",
                "Principal": {"AWS": account},
                "Action": list(actions),
                "Resource": "*",
                "Condition": {"ArnEquals": {"aws:PrincipalArn": role}},
            }
        )
    return _document(*statements)


SEAL_ACTIONS = ("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt")
"""The three calls of the awskms seal. Without Encrypt init half-succeeds beyond repair (vault#16201)."""

WRITER_KEY_ACTIONS = ("kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")
READER_KEY_ACTIONS = ("kms:Decrypt",)


def seal_grant(*, key: str) -> Document:
    """What Vault's servers may do in AWS: unseal, and nothing else."""
    return _document(_allow("Unseal", SEAL_ACTIONS, key))


def custody_writer(
    *, key: str, bucket: str, prefix: str, region: str, released: Iterable[str] = ()
) -> Document:
    """What the pipeline may do: encrypt, put and list, and clear away what no one may keep. Not read.

    `released` are names (a star at the end) that may be hidden besides: of keys that lose their role.
    """
    return _document(
        _allow("SeeTheKey", ["kms:DescribeKey"], key),
        _allow("Encrypt", ["kms:Encrypt", "kms:GenerateDataKey"], key, _ENCRYPTING),
        _allow("Store", ["kms:GenerateDataKey"], key, _through_s3(bucket, region)),
        _allow("Put", ["s3:PutObject"], f"{bucket}/{prefix}*"),
        _allow("List", ["s3:ListBucket", "s3:ListBucketVersions"], bucket),
        _allow("Hide", ["s3:DeleteObject"], _objects(bucket, prefix, [*OBJECTS_MAY_GO, *released])),
        _allow("Clear", ["s3:DeleteObjectVersion"], _objects(bucket, prefix, VERSIONS_MAY_GO)),
    )


def custody_reader(*, key: str, bucket: str, prefix: str, region: str) -> Document:
    """What break-glass may do, and the bootstrap until the cluster is owned: decrypt and get."""
    return _document(
        _allow("Decrypt", ["kms:Decrypt"], key, _ENCRYPTING),
        _allow("Fetch", ["kms:Decrypt"], key, _through_s3(bucket, region)),
        _allow("Get", ["s3:GetObject", "s3:GetObjectVersion"], f"{bucket}/{prefix}*"),
        _allow("List", ["s3:ListBucket"], bucket),
    )


def custody_unsealer(*, key: str, bucket: str, prefix: str, region: str) -> Document:
    """What the pod may do that unseals servers with Shamir's seal: get unseal keys and decrypt them."""
    return _document(
        _allow("Decrypt", ["kms:Decrypt"], key, _ENCRYPTING),
        _allow("Fetch", ["kms:Decrypt"], key, _through_s3(bucket, region)),
        _allow("Get", ["s3:GetObject"], _objects(bucket, prefix, [KEYS["unseal"]])),
        # Without it S3 answers for an object that isn't there as if it were forbidden.
        _allow("List", ["s3:ListBucket"], bucket),
    )


def custody_bucket_policy(
    *, bucket: str, prefix: str, tls_only: bool, write_once: bool, released: Sequence[str] = ()
) -> Document:
    """What nobody may do to custody's bucket, whatever else he may.

    Talk to it in plain HTTP; overwrite (every PUT must be conditional; uploads in parts can't be and are
    denied too); hide what stays, or delete a version other than those that must go. Whoever may write this
    policy may also lift it: it stops accidents, and lifting it shows in CloudTrail.

    The first two stand on a condition, and an emulator that applies a denial without its condition (moto)
    would refuse every call: there they are switched off. The others stand everywhere.
    """
    conditional = [
        *([_encrypted_transport(bucket)] if tls_only else []),
        *([_write_once(bucket)] if write_once else []),
    ]
    return _document(
        *conditional,
        {
            # By name, because moto passes over NotResource, and takes the deletion of a version for
            # DeleteObject: this is what holds there. At AWS it also keeps delete markers away.
            "Sid": "KeepObjects",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": _objects(
                bucket, prefix, [name for name in OBJECTS_STAY if name not in released]
            ),
        },
        {
            "Sid": "KeepVersions",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:DeleteObjectVersion",
            "NotResource": _objects(bucket, prefix, VERSIONS_MAY_GO),
        },
    )


def application_bucket_policy(*, bucket: str) -> Document:
    """What nobody may do to an application's bucket: talk to it in plain HTTP."""
    return _document(_encrypted_transport(bucket))


def application_grant(*, bucket: str, access: Literal["read", "read-write"]) -> Document:
    """What one service may do with one bucket's objects."""
    actions = ["s3:GetObject"]
    if access == "read-write":
        actions += ["s3:PutObject", "s3:DeleteObject"]
    return _document(
        _allow("Objects", actions, f"{bucket}/*"),
        _allow("List", ["s3:ListBucket"], bucket),
    )


_ENCRYPTING = {
    "StringEquals": {
        f"kms:EncryptionContext:{name}": value for name, value in ENCRYPTION_CONTEXT.items()
    }
}


def _through_s3(bucket: str, region: str) -> Document:
    # The bucket encrypts with the same key. S3 calls KMS in the caller's name with a context of its own:
    # with a bucket key that is the bucket's ARN. Without this the real S3 refuses what the emulator takes.
    return {
        "StringEquals": {
            "kms:EncryptionContext:aws:s3:arn": bucket,
            "kms:ViaService": f"s3.{region}.amazonaws.com",
        }
    }


def _objects(bucket: str, prefix: str, names: Iterable[str]) -> list[str]:
    return [f"{bucket}/{prefix}{name}" for name in names]


def _write_once(bucket: str) -> Document:
    return {
        "Sid": "WriteOnce",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{bucket}/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }


def _encrypted_transport(bucket: str) -> Document:
    return {
        "Sid": "EncryptedTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _allow(
    sid: str, actions: Iterable[str], resource: str | list[str], condition: Document | None = None
) -> Document:
    statement: Document = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": resource,
    }
    return statement if condition is None else {**statement, "Condition": condition}


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
