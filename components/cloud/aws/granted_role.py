"""An IAM role with one inline policy: the pods', custody's writer and custody's reader."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.cloud.aws.documents import Document, to_json


@dataclass(frozen=True, kw_only=True)
class GrantedRoleArgs:
    """Who may take a role, and what it may do then."""

    role: str
    """Its name in IAM."""
    description: str
    trust: Document
    grant: pulumi.Input[Document]


class GrantedRole(pulumi.ComponentResource):
    """A role that can do exactly what its one document says."""

    arn: pulumi.Output[str]
    """Known once the role may do what it is for."""

    def __init__(
        self, name: str, args: GrantedRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:GrantedRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)

        role = aws.iam.Role(
            f"{name}-role",
            name=args.role,
            description=args.description,
            assume_role_policy=to_json(args.trust),
            opts=child,
        )
        grant = aws.iam.RolePolicy(
            f"{name}-grant",
            name="strongroom",
            role=role.name,
            policy=pulumi.Output.from_input(args.grant).apply(to_json),
            opts=child,
        )

        self.arn = pulumi.Output.all(role.arn, grant.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})
