"""An IAM user with one inline policy and one access key: for whoever can take no role."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.cloud.aws.documents import Document, to_json


@dataclass(frozen=True, kw_only=True)
class GrantedUserArgs:
    """Who, and what he may do."""

    user: str
    """The name in IAM."""
    grant: pulumi.Input[Document]
    keep: bool


@dataclass(frozen=True, kw_only=True)
class UserKey:
    """What the user shows."""

    ready: pulumi.Output[str]
    """Known once he may do what the key is for."""
    environment: Mapping[str, pulumi.Output[str]]
    """Secret: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, handed out then."""


def granted_user(name: str, args: GrantedUserArgs, child: pulumi.ResourceOptions) -> UserKey:
    """Declare user, policy and key. The key does not rotate by itself."""
    user = aws.iam.User(
        f"{name}-user",
        name=args.user,
        # A key that somebody made by hand must not hold up the removal of a throw-away stack.
        force_destroy=not args.keep,
        opts=child,
    )
    allowed = aws.iam.UserPolicy(
        f"{name}-grant",
        name="strongroom",
        user=user.name,
        policy=pulumi.Output.from_input(args.grant).apply(to_json),
        opts=child,
    )
    key = aws.iam.AccessKey(f"{name}-key", user=user.name, opts=child)
    known = pulumi.Output.all(id=key.id, secret=key.secret, allowed=allowed.id)
    return UserKey(
        ready=allowed.id,
        environment={
            "AWS_ACCESS_KEY_ID": pulumi.Output.secret(known.apply(lambda all_: all_["id"])),
            "AWS_SECRET_ACCESS_KEY": pulumi.Output.secret(known.apply(lambda all_: all_["secret"])),
        },
    )
