"""A RAM role or user with one policy: the servers', custody's writer and reader, services'."""

from dataclasses import dataclass

import pulumi
import pulumi_alicloud as alicloud

from components.cloud.alicloud import names
from components.cloud.alicloud.documents import Document, to_json


@dataclass(frozen=True, kw_only=True)
class GrantedRoleArgs:
    """Who may take a role, and what it may do then."""

    account_id: str
    role: str
    """Its name in RAM."""
    description: str
    trust: pulumi.Input[Document]
    grant: pulumi.Input[Document] | None
    """None: what it may do is attached elsewhere."""
    keep: bool


class GrantedRole(pulumi.ComponentResource):
    """A role that can do exactly what its one document says."""

    role: pulumi.Output[str]
    """Its name, known at once."""
    arn: pulumi.Output[str]
    """Known once the role may do what it is for."""

    def __init__(
        self, name: str, args: GrantedRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:GrantedRole", name, {}, opts)
        role = alicloud.ram.Role(
            f"{name}-role",
            role_name=args.role,
            description=args.description,
            assume_role_policy_document=pulumi.Output.from_input(args.trust).apply(to_json),
            # Policies that somebody attached by hand must not hold up the removal of a throw-away stack.
            force=not args.keep,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # A role's name is its id.
        self.role = role.id
        self.arn = role.arn.apply(lambda arn: _of_account(arn, args.account_id))
        if args.grant is not None:
            attached = attach_to_role(name, args.role, role.id, args.grant, self)
            self.arn = pulumi.Output.all(self.arn, attached.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})


def attach_to_role(
    name: str,
    policy: str,
    role: pulumi.Input[str],
    grant: pulumi.Input[Document],
    parent: pulumi.Resource,
) -> alicloud.ram.RolePolicyAttachment:
    """Declare a policy of this name, and that the role has it."""
    return alicloud.ram.RolePolicyAttachment(
        f"{name}-attached",
        role_name=role,
        policy_name=_policy(name, policy, grant, parent).id,
        policy_type="Custom",
        opts=pulumi.ResourceOptions(parent=parent),
    )


@dataclass(frozen=True, kw_only=True)
class GrantedUserArgs:
    """A user's name in RAM, and what it may do."""

    user: str
    grant: pulumi.Input[Document]
    keep: bool


class GrantedUser(pulumi.ComponentResource):
    """A user that can do exactly what its one document says. It has no password; its keys are made elsewhere."""

    user: pulumi.Output[str]
    """Its name."""
    ready: pulumi.Output[str]
    """Known once it may do what it is for."""

    def __init__(
        self, name: str, args: GrantedUserArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:GrantedUser", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Keys that somebody made by hand must not hold up the removal of a service.
        user = alicloud.ram.User(f"{name}-user", name=args.user, force=not args.keep, opts=child)
        attached = alicloud.ram.UserPolicyAttachment(
            f"{name}-attached",
            user_name=user.name,
            policy_name=_policy(name, args.user, args.grant, self).id,
            policy_type="Custom",
            opts=child,
        )
        self.user = user.name
        self.ready = attached.id
        self.register_outputs({})


def _policy(
    name: str, of: str, grant: pulumi.Input[Document], parent: pulumi.Resource
) -> alicloud.ram.Policy:
    return alicloud.ram.Policy(
        f"{name}-grant",
        policy_name=names.policy_name(of),
        policy_document=pulumi.Output.from_input(grant).apply(to_json),
        # RAM keeps five versions of a policy, and refuses a sixth.
        rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _of_account(arn: str, account_id: str) -> str:
    """Refuse a role of another account: the provider takes whatever credentials are at hand."""
    actual = arn.split(":")[3]
    if actual != account_id:
        raise ValueError(
            f"cloud.accountId is {account_id}, and the credentials at hand are of account {actual}:"
            " correct one of them; what was just made there is to be destroyed"
        )
    return arn
