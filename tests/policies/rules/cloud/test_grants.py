"""Tables of the rules over documents; tests/policies/test_rules.py holds the rules against them."""

from dataclasses import replace

from policies.rules.cloud import grants
from tests.policies.case import Case, Change, Sample
from tests.policies.rules.cloud.samples import (
    ACS_BUCKET,
    BUCKET,
    CUSTODY,
    SEAL,
    acs_grant,
    allow,
    aws_bucket,
    aws_key,
    document,
    grant,
)

AWS = grant(["s3:GetObject"], [BUCKET, f"{BUCKET}/app/*"])
ALICLOUD = acs_grant(["oss:GetObject"], [f"{ACS_BUCKET}/*"])
ROLE = Sample(
    type="aws:iam/role:Role",
    inputs={
        "assumeRolePolicy": document(
            {
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:aws:iam::123456789012:role/pipeline"]},
                "Action": "sts:AssumeRole",
            }
        )
    },
)
ATTACHED = Sample(
    type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    inputs={"policyArn": "arn:aws:iam::123456789012:policy/own"},
)
ACS_ATTACHED = Sample(
    type="alicloud:ram/userPolicyAttachment:UserPolicyAttachment", inputs={"policyType": "Custom"}
)
SHARING = replace(
    aws_bucket()[5],
    depends={},
    inputs={
        "policy": document(
            allow(["s3:GetObject"], f"{BUCKET}/*", Principal={"AWS": "arn:aws:iam::1:role/a"})
        )
    },
)
SEALING = replace(
    grant(["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"], within=SEAL), name="unseal"
)
WRITING = grant(["s3:PutObject", "s3:ListBucket"], BUCKET, within=CUSTODY)
FIRST = "Statement.0"

CASES = [
    Case(
        rule=grants.actions_are_named,
        compliant=[AWS],
        breakages={
            "all": Change(f"policy!{FIRST}.Action", "*"),
            "a service's": Change(f"policy!{FIRST}.Action.0", "s3:*"),
            "the reading ones": Change(f"policy!{FIRST}.Action.0", "s3:Get*"),
            "all but": Change(f"policy!{FIRST}.NotAction", ["s3:GetObject"]),
        },
    ),
    Case(
        rule=grants.actions_are_named,
        compliant=[ALICLOUD],
        breakages={"a service's": Change(f"policyDocument!{FIRST}.Action.0", "oss:*")},
    ),
    Case(
        rule=grants.actions_are_named,
        compliant=[aws_key()],
        breakages={"a key's": Change(f"policy!{FIRST}.Action.0", "kms:*")},
    ),
    Case(
        rule=grants.resources_are_named,
        compliant=[AWS],
        breakages={
            "all": Change(f"policy!{FIRST}.Resource", "*"),
            "every bucket": Change(f"policy!{FIRST}.Resource.0", "arn:aws:s3:::*"),
            "every bucket's objects": Change(f"policy!{FIRST}.Resource.1", "arn:aws:s3:::*/*"),
            "every key": Change(
                f"policy!{FIRST}.Resource.0", "arn:aws:kms:eu-central-1:123456789012:key/*"
            ),
            "all but": Change(f"policy!{FIRST}.NotResource", [BUCKET]),
        },
    ),
    Case(
        rule=grants.resources_are_named,
        compliant=[ALICLOUD],
        breakages={
            "every bucket": Change(f"policyDocument!{FIRST}.Resource.0", "acs:oss:*:*:*"),
            "every key": Change(f"policyDocument!{FIRST}.Resource.0", "acs:kms:eu:1:key/*"),
        },
    ),
    Case(
        rule=grants.principals_are_named,
        compliant=[ROLE],
        breakages={
            "all": Change(f"assumeRolePolicy!{FIRST}.Principal", "*"),
            "all of AWS": Change(f"assumeRolePolicy!{FIRST}.Principal.AWS", "*"),
            "all but": Change(f"assumeRolePolicy!{FIRST}.NotPrincipal", {"AWS": "arn"}),
        },
    ),
    Case(
        rule=grants.principals_are_named,
        compliant=[SHARING],
        breakages={"all": Change(f"policy!{FIRST}.Principal.AWS", "*")},
    ),
    Case(
        rule=grants.principals_are_named,
        compliant=[aws_key()],
        breakages={"all": Change(f"policy!{FIRST}.Principal.AWS", "*")},
    ),
    Case(
        rule=grants.seal_identity_only_unseals,
        compliant=[SEALING],
        breakages={
            "deletes the key": Change(f"policy!{FIRST}.Action.0", "kms:ScheduleKeyDeletion"),
            "reads objects": Change(f"policy!{FIRST}.Action.0", "s3:GetObject"),
        },
    ),
    Case(
        rule=grants.custody_is_halved,
        compliant=[WRITING],
        breakages={
            "reads": Change(f"policy!{FIRST}.Action.1", "s3:GetObject"),
            "decrypts": Change(f"policy!{FIRST}.Action.1", "kms:Decrypt"),
        },
    ),
    Case(
        rule=grants.grants_are_our_own,
        compliant=[ATTACHED],
        breakages={
            "administrator": Change("policyArn", "arn:aws:iam::aws:policy/AdministratorAccess")
        },
    ),
    Case(
        rule=grants.grants_are_our_own,
        compliant=[ACS_ATTACHED],
        breakages={"administrator": Change("policyType", "System")},
    ),
]
