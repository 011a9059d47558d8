"""What was declared, as AWS would see it: one account, its documents, and who may do what under them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from components.cloud.aws.arguments import AwsCloudArgs
from tests.conftest import Declared, Resource

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE"

Document = Mapping[str, Any]


def arguments(**changes: Any) -> AwsCloudArgs:
    """Give the arguments of a stack `dev`, with some changed."""
    usual = {
        "stack": "dev",
        "region": REGION,
        "account_id": ACCOUNT,
        "oidc_provider": ISSUER,
        "namespace": "vault",
        "service_account": "vault",
    }
    return AwsCloudArgs(**(usual | changes))


def answers(resource: Resource) -> Mapping[str, Any]:
    """Give the properties that AWS adds to what is declared."""
    inputs, name = resource.inputs, resource.name
    match resource.type:
        case "aws:kms/key:Key":
            return {"arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}", "keyId": name}
        case "aws:s3/bucket:Bucket":
            return {"arn": f"arn:aws:s3:::{inputs['bucket']}"}
        case "aws:iam/role:Role":
            return {"arn": f"arn:aws:iam::{ACCOUNT}:role/{inputs['name']}"}
        case "aws:iam/user:User":
            return {"arn": f"arn:aws:iam::{ACCOUNT}:user/{inputs['name']}"}
        case "aws:iam/accessKey:AccessKey":
            return {"id": f"AKIA-{name}", "secret": f"secret of {name}"}
        case _:
            return {}


@dataclass(frozen=True, kw_only=True)
class World:
    """Every document that was declared."""

    identities: Mapping[str, Document]
    """ARN of a role or user -> what it may do."""
    trusts: Mapping[str, Document]
    """ARN of a role -> who may take it."""
    buckets: Mapping[str, Document]
    """ARN of a bucket -> its policy; buckets without one are absent."""
    keys: Mapping[str, Document]
    """ARN of a key -> its policy."""

    @classmethod
    def of(cls, declared: Declared) -> "World":
        """Collect the documents from what was declared."""
        roles = {
            role.inputs["name"]: f"arn:aws:iam::{ACCOUNT}:role/{role.inputs['name']}"
            for role in declared.all("aws:iam/role:Role")
        }
        grants = {
            roles[grant.inputs["role"]]: json.loads(grant.inputs["policy"])
            for grant in declared.all("aws:iam/rolePolicy:RolePolicy")
        }
        users = {
            f"arn:aws:iam::{ACCOUNT}:user/{grant.inputs['user']}": json.loads(
                grant.inputs["policy"]
            )
            for grant in declared.all("aws:iam/userPolicy:UserPolicy")
        }
        return cls(
            identities=grants | users,
            trusts={
                roles[role.inputs["name"]]: json.loads(role.inputs["assumeRolePolicy"])
                for role in declared.all("aws:iam/role:Role")
            },
            buckets={
                f"arn:aws:s3:::{policy.inputs['bucket']}": json.loads(policy.inputs["policy"])
                for policy in declared.all("aws:s3/bucketPolicy:BucketPolicy")
            },
            keys={
                answers(key)["arn"]: json.loads(key.inputs["policy"])
                for key in declared.all("aws:kms/key:Key")
            },
        )

    @property
    def documents(self) -> list[Document]:
        """Give all of them."""
        return [
            *self.identities.values(),
            *self.trusts.values(),
            *self.buckets.values(),
            *self.keys.values(),
        ]

    def allows(self, call: "Call") -> bool:
        """Decide as IAM does within one account: a denial wins; a key wants its own policy's consent too."""
        identity = _verdict(self.identities.get(call.principal), call)
        if call.action.startswith("kms:"):
            key = _verdict(self.keys[call.resource], call)
            # Its policy names the account, which hands the decision on to the identity's policy.
            return identity == "Allow" and key == "Allow"
        bucket = _verdict(self.buckets.get(call.resource.split("/")[0]), call)
        return "Deny" not in (identity, bucket) and "Allow" in (identity, bucket)

    def hands_out(self, role: str, principal: Mapping[str, str], call: "Call") -> bool:
        """Decide whether a role's trust lets this principal, as documents write one, call it so."""
        statements = [
            {**each, "Resource": role}
            for each in self.trusts[role]["Statement"]
            if each["Principal"] == principal
        ]
        return _verdict({"Statement": statements}, replace(call, resource=role)) == "Allow"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call to AWS, with the condition keys that come with it."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def put(principal: str, resource: str, **context: str) -> Call:
    """Give a well-behaved PUT: over TLS, if nothing is there yet."""
    usual = {"aws:SecureTransport": "true", "s3:if-none-match": "*"}
    given = {name.replace("__", ":"): value for name, value in context.items()}
    return Call(
        principal=principal, action="s3:PutObject", resource=resource, context=usual | given
    )


def _verdict(document: Document | None, call: Call) -> str | None:
    effects = {
        statement["Effect"]
        for statement in (document or {}).get("Statement", [])
        if _applies(statement, call)
    }
    return "Deny" if "Deny" in effects else "Allow" if effects else None


def _applies(statement: Document, call: Call) -> bool:
    known = {"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"}
    if unknown := set(statement) - known:
        raise AssertionError(f"this evaluator does not know {unknown}")
    return (
        any(fnmatchcase(call.action, action) for action in _list(statement["Action"]))
        and _concerns(statement, call.resource)
        and all(
            _holds(operator, key, wanted, call)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _concerns(statement: Document, resource: str) -> bool:
    if "NotResource" in statement:
        return not any(fnmatchcase(resource, each) for each in _list(statement["NotResource"]))
    return any(fnmatchcase(resource, each) for each in _list(statement["Resource"]))


def _holds(operator: str, key: str, wanted: str, call: Call) -> bool:
    context = {"aws:PrincipalArn": call.principal, **call.context}
    match operator:
        case "Null":
            return (key not in context) == (wanted == "true")
        case "StringEquals" | "ArnEquals" | "Bool":
            return context.get(key) == wanted
        case _:
            raise AssertionError(f"this evaluator does not know {operator}")


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
