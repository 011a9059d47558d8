"""AdoptedVault: what a Vault held before this program, imported as it is.

The engine reads each from the server and refuses one that differs from what is declared here: nothing is changed by
adopting it. Once it is in the state, what its file says is what it becomes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_vault as vault

from catalog.model import Adopted
from components.access.login_mount import login_mount


@dataclass(frozen=True, kw_only=True)
class AdoptedVaultArgs:
    """Mounts, login methods with their roles, and acls."""

    adopted: Adopted
    keep: bool = True


class AdoptedVault(pulumi.ComponentResource):
    """Declared word for word. Neither secrets nor the configuration of login methods are touched."""

    def __init__(
        self, name: str, args: AdoptedVaultArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:adopted:AdoptedVault", name, {}, opts)
        for path, mount in args.adopted.mounts.items():
            vault.Mount(
                f"{name}-mount-{path}",
                path=path,
                type="kv",
                options=mount.options,
                description=mount.description,
                # Deleting the mount deletes every secret in it.
                opts=_imported(path, pulumi.ResourceOptions(parent=self, protect=args.keep)),
            )
        for path, method in args.adopted.methods.items():
            kept = login_mount(self, keep=args.keep)
            # Of type jwt, too: vault.jwt.AuthBackend would have its configuration as well.
            mounted = vault.AuthBackend(
                f"{name}-login-{path}",
                type=method.kind,
                path=path,
                description=method.description,
                opts=_imported(path, kept),
            )
            for role, fields in method.roles.items():
                self._role(f"{name}-role-{path}-{role}", method.kind, path, role, fields, mounted)
        for acl, text in args.adopted.acls.items():
            vault.Policy(
                f"{name}-acl-{acl}",
                name=acl,
                policy=text,
                opts=_imported(
                    acl, pulumi.ResourceOptions(parent=self, delete_before_replace=True)
                ),
            )
        self.register_outputs({})

    def _role(
        self,
        resource: str,
        kind: str,
        path: str,
        role: str,
        fields: Mapping[str, Any],
        mounted: pulumi.Resource,
    ) -> None:
        opts = _imported(
            f"auth/{path}/role/{role}",
            pulumi.ResourceOptions(parent=self, depends_on=[mounted], delete_before_replace=True),
        )
        given = dict(fields)
        if kind == "jwt":
            vault.jwt.AuthBackendRole(resource, backend=path, role_name=role, opts=opts, **given)
        else:
            vault.kubernetes.AuthBackendRole(
                resource, backend=path, role_name=role, opts=opts, **given
            )


def _imported(identity: str, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(import_=identity))
