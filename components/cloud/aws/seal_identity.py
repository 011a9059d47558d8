"""Who the servers are at AWS when they unseal: a role of their pods, a user of their own, or their machine's role.

Whichever it is, it may do three calls on the seal key and nothing else. None of them is the identity of
whoever runs the program, which may reach custody.

* `irsa`: a role that exactly one ServiceAccount's token takes. Nothing secret anywhere.
* `pod-identity`: a role that EKS's agent hands to exactly one ServiceAccount of one cluster. Nothing secret.
* `keys`: a user with an access key, a secret in the state and in the servers' environment. For servers that
  are no pods, and for an emulator, whose tokens no server can exchange. It does not rotate by itself:
  `pulumi up --replace <urn of the AccessKey>` makes a new one, hands it to server by server, deletes the old.
* `instance-profile`: the machine's own role, made elsewhere; every process on the machine has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.cloud.aws import documents, names
from components.cloud.aws.arguments import AwsCloudArgs
from components.cloud.aws.documents import Document
from components.cloud.aws.granted_role import GrantedRole, GrantedRoleArgs
from components.cloud.aws.granted_user import GrantedUserArgs, granted_user
from components.cloud.contract import WebIdentity

AUDIENCE = "sts.amazonaws.com"
_DESCRIPTION = "Vault's pods: unseal, and nothing else"


def principal(args: AwsCloudArgs) -> str:
    """Give the ARN of the identity before it exists: the seal key's policy names it."""
    if args.seal_identity == "instance-profile":
        return args.instance_role or ""
    if args.seal_identity == "keys":
        return names.user_arn(args.region, args.account_id, _user(args))
    return names.role_arn(args.region, args.account_id, _role(args))


@dataclass(frozen=True, kw_only=True)
class SealIdentityArgs:
    """The cloud's arguments, and the key."""

    cloud: AwsCloudArgs
    key: pulumi.Input[str]
    """ARN of the seal key."""


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What servers are given; see the contract's `Seal`."""

    ready: pulumi.Output[str]
    secret: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    annotations: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    web_identity: WebIdentity | None = None
    role: pulumi.Input[str] | None = None


class SealIdentity(pulumi.ComponentResource):
    """One identity, which unseals and does nothing else."""

    ready: pulumi.Output[str]
    """Known once it may use the key."""
    environment: Mapping[str, str]
    secret_environment: Mapping[str, pulumi.Output[str]]
    annotations: Mapping[str, pulumi.Output[str]]
    web_identity: WebIdentity | None
    role: pulumi.Input[str] | None
    """ARN of the role as which the seal can be proven from outside of the servers."""

    def __init__(
        self, name: str, args: SealIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:SealIdentity", name, {}, opts)
        self._args = args.cloud
        self._grant: pulumi.Output[Document] = pulumi.Output.from_input(args.key).apply(
            lambda arn: documents.seal_grant(key=arn)
        )
        match args.cloud.seal_identity:
            case "irsa":
                given = self._web_identity(name)
            case "pod-identity":
                given = self._pod_identity(name)
            case "keys":
                given = self._keys(name)
            case "instance-profile":
                ready = pulumi.Output.from_input(args.key)
                given = _Given(ready=ready, role=args.cloud.instance_role)
        self.ready = given.ready
        # The stanza's region gives way to the environment's (vault#24114): let both say the same.
        self.environment = {"AWS_REGION": args.cloud.region}
        self.secret_environment = given.secret
        self.annotations = given.annotations
        self.web_identity = given.web_identity
        self.role = given.role
        self.register_outputs({})

    def _web_identity(self, name: str) -> _Given:
        args, issuer = self._args, self._args.oidc_provider or ""
        trust = documents.pod_trust(
            oidc_provider=names.oidc_provider_arn(args.region, args.account_id, issuer),
            issuer=issuer,
            namespace=args.namespace,
            service_account=args.service_account,
        )
        role = self._role(name, trust)
        return _Given(
            ready=role.arn,
            annotations={"eks.amazonaws.com/role-arn": role.arn},
            web_identity=WebIdentity(role_arn=role.arn, audience=AUDIENCE),
            role=role.arn,
        )

    def _pod_identity(self, name: str) -> _Given:
        args, cluster = self._args, self._args.cluster_name or ""
        trust = documents.pod_identity_trust(
            cluster=names.cluster_arn(args.region, args.account_id, cluster),
            namespace=args.namespace,
            service_account=args.service_account,
        )
        role = self._role(name, trust)
        association = aws.eks.PodIdentityAssociation(
            f"{name}-association",
            cluster_name=cluster,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # The agent serves pods that start after there is an association.
        ready = pulumi.Output.all(role.arn, association.id).apply(lambda known: str(known[0]))
        return _Given(ready=ready)

    def _keys(self, name: str) -> _Given:
        given = granted_user(
            name,
            GrantedUserArgs(user=_user(self._args), grant=self._grant, keep=self._args.keep),
            pulumi.ResourceOptions(parent=self),
        )
        return _Given(ready=given.ready, secret=given.environment)

    def _role(self, name: str, trust: Document) -> GrantedRole:
        return GrantedRole(
            name,
            GrantedRoleArgs(
                role=_role(self._args), description=_DESCRIPTION, trust=trust, grant=self._grant
            ),
            pulumi.ResourceOptions(parent=self),
        )


def _role(args: AwsCloudArgs) -> str:
    return names.iam_name(args.stack, "vault")


def _user(args: AwsCloudArgs) -> str:
    return names.iam_name(args.stack, "seal")
