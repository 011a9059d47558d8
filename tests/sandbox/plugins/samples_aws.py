"""Samples of the aws table."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.sandbox.plugins.samples import Sample

TAGS = frozenset({"arn", "tagsAll"})


def of(cloud: Any, service: str) -> Any:
    return cloud.client(service, endpoint_url=cloud.endpoint)


def document(action: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "arn:aws:s3:::x/*"}],
        }
    )


def trust(account: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def key(n: str) -> Sample:
    def tamper(cloud: Any) -> None:
        kms = of(cloud, "kms")
        for each in kms.list_keys(Limit=1000)["Keys"]:
            found = kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]
            if found["Description"] == f"seal {n}":
                kms.disable_key_rotation(KeyId=each["KeyId"])

    return Sample(
        inputs={
            "description": f"seal {n}",
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
            "tags": {"a": "1", "b": "2"},
        },
        changed={"description": "other", "enableKeyRotation": False, "tags": {"a": "2"}},
        replacing={"keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "RSA_2048"},
        unknown=TAGS | {"keyId", "policy", "multiRegion", "region", "rotationPeriodInDays"},
        drift=tamper,
        drifted=frozenset({"enableKeyRotation"}),
        imported_as={"deletionWindowInDays": None},
    )


def alias(n: str) -> Sample:
    keys: dict[str, str] = {}

    def prepare(cloud: Any) -> dict[str, str]:
        for name in ("<one>", "<two>", "<three>"):
            keys[name] = of(cloud, "kms").create_key()["KeyMetadata"]["KeyId"]
        return keys

    return Sample(
        needs=prepare,
        inputs={"name": f"alias/{n}", "targetKeyId": "<one>"},
        changed={"targetKeyId": "<two>"},
        replacing={"name": f"alias/other-{n}"},
        unknown=frozenset({"arn", "targetKeyArn", "region"}),
        drift=lambda cloud: of(cloud, "kms").update_alias(
            AliasName=f"alias/{n}", TargetKeyId=keys["<three>"]
        ),
        drifted=frozenset({"targetKeyId"}),
    )


def bucket(n: str) -> Sample:
    return Sample(
        inputs={"bucket": f"bucket-{n}", "tags": {"a": "1"}, "forceDestroy": True},
        changed={"tags": {"a": "2"}, "forceDestroy": False},
        replacing={"bucket": f"other-{n}"},
        unknown=TAGS
        | {
            "region", "objectLockEnabled", "bucketDomainName", "bucketRegion",
            "bucketRegionalDomainName",
        },
        drift=lambda cloud: of(cloud, "s3").delete_bucket_tagging(Bucket=f"bucket-{n}"),
        drifted=frozenset({"tags"}),
        imported_as={"forceDestroy": None},
    )  # fmt: skip


def with_bucket(n: str) -> Callable[[Any], object]:
    where = {"LocationConstraint": "eu-central-1"}

    def prepare(cloud: Any) -> None:
        for name in (f"bucket-{n}", f"other-{n}"):
            of(cloud, "s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)

    return prepare


def part(n: str, **more: Any) -> Sample:
    inputs = {"bucket": f"bucket-{n}", **more.pop("inputs")}
    return Sample(
        needs=with_bucket(n),
        inputs=inputs,
        replacing={"bucket": f"other-{n}"},
        unknown=frozenset({"region"}),
        **more,
    )


def versioning(n: str) -> Sample:
    def tamper(cloud: Any) -> None:
        of(cloud, "s3").put_bucket_versioning(
            Bucket=f"bucket-{n}", VersioningConfiguration={"Status": "Suspended"}
        )

    return part(
        n,
        inputs={"versioningConfiguration": {"status": "Enabled"}},
        changed={"versioningConfiguration": {"status": "Suspended"}},
        drift=tamper,
        drifted=frozenset({"versioningConfiguration"}),
        # Versioning never goes again: only the bucket does.
        remove=lambda cloud: of(cloud, "s3").delete_bucket(Bucket=f"bucket-{n}"),
    )


def encryption(n: str) -> Sample:
    def rules(algorithm: str, **more: str) -> list[Any]:
        return [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm, **more}}]

    return part(
        n,
        inputs={"rules": rules("aws:kms", kmsMasterKeyId="alias/x")},
        changed={"rules": rules("AES256")},
        drift=lambda cloud: of(cloud, "s3").put_bucket_encryption(
            Bucket=f"bucket-{n}",
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
        drifted=frozenset({"rules"}),
    )


def public_access(n: str) -> Sample:
    blocks = dict.fromkeys(
        ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
    )
    return part(
        n,
        inputs=blocks,
        changed={"blockPublicAcls": False},
        drift=lambda cloud: of(cloud, "s3").put_public_access_block(
            Bucket=f"bucket-{n}",
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True,
                "RestrictPublicBuckets": False,
            },
        ),
        drifted=frozenset({"restrictPublicBuckets"}),
    )  # fmt: skip


def bucket_policy(n: str) -> Sample:
    def text(effect: str) -> str:
        statement = {
            "Effect": effect,
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::bucket-{n}/*",
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    return part(
        n,
        inputs={"policy": text("Deny")},
        changed={"policy": text("Allow")},
        drift=lambda cloud: of(cloud, "s3").put_bucket_policy(
            Bucket=f"bucket-{n}", Policy=text("Allow")
        ),
        drifted=frozenset({"policy"}),
    )


def ownership(n: str) -> Sample:
    return part(
        n,
        inputs={"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        changed={"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        drift=lambda cloud: of(cloud, "s3").put_bucket_ownership_controls(
            Bucket=f"bucket-{n}", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
        drifted=frozenset({"rule"}),
    )


def lifecycle(n: str) -> Sample:
    def rules(days: int) -> list[Any]:
        return [
            {
                "id": "uploads",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": days},
            }
        ]

    return part(
        n,
        inputs={"rules": rules(7)},
        changed={"rules": rules(1)},
        drift=lambda cloud: of(cloud, "s3").put_bucket_lifecycle_configuration(
            Bucket=f"bucket-{n}",
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""},
                        "Expiration": {"Days": 1},
                    }
                ]
            },
        ),
        drifted=frozenset({"rules"}),
    )  # fmt: skip


def role(n: str) -> Sample:
    return Sample(
        inputs={
            "name": f"role-{n}",
            "assumeRolePolicy": trust("123456789012"),
            "description": "one",
            "tags": {"a": "1"},
        },
        changed={"assumeRolePolicy": trust("210987654321"), "description": None, "tags": None},
        replacing={"name": f"other-{n}"},
        unknown=TAGS | {"createDate", "uniqueId"},
        drift=lambda cloud: of(cloud, "iam").update_assume_role_policy(
            RoleName=f"role-{n}", PolicyDocument=trust("666666666666")
        ),
        drifted=frozenset({"assumeRolePolicy"}),
    )


def role_policy(n: str) -> Sample:
    def prepare(cloud: Any) -> None:
        of(cloud, "iam").create_role(RoleName=f"role-{n}", AssumeRolePolicyDocument=trust("1" * 12))

    return Sample(
        needs=prepare,
        inputs={"role": f"role-{n}", "name": "grant", "policy": document("s3:GetObject")},
        changed={"policy": document("s3:PutObject")},
        replacing={"name": "other"},
        unknown=frozenset(),
        drift=lambda cloud: of(cloud, "iam").put_role_policy(
            RoleName=f"role-{n}", PolicyName="grant", PolicyDocument=document("s3:*")
        ),
        drifted=frozenset({"policy"}),
    )


def user(n: str) -> Sample:
    return Sample(
        inputs={"name": f"user-{n}", "tags": {"a": "1"}},
        changed={"tags": {"b": "1"}},
        replacing={"name": f"other-{n}"},
        unknown=TAGS | {"uniqueId"},
        drift=lambda cloud: of(cloud, "iam").tag_user(
            UserName=f"user-{n}", Tags=[{"Key": "a", "Value": "tampered"}]
        ),
        drifted=frozenset({"tags"}),
    )


def with_user(n: str) -> Callable[[Any], object]:
    return lambda cloud: of(cloud, "iam").create_user(UserName=f"user-{n}")


def user_policy(n: str) -> Sample:
    return Sample(
        needs=with_user(n),
        inputs={"user": f"user-{n}", "name": "grant", "policy": document("s3:GetObject")},
        changed={"policy": document("s3:PutObject")},
        replacing={"name": "other"},
        unknown=frozenset(),
        drift=lambda cloud: of(cloud, "iam").put_user_policy(
            UserName=f"user-{n}", PolicyName="grant", PolicyDocument=document("s3:*")
        ),
        drifted=frozenset({"policy"}),
    )


def access_key(n: str) -> Sample:
    def tamper(cloud: Any) -> None:
        iam = of(cloud, "iam")
        for each in iam.list_access_keys(UserName=f"user-{n}")["AccessKeyMetadata"]:
            iam.update_access_key(
                UserName=f"user-{n}", AccessKeyId=each["AccessKeyId"], Status="Inactive"
            )

    return Sample(
        needs=with_user(n),
        inputs={"user": f"user-{n}"},
        changed={"status": "Inactive"},
        replacing={"user": f"other-{n}"},
        replaceable=False,
        unknown=frozenset({"createDate", "secret"}),
        drift=tamper,
        drifted=frozenset({"status"}),
    )


def oidc(n: str) -> Sample:
    arn = f"arn:aws:iam::123456789012:oidc-provider/oidc.example/{n}"
    return Sample(
        inputs={
            "url": f"https://oidc.example/{n}",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["a" * 40],
        },
        # Not clientIdLists: moto has no call for that.
        changed={"thumbprintLists": ["c" * 40], "tags": {"a": "1"}},
        replacing={"url": f"https://oidc.example/other-{n}"},
        unknown=TAGS,
        drift=lambda cloud: of(cloud, "iam").update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40]
        ),
        drifted=frozenset({"thumbprintLists"}),
    )


SAMPLES: Mapping[str, Callable[[str], Sample]] = {
    "aws:kms/key:Key": key,
    "aws:kms/alias:Alias": alias,
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/bucketVersioning:BucketVersioning": versioning,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": encryption,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": public_access,
    "aws:s3/bucketPolicy:BucketPolicy": bucket_policy,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ownership,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle,
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": role_policy,
    "aws:iam/user:User": user,
    "aws:iam/userPolicy:UserPolicy": user_policy,
    "aws:iam/accessKey:AccessKey": access_key,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": oidc,
}
