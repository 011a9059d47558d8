"""What every part of the wiring is told."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from acl.account import Shape
from catalog.model import Catalog
from components.access.service_login import ServiceLoginArgs
from components.account import AccountArgs
from settings.helm import Helm
from settings.load import PASSWORD, stack_secret
from settings.model import Settings
from settings.shape import shape_of

if TYPE_CHECKING:
    import pulumi_kubernetes as kubernetes


@dataclass(frozen=True, kw_only=True)
class Program:
    """One run of the program in one stack."""

    settings: Settings
    catalog: Catalog
    now: float
    """Unix seconds; it decides which of two keys is the current one."""

    @property
    def stack(self) -> str:
        """The stack's name."""
        return pulumi.get_stack()

    @cached_property
    def own_cluster(self) -> "kubernetes.Provider":
        """The provider of the servers' own cluster, declared once, and only where somebody asks for it."""
        # Kubernetes' SDK takes a second to import: only where there are pods.
        from components.kubernetes import kubernetes_provider  # noqa: PLC0415

        server = self.settings.server
        return kubernetes_provider(
            "cluster", context=server.context if isinstance(server, Helm) else None
        )

    @property
    def shape(self) -> Shape:
        """Mounts and login methods that are declared."""
        return shape_of(self.settings, self.catalog)

    @property
    def account(self) -> AccountArgs:
        """The limited account that configures Vault."""
        said = self.settings.account
        return AccountArgs(
            mount=said.mount,
            name=said.name,
            cidrs=said.cidrs,
            password_file=said.password_file,
            password=None if said.password_file else stack_secret(PASSWORD),
        )

    @property
    def login(self) -> ServiceLoginArgs:
        """How services log in; reads the files of keys and CA."""
        said = self.settings.access
        return ServiceLoginArgs(
            method=said.method,
            mount=said.mount,
            audience=said.audience,
            token_ttl_seconds=said.token_ttl_seconds,
            issuer=said.issuer,
            keys=tuple(Path(key).read_text() for key in said.keys),
            host=said.host,
            ca=Path(said.ca).read_text() if said.ca else None,
            keep=self.settings.keep,
        )
