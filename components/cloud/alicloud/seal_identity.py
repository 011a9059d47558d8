"""Who the servers are at Alibaba Cloud when they unseal: a user of their own, a role that it takes, or their machine's.

Whichever it is, it may do three calls on the seal key and nothing else. None of them is the identity of whoever runs
the program, which may reach custody. The alicloudkms seal reads ALICLOUD_* from its environment, and no RRSA: it knows
nothing of OIDC tokens. A static STS token would expire within hours, and with it the seal.
Source: go-kms-wrapping's wrappers/alicloudkms and alibaba-cloud-sdk-go's sdk/auth/credentials/providers.

* `keys`: two users with the same rights, whose keys take turns (components/cloud/rotation.py): a secret in the state
  and in the servers' environment. A new period's key reaches the pods by `python -m ops roll`; the old one works for
  one more period.
* `assumed-role`: the same keys may do nothing but take a role, which unseals. The server takes it anew by itself, at
  sts.aliyuncs.com, which it must reach.
* `instance-role`: the RAM role of the machines, made elsewhere and granted the key here. Nothing secret anywhere, and
  every process of those machines has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_alicloud as alicloud

from components.cloud.alicloud import documents, names
from components.cloud.alicloud.arguments import AlicloudCloudArgs
from components.cloud.alicloud.documents import Document
from components.cloud.alicloud.granted import (
    GrantedRole,
    GrantedRoleArgs,
    GrantedUser,
    GrantedUserArgs,
    attach_to_role,
)
from components.cloud.rotation import Slot, slots

SESSION = "vault"


@dataclass(frozen=True, kw_only=True)
class SealIdentityArgs:
    """The cloud's arguments, and the key."""

    cloud: AlicloudCloudArgs
    key: pulumi.Output[str]
    """ARN of the seal key."""


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What servers are given; see the contract's `Seal`."""

    ready: pulumi.Output[str]
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secret: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    role: pulumi.Output[str] | None = None


class SealIdentity(pulumi.ComponentResource):
    """One identity, which unseals and does nothing else."""

    ready: pulumi.Output[str]
    """Known once it may use the key."""
    environment: Mapping[str, pulumi.Input[str]]
    secret_environment: Mapping[str, pulumi.Output[str]]
    role: pulumi.Output[str] | None
    """ARN of the role that the servers take with their key."""

    def __init__(
        self, name: str, args: SealIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:SealIdentity", name, {}, opts)
        self._args = args.cloud
        grant = args.key.apply(lambda arn: documents.seal_grant(key=arn))
        match args.cloud.seal_identity:
            case "keys":
                given = self._keys(name, grant)
            case "assumed-role":
                given = self._assumed_role(name, grant)
            case "instance-role":
                given = self._instance_role(name, grant)
        self.ready = given.ready
        self.environment = given.environment
        self.secret_environment = given.secret
        self.role = given.role
        self.register_outputs({})

    def _keys(self, name: str, grant: pulumi.Input[Document]) -> _Given:
        current, before = slots(now=self._args.now, rotate_seconds=self._args.seal_key_seconds)
        key, allowed = self._key(name, grant, current)
        _, other = self._key(name, grant, before)
        both = pulumi.Output.all(allowed, other).apply(lambda known: str(known[0]))
        # Handed out once the user may do what the key is for.
        known = pulumi.Output.all(id=key.id, secret=key.secret, allowed=allowed)
        return _Given(
            ready=both,
            secret={
                "ALICLOUD_ACCESS_KEY": pulumi.Output.secret(known.apply(lambda all_: all_["id"])),
                "ALICLOUD_SECRET_KEY": pulumi.Output.secret(
                    known.apply(lambda all_: all_["secret"])
                ),
            },
        )

    def _key(
        self, name: str, grant: pulumi.Input[Document], slot: Slot
    ) -> tuple[alicloud.ram.AccessKey, pulumi.Output[str]]:
        child = pulumi.ResourceOptions(parent=self)
        user = GrantedUser(
            f"{name}-{slot.user}",
            GrantedUserArgs(
                user=names.ram_name(self._args.stack, "seal", f"-{slot.user}"),
                grant=grant,
                keep=self._args.keep,
            ),
            child,
        )
        key = alicloud.ram.AccessKey(f"{name}-key-{slot.period}", user_name=user.user, opts=child)
        return key, user.ready

    def _assumed_role(self, name: str, grant: pulumi.Input[Document]) -> _Given:
        args = self._args
        # Taken by the users alone, who are made before it: RAM refuses to trust who doesn't exist.
        role_arn = names.role_arn(args.account_id, _role(args))
        given = self._keys(name, documents.may_assume(roles=[role_arn]))
        users = [
            names.user_arn(args.account_id, names.ram_name(args.stack, "seal", f"-{slot}"))
            for slot in ("even", "odd")
        ]
        role = GrantedRole(
            name,
            GrantedRoleArgs(
                account_id=args.account_id,
                role=_role(args),
                description="Vault's servers: unseal, and nothing else",
                trust=given.ready.apply(lambda _: documents.role_trust(users)),
                grant=grant,
                keep=args.keep,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return _Given(
            ready=role.arn,
            environment={
                "ALICLOUD_ROLE_ARN": role.arn,
                "ALICLOUD_ROLE_SESSION_NAME": SESSION,
            },
            secret=given.secret,
            role=role.arn,
        )

    def _instance_role(self, name: str, grant: pulumi.Input[Document]) -> _Given:
        role = self._args.instance_role or ""
        attached = attach_to_role(name, _role(self._args), role, grant, self)
        return _Given(ready=attached.id, environment={"ALICLOUD_ROLE_NAME": role})


def _role(args: AlicloudCloudArgs) -> str:
    return names.ram_name(args.stack, "vault")
