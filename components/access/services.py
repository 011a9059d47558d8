"""What services may do: one service, one identity, one acl."""

from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from acl.grants import service_acl
from catalog.acls import shared_paths
from catalog.model import Service
from components.access.service_login import ServiceLogin


@dataclass(frozen=True, kw_only=True)
class ServicesArgs:
    """Every service, where it logs in, and the KV mount that its paths lie in."""

    services: tuple[Service, ...]
    login: ServiceLogin
    key_value: str
    vault_namespace: str | None = None
    """Vault's own, in which all of it lies; None: the root."""


class Services(pulumi.ComponentResource):
    """For service `shop/orders`: acl and role `svc-shop.orders`, bound to ServiceAccount `orders` in `shop`."""

    logins: dict[str, dict[str, str]]
    """Service -> {mount, role}, and namespace where there is one."""

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
            args.login.role(
                role, namespace=service.namespace, service_account=service.name, acl=acl
            )
            self.logins[service.id] = {"mount": args.login.mount, "role": role}
            if args.vault_namespace is not None:
                self.logins[service.id]["namespace"] = args.vault_namespace
        self.register_outputs({})
