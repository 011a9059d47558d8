"""Where one cluster's services log in: one mount, jwt or kubernetes, both with ServiceAccount tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_vault as vault

from components.access.login_mount import login_mount


@dataclass(frozen=True, kw_only=True)
class ServiceLoginArgs:
    """How ServiceAccount tokens are judged.

    `jwt`: by the cluster's public keys; trusts a token until it expires. `kubernetes`: by the API server,
    which also knows deleted pods and ServiceAccounts.
    """

    method: Literal["jwt", "kubernetes"]
    mount: str
    audience: str
    token_ttl_seconds: int = 600
    issuer: pulumi.Input[str] | None = None
    """jwt: the tokens' issuer."""
    keys: pulumi.Input[Sequence[str]] = ()
    """jwt: the cluster's public keys, PEM."""
    host: str | None = None
    """kubernetes: the API server's address."""
    ca: pulumi.Input[str] | None = None
    """kubernetes: PEM of its CA, unless Vault runs inside that cluster."""
    reviewer_token: pulumi.Input[str] | None = None
    """kubernetes: a secret, with which the API server is asked. None: with Vault's own pod's; beside `ca` with the
    token of whoever logs in."""
    roles: str = "role"
    """In front of each role's logical name: those of two clusters have the same names in Vault."""
    keep: bool = True

    def __post_init__(self) -> None:
        if self.method == "jwt" and not (self.issuer and self.keys):
            raise ValueError("issuer and keys must be given for method jwt")
        if self.method == "kubernetes" and not self.host:
            raise ValueError("host must be given for method kubernetes")
        if self.reviewer_token is not None and self.ca is None:
            raise ValueError("ca must be given beside reviewer_token: both are of one cluster")


class ServiceLogin(pulumi.ComponentResource):
    """One login mount; `role` binds one ServiceAccount to one acl."""

    mount: str

    def __init__(
        self, name: str, args: ServiceLoginArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:access:ServiceLogin", name, {}, opts)
        self.mount = args.mount
        self._args = args
        kept = login_mount(self, keep=args.keep)
        self._mounted: pulumi.Resource
        # Through the resource, so that roles go before the mount that they are in.
        self._path: pulumi.Output[str]
        if args.method == "jwt":
            jwt = vault.jwt.AuthBackend(
                f"{name}-mount",
                type="jwt",
                path=args.mount,
                bound_issuer=args.issuer,
                # A key that ends in a newline shows as changed on every run.
                jwt_validation_pubkeys=pulumi.Output.from_input(args.keys).apply(
                    lambda keys: [key.strip() for key in keys]
                ),
                opts=kept,
            )
            self._mounted, self._path = jwt, jwt.path.apply(lambda path: path or "jwt")
        else:
            mount = vault.AuthBackend(
                f"{name}-mount", type="kubernetes", path=args.mount, opts=kept
            )
            self._path = mount.path
            self._mounted = vault.kubernetes.AuthBackendConfig(
                f"{name}-config",
                backend=mount.path,
                kubernetes_host=args.host or "",
                kubernetes_ca_cert=args.ca,
                # Outside the cluster there is no local CA; inside, the pod's own CA and token do the rest.
                disable_local_ca_jwt=args.ca is not None,
                token_reviewer_jwt=args.reviewer_token
                and pulumi.Output.secret(args.reviewer_token),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})

    def role(self, name: str, *, namespace: str, service_account: str, acl: vault.Policy) -> None:
        """Bind exactly this ServiceAccount to exactly this acl. Policy = role: both carry one name."""
        args = self._args
        opts = pulumi.ResourceOptions(
            parent=self,
            depends_on=[self._mounted],
            # The name is fixed: create-then-delete would delete the new one (pulumi#9881).
            delete_before_replace=True,
        )
        if args.method == "jwt":
            vault.jwt.AuthBackendRole(
                f"{args.roles}-{name}",
                backend=self._path,
                role_name=name,
                role_type="jwt",
                user_claim="sub",
                bound_audiences=[args.audience],
                bound_subject=f"system:serviceaccount:{namespace}:{service_account}",
                token_policies=[acl.name],
                token_ttl=args.token_ttl_seconds,
                token_max_ttl=args.token_ttl_seconds,
                opts=opts,
            )
            return
        vault.kubernetes.AuthBackendRole(
            f"{args.roles}-{name}",
            backend=self._path,
            role_name=name,
            bound_service_account_names=[service_account],
            bound_service_account_namespaces=[namespace],
            audience=args.audience,
            token_policies=[acl.name],
            token_ttl=args.token_ttl_seconds,
            token_max_ttl=args.token_ttl_seconds,
            opts=opts,
        )
