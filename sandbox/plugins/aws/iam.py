"""IAM: roles, users and their inline policies."""

from typing import Any

from sandbox.plugins.aws.client import Aws, none_if
from sandbox.plugins.aws.kinds import (
    TAGS,
    AwsKind,
    document,
    from_tags,
    gone_tags,
    same_document,
    to_tags,
)
from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Made, Property, Values, properties

GONE = "NoSuchEntity"
"""IAM's code for a thing that isn't there."""


def retag(iam: Any, what: str, name: dict[str, str], state: Values, inputs: Values) -> None:
    """Make the tags of a `what` (boto3's word) as declared."""
    if gone := gone_tags(state, inputs):
        getattr(iam, f"untag_{what}")(**name, TagKeys=gone)
    if inputs.get("tags"):
        getattr(iam, f"tag_{what}")(**name, Tags=to_tags(inputs["tags"]))


class Role(AwsKind):
    """A role."""

    properties = properties(
        Property(name="name", immutable=True, autonamed=True),
        Property(name="assumeRolePolicy", same=same_document),
        Property(name="description"),
        Property(name="maxSessionDuration", default=3600),
        Property(name="path", immutable=True, default="/"),
        Property(name="permissionsBoundary"),
        Property(name="forceDetachPolicies", own=True, default=False),
        Property(name="arn", output=True),
        Property(name="createDate", output=True),
        Property(name="uniqueId", output=True),
        *TAGS,
    )

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Make it."""
        name = inputs["name"]
        boundary = inputs.get("permissionsBoundary")
        client.of("iam").create_role(
            RoleName=name,
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description", ""),
            MaxSessionDuration=inputs["maxSessionDuration"],
            Path=inputs["path"],
            Tags=to_tags(inputs.get("tags")),
            **({"PermissionsBoundary": boundary} if boundary else {}),
        )
        return Made(identity=name, state=self.now(client, name, inputs))

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:  # noqa: ARG002
        """Read it."""
        role: dict[str, Any] = {}
        with none_if(GONE):
            role = client.of("iam").get_role(RoleName=identity)["Role"]
        if not role:
            return None
        return {
            "name": identity,
            "assumeRolePolicy": document(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "path": role["Path"],
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get(
                "PermissionsBoundaryArn"
            ),
            "arn": role["Arn"],
            "createDate": f"{role['CreateDate']:%Y-%m-%dT%H:%M:%SZ}",
            "uniqueId": role["RoleId"],
            **from_tags(role.get("Tags", [])),
        }

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:
        """Change what differs."""
        iam, name, changed = client.of("iam"), {"RoleName": identity}, self.changed(state, inputs)
        if "assumeRolePolicy" in changed:
            iam.update_assume_role_policy(**name, PolicyDocument=inputs["assumeRolePolicy"])
        if {"description", "maxSessionDuration"} & set(changed):
            iam.update_role(
                **name,
                Description=inputs.get("description", ""),
                MaxSessionDuration=inputs["maxSessionDuration"],
            )
        if "permissionsBoundary" in changed:
            _bound(iam, "role", name, inputs.get("permissionsBoundary"))
        if "tags" in changed:
            retag(iam, "role", name, state, inputs)

    def delete_(self, client: Aws, identity: str, state: Values) -> None:
        """Delete it; what is attached must be gone, or be declared to be detached."""
        iam, name = client.of("iam"), {"RoleName": identity}
        with none_if(GONE):
            if state.get("forceDetachPolicies"):
                for each in iam.list_attached_role_policies(**name)["AttachedPolicies"]:
                    iam.detach_role_policy(**name, PolicyArn=each["PolicyArn"])
                for each in iam.list_role_policies(**name)["PolicyNames"]:
                    iam.delete_role_policy(**name, PolicyName=each)
            iam.delete_role(**name)


def _bound(iam: Any, what: str, name: dict[str, str], boundary: str | None) -> None:
    if boundary:
        getattr(iam, f"put_{what}_permissions_boundary")(**name, PermissionsBoundary=boundary)
    else:
        getattr(iam, f"delete_{what}_permissions_boundary")(**name)


class User(AwsKind):
    """A user."""

    properties = properties(
        # IAM could rename it; but the protocol can't tell the engine a new id.
        Property(name="name", immutable=True, autonamed=True),
        Property(name="path", default="/"),
        Property(name="permissionsBoundary"),
        Property(name="forceDestroy", own=True, default=False),
        Property(name="arn", output=True, volatile=True),
        Property(name="uniqueId", output=True),
        *TAGS,
    )

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Make it."""
        name, boundary = inputs["name"], inputs.get("permissionsBoundary")
        client.of("iam").create_user(
            UserName=name,
            Path=inputs["path"],
            Tags=to_tags(inputs.get("tags")),
            **({"PermissionsBoundary": boundary} if boundary else {}),
        )
        return Made(identity=name, state=self.now(client, name, inputs))

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:  # noqa: ARG002
        """Read it."""
        user: dict[str, Any] = {}
        iam = client.of("iam")
        with none_if(GONE):
            user = iam.get_user(UserName=identity)["User"]
        if not user:
            return None
        return {
            "name": identity,
            "path": user["Path"],
            "permissionsBoundary": user.get("PermissionsBoundary", {}).get(
                "PermissionsBoundaryArn"
            ),
            "arn": user["Arn"],
            "uniqueId": user["UserId"],
            **from_tags(iam.list_user_tags(UserName=identity)["Tags"]),
        }

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:
        """Change what differs."""
        iam, name, changed = client.of("iam"), {"UserName": identity}, self.changed(state, inputs)
        if "tags" in changed:
            retag(iam, "user", name, state, inputs)
        if "permissionsBoundary" in changed:
            _bound(iam, "user", name, inputs.get("permissionsBoundary"))
        if "path" in changed:
            iam.update_user(**name, NewPath=inputs["path"])

    def delete_(self, client: Aws, identity: str, state: Values) -> None:
        """Delete it; what it has must be gone, or be declared to be destroyed."""
        iam, name = client.of("iam"), {"UserName": identity}
        with none_if(GONE):
            if state.get("forceDestroy"):
                for each in iam.list_access_keys(**name)["AccessKeyMetadata"]:
                    iam.delete_access_key(**name, AccessKeyId=each["AccessKeyId"])
                for each in iam.list_user_policies(**name)["PolicyNames"]:
                    iam.delete_user_policy(**name, PolicyName=each)
            iam.delete_user(**name)


