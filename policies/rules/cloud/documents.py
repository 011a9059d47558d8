"""Reads the documents in which AWS and Alibaba Cloud say who may do what. No rules here.

Source: both clouds' reference of policy elements; Alibaba Cloud's differs in the names of principals and conditions.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.framework.properties import plain
from policies.framework.resource import Resource

GRANTS: Mapping[str, tuple[str, ...]] = {
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:iam/userPolicy:UserPolicy": ("policy",),
    "aws:iam/groupPolicy:GroupPolicy": ("policy",),
    "aws:iam/policy:Policy": ("policy",),
    "alicloud:ram/policy:Policy": ("policyDocument", "document"),
}
"""Type -> the inputs that may hold what somebody is granted."""

TRUSTS: Mapping[str, tuple[str, ...]] = {
    "aws:iam/role:Role": ("assumeRolePolicy",),
    "alicloud:ram/role:Role": ("assumeRolePolicyDocument", "document"),
}
"""Type -> the inputs that may hold who may take a role."""

KEY_POLICIES: Mapping[str, tuple[str, ...]] = {
    "aws:kms/key:Key": ("policy",),
    "aws:kms/keyPolicy:KeyPolicy": ("policy",),
    "alicloud:kms/key:Key": ("policy",),
}
BUCKET_POLICIES: Mapping[str, tuple[str, ...]] = {
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "alicloud:oss/bucketPolicy:BucketPolicy": ("policy",),
}
ALL: Mapping[str, tuple[str, ...]] = {**GRANTS, **TRUSTS, **KEY_POLICIES, **BUCKET_POLICIES}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a document."""

    field: str
    """The input that holds the document."""
    label: str
    """Its Sid, or its number from 1."""
    body: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether it grants; otherwise it denies."""
        return self.body.get("Effect") == "Allow"

    def values(self, key: str) -> list[str]:
        """Give what stands under Action, Resource, ... as a list."""
        return _list(self.body.get(key))

    @property
    def principals(self) -> list[tuple[str, str]]:
        """Kind and name of each principal: `("AWS", "arn:..."), ("*", "*")`."""
        given = self.body.get("Principal")
        if isinstance(given, Mapping):
            return [(kind, name) for kind, names in given.items() for name in _list(names)]
        return [("*", name) for name in _list(given)]

    def equals(self, suffix: str) -> list[list[str]]:
        """Give what each StringEquals condition whose key ends so wants."""
        conditions = self.body.get("Condition") or {}
        return [
            _list(wanted)
            for key, wanted in (conditions.get("StringEquals") or {}).items()
            if key == suffix or key.endswith(f":{suffix}")
        ]

    def __str__(self) -> str:
        return f"{self.field}: statement {self.label}"


def statements(resource: Resource) -> Iterator[Statement]:
    """Give every statement of every document that the resource holds.

    Raises:
        UnknownError: if a document is not known yet.
        ValueError: if it is no JSON.

    """
    for field in ALL[resource.type]:
        given = resource.at(field)
        if not given:
            continue
        document = json.loads(given) if isinstance(given, str) else plain(given)
        body = document.get("Statement", [])
        for number, each in enumerate(body if isinstance(body, list) else [body], start=1):
            label = str(each.get("Sid") or number)
            yield Statement(field=field, label=label, body=each)


def _list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
