"""What services may do: one service, one identity, one acl."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_vault as vault

from acl.grants import service_acl
from catalog.acls import shared_paths
from catalog.model import Service
from components.access.service_login import ServiceLogin


@dataclass(frozen=True, kw_only=True)
class ServicesArgs:
    """Every service, where each cluster's log in, and the KV mount that its paths lie in."""

    services: tuple[Service, ...]
    logins: Mapping[str, ServiceLogin]
    """Cluster -> its mount."""
    key_value: str
    vault_namespace: str | None = None
    """Vault's own, in which all of it lies; None: the root."""


class Services(pulumi.ComponentResource):
    """For service `shop/orders`: acl and role `svc-shop.orders`, bound to ServiceAccount `orders` in `shop`.

    In two clusters it is two roles, one in each login mount, and one acl.
    """

    logins: dict[str, dict[str, Any]]
    """Service -> {role, mounts: {cluster: mount}}, and namespace where there is one."""

    def __init__(
        self, name: str, args: ServicesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:access:Services", name, {}, opts)
        shared = shared_paths(args.services)
        self.logins = {}
        for service in args.services:
            role = service.role
            acl = vault.Policy(
                role,
                name=role,
                policy=service_acl(args.key_value, service.id, shared.get(service.id, ())),
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
            mounts = {}
            for cluster in service.clusters:
                login = args.logins[cluster]
                login.role(role, namespace=service.namespace, service_account=service.name, acl=acl)
                mounts[cluster] = login.mount
            self.logins[service.id] = {"role": role, "mounts": mounts}
            if args.vault_namespace is not None:
                self.logins[service.id]["namespace"] = args.vault_namespace
        self.register_outputs({})
