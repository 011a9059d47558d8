"""Tables of the rules over trust; tests/policies/test_rules.py holds the rules against them."""

from policies.rules.cloud import trust
from tests.policies.case import ABSENT, Case, Change, Sample
from tests.policies.rules.cloud.samples import CUSTODY, document

# Real ones have dots, which paths of changes can't.
ISSUER = "issuer/id/A"
IRSA = Sample(
    type="aws:iam/role:Role",
    inputs={
        "assumeRolePolicy": document(
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::1:oidc-provider/{ISSUER}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{ISSUER}:sub": "system:serviceaccount:vault:vault",
                        f"{ISSUER}:aud": "sts.amazonaws.com",
                    }
                },
            }
        )
    },
)
RRSA = Sample(
    type="alicloud:ram/role:Role",
    inputs={
        "assumeRolePolicyDocument": document(
            {
                "Effect": "Allow",
                "Principal": {"Federated": ["acs:ram::1:oidc-provider/ack"]},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {
                        "oidc:aud": "sts.aliyuncs.com",
                        "oidc:iss": "https://issuer",
                        "oidc:sub": "system:serviceaccount:shop:orders",
                    }
                },
            }
        )
    },
)
POD_IDENTITY = Sample(
    type="aws:iam/role:Role",
    inputs={
        "assumeRolePolicy": document(
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {
                        "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:eu:1:cluster/a",
                        "aws:RequestTag/kubernetes-namespace": "vault",
                        "aws:RequestTag/kubernetes-service-account": "vault",
                    }
                },
            }
        )
    },
)
NAMED = Sample(
    type="aws:iam/role:Role",
    within=f"{CUSTODY}$strongroom:cloud:GrantedRole",
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
EQUALS = "Statement.0.Condition.StringEquals"

CASES = [
    Case(
        rule=trust.trust_is_for_one_service_account,
        compliant=[IRSA],
        breakages={
            "anybody": Change(f"assumeRolePolicy!{EQUALS}.{ISSUER}:sub", ABSENT),
            "any of a namespace": Change(
                f"assumeRolePolicy!{EQUALS}.{ISSUER}:sub", "system:serviceaccount:vault:*"
            ),
            "two": Change(
                f"assumeRolePolicy!{EQUALS}.{ISSUER}:sub",
                ["system:serviceaccount:vault:vault", "system:serviceaccount:shop:orders"],
            ),
        },
    ),
    Case(
        rule=trust.trust_is_for_one_service_account,
        compliant=[RRSA],
        breakages={"anybody": Change(f"assumeRolePolicyDocument!{EQUALS}.oidc:sub", ABSENT)},
    ),
    Case(
        rule=trust.trust_is_for_one_service_account,
        compliant=[POD_IDENTITY],
        breakages={
            "of any cluster": Change(
                f"assumeRolePolicy!{EQUALS}.aws:RequestTag/eks-cluster-arn", ABSENT
            ),
            "any of a namespace": Change(
                f"assumeRolePolicy!{EQUALS}.aws:RequestTag/kubernetes-service-account", "*"
            ),
        },
    ),
    Case(
        rule=trust.trust_is_for_one_audience,
        compliant=[IRSA],
        breakages={"any": Change(f"assumeRolePolicy!{EQUALS}.{ISSUER}:aud", ABSENT)},
    ),
    Case(
        rule=trust.trust_is_for_one_audience,
        compliant=[RRSA],
        breakages={"any": Change(f"assumeRolePolicyDocument!{EQUALS}.oidc:aud", ABSENT)},
    ),
    Case(
        rule=trust.custody_roles_name_who_takes_them,
        compliant=[NAMED],
        breakages={
            "the account": Change(
                "assumeRolePolicy!Statement.0.Principal.AWS.0", "arn:aws:iam::123456789012:root"
            )
        },
    ),
]
