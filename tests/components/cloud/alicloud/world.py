"""What was declared, as Alibaba Cloud would see it: one account, its documents, and who may do what under them.

Decides as RAM is documented to: a denial anywhere wins; otherwise an Allow of the identity's policies or of the
bucket's suffices. A statement element or condition that this doesn't know fails the test.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from components.cloud.alicloud.arguments import AlicloudCloudArgs
from tests.conftest import Declared, Resource

ACCOUNT = "1234567890123456"
REGION = "eu-central-1"
NOW = 1000.0 * 86_400
"""Day 1000: a seal key's period of ten days is number 100, an even one."""

Document = Mapping[str, Any]


def arguments(**changes: Any) -> AlicloudCloudArgs:
    """Give the arguments of a stack `prod`, with some changed."""
    usual: dict[str, Any] = {
        "stack": "prod",
        "region": REGION,
        "account_id": ACCOUNT,
        "now": NOW,
        "seal_key_days": 10,
    }
    return AlicloudCloudArgs(**(usual | changes))


def answers(resource: Resource) -> Mapping[str, Any]:
    """Give the properties that Alibaba Cloud adds to what is declared."""
    inputs, name = resource.inputs, resource.name
    match resource.type:
        case "alicloud:kms/key:Key":
            return {"id": f"key-{name}"}
        case "alicloud:oss/bucket:Bucket":
            return {"id": inputs["bucket"]}
        case "alicloud:ram/role:Role":
            arn = f"acs:ram::{ACCOUNT}:role/{inputs['roleName'].lower()}"
            return {"id": inputs["roleName"], "arn": arn}
        case "alicloud:ram/policy:Policy":
            return {"id": inputs["policyName"]}
        case "alicloud:ram/accessKey:AccessKey":
            return {"id": f"LTAI-{name}", "secret": f"secret of {name}"}
        case _:
            return {}


def key(what: str) -> str:
    """Give the ARN of one of the two keys."""
    return f"acs:kms:{REGION}:{ACCOUNT}:key/key-cloud-{what}-key"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call, with the condition keys that come with it."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=lambda: {"acs:SecureTransport": "true"})


@dataclass(frozen=True, kw_only=True)
class World:
    """Every document that was declared."""

    identities: Mapping[str, tuple[Document, ...]]
    """ARN of a role or user -> what it may do."""
    trusts: Mapping[str, Document]
    """ARN of a role -> who may take it."""
    buckets: Mapping[str, Document]
    """ARN of a bucket -> its policy."""

    @classmethod
    def of(cls, declared: Declared) -> "World":
        """Collect the documents from what was declared; a policy counts only where it is attached."""
        policies = {
            policy.inputs["policyName"]: json.loads(policy.inputs["policyDocument"])
            for policy in declared.all("alicloud:ram/policy:Policy")
        }
        identities: dict[str, tuple[Document, ...]] = {}
        for kind, token in (("role", "rolePolicyAttachment"), ("user", "userPolicyAttachment")):
            for each in declared.all(f"alicloud:ram/{token}:{token[0].upper()}{token[1:]}"):
                assert each.inputs["policyType"] == "Custom"
                arn = f"acs:ram::{ACCOUNT}:{kind}/{each.inputs[f'{kind}Name']}"
                document = policies[each.inputs["policyName"]]
                identities[arn] = (*identities.get(arn, ()), document)
        return cls(
            identities=identities,
            trusts={
                str(answers(role)["arn"]): json.loads(role.inputs["assumeRolePolicyDocument"])
                for role in declared.all("alicloud:ram/role:Role")
            },
            buckets={
                f"acs:oss:*:{ACCOUNT}:{policy.inputs['bucket']}": json.loads(
                    policy.inputs["policy"]
                )
                for policy in declared.all("alicloud:oss/bucketPolicy:BucketPolicy")
            },
        )

    @property
    def documents(self) -> list[Document]:
        """Give all of them."""
        granted = [document for each in self.identities.values() for document in each]
        return [*granted, *self.trusts.values(), *self.buckets.values()]

    def allows(self, call: Call) -> bool:
        """Decide one call."""
        bucket = self.buckets.get(call.resource.split("/")[0])
        documents = [*self.identities.get(call.principal, ()), *([bucket] if bucket else [])]
        effects = {
            statement["Effect"]
            for document in documents
            for statement in document["Statement"]
            if _applies(statement, call)
        }
        return effects == {"Allow"}

    def takes(self, principal: str, role: str) -> bool:
        """Decide whether a user or role takes a role: its trust must name it or its account, its policy the role."""
        named = {principal, f"acs:ram::{ACCOUNT}:root"}
        trusted = any(
            statement["Action"] == "sts:AssumeRole"
            and named & set(statement["Principal"].get("RAM", ()))
            for statement in self.trusts[role]["Statement"]
        )
        return trusted and self.allows(
            Call(principal=principal, action="sts:AssumeRole", resource=role)
        )

    def hands_out(self, role: str, provider: str, token: Mapping[str, str]) -> bool:
        """Decide whether a pod's token of an issuer, by the ARN that RAM knows it under, takes a role."""
        return any(
            statement["Effect"] == "Allow"
            and statement["Action"] == "sts:AssumeRole"
            and statement["Principal"] == {"Federated": [provider]}
            and all(
                _holds(operator, name, wanted, token)
                for operator, keys in statement["Condition"].items()
                for name, wanted in keys.items()
            )
            for statement in self.trusts[role]["Statement"]
        )


def _applies(statement: Document, call: Call) -> bool:
    if unknown := set(statement) - {"Effect", "Principal", "Action", "Resource", "Condition"}:
        raise AssertionError(f"this evaluator does not know {unknown}")
    assert statement.get("Principal", ["*"]) == ["*"]
    return (
        any(fnmatchcase(call.action, action) for action in statement["Action"])
        and any(_matches(each, call.resource) for each in statement["Resource"])
        and all(
            _holds(operator, name, wanted, call.context)
            for operator, keys in statement.get("Condition", {}).items()
            for name, wanted in keys.items()
        )
    )


def _matches(pattern: str, resource: str) -> bool:
    # The region's star stands in what is asked for, too.
    return fnmatchcase(resource.replace(":*:", "::"), pattern.replace(":*:", "::"))


def _holds(operator: str, name: str, wanted: Any, context: Mapping[str, str]) -> bool:
    values = [wanted] if isinstance(wanted, str) else wanted
    match operator:
        case "StringEquals" | "Bool":
            return context.get(name) in values
        case _:
            raise AssertionError(f"this evaluator does not know {operator}")