class InlinePolicy(AwsKind):
    """A policy in a role or a user: `<owner>:<name>`."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._key = f"{owner.capitalize()}Name"
        self.properties = properties(
            Property(name="name", immutable=True, autonamed=True),
            Property(name=owner, immutable=True),
            Property(name="policy", same=same_document),
        )

    def create_(self, client: Aws, inputs: Values) -> Made:
        """Write it."""
        identity = f"{inputs[self.owner]}:{inputs['name']}"
        self.update_(client, identity, {}, inputs)
        return Made(identity=identity, state=inputs)

    def read_(self, client: Aws, identity: str, state: Values) -> Values | None:  # noqa: ARG002
        """Read it."""
        found: dict[str, Any] = {}
        owner, name = self._parts(identity)
        with none_if(GONE):
            ask = getattr(client.of("iam"), f"get_{self.owner}_policy")
            found = ask(**{self._key: owner, "PolicyName": name})
        if not found:
            return None
        return {self.owner: owner, "name": name, "policy": document(found["PolicyDocument"])}

    def update_(self, client: Aws, identity: str, state: Values, inputs: Values) -> None:  # noqa: ARG002
        """Write it again."""
        owner, name = self._parts(identity)
        put = getattr(client.of("iam"), f"put_{self.owner}_policy")
        put(**{self._key: owner, "PolicyName": name, "PolicyDocument": inputs["policy"]})

    def delete_(self, client: Aws, identity: str, state: Values) -> None:  # noqa: ARG002
        """Delete it."""
        owner, name = self._parts(identity)
        with none_if(GONE):
            delete = getattr(client.of("iam"), f"delete_{self.owner}_policy")
            delete(**{self._key: owner, "PolicyName": name})

    def _parts(self, identity: str) -> tuple[str, str]:
        owner, colon, name = identity.partition(":")
        if not colon:
            raise RefusedError(f"id {identity!r} is not of the form <{self.owner}>:<name>")
        return owner, name
