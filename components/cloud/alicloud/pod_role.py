"""RRSA: a role that exactly one ServiceAccount of an ACK cluster takes with its own token. No key anywhere.

The pod says which: its ServiceAccount carries `pod-identity.alibabacloud.com/role-name: <role>`, its namespace the
label `pod-identity.alibabacloud.com/injection: "on"`, and the cluster the add-on ack-pod-identity-webhook.
"""

from dataclasses import dataclass

import pulumi

from components.cloud.alicloud import documents, names
from components.cloud.alicloud.documents import Document
from components.cloud.alicloud.granted import GrantedRole, GrantedRoleArgs, attach_to_role


@dataclass(frozen=True, kw_only=True)
class PodRoleArgs:
    """Which pod of which cluster."""

    account_id: str
    region: str
    cluster_id: str
    namespace: str
    service_account: str
    role: str
    """Its name in RAM."""
    description: str
    keep: bool


class PodRole(pulumi.ComponentResource):
    """A role of one ServiceAccount; what it may do is added grant by grant."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: PodRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:cloud:PodRole", name, {}, opts)
        self._name = name
        self._role_name = args.role
        self._role = GrantedRole(
            name,
            GrantedRoleArgs(
                account_id=args.account_id,
                role=args.role,
                description=args.description,
                trust=documents.pod_trust(
                    oidc_provider=names.oidc_provider_arn(args.account_id, args.cluster_id),
                    issuer=names.issuer(args.region, args.cluster_id),
                    namespace=args.namespace,
                    service_account=args.service_account,
                ),
                grant=None,
                keep=args.keep,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arn = self._role.arn
        self.register_outputs({"arn": self.arn})

    def may(self, what: str, grant: Document) -> None:
        """Let it do what the document says; `what` tells its grants apart."""
        attach_to_role(
            f"{self._name}-{what}", f"{self._role_name}-{what}", self._role.role, grant, self
        )
