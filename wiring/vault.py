"""Whose Vault: the program's own, in a cloud and on servers of its own, or somebody else's."""

from dataclasses import dataclass

from components.bootstrap import VaultBootstrap, VaultBootstrapArgs
from components.cloud.choice import applications, cloud
from components.cloud.contract import Applications, Cloud
from components.external import ExternalVault, ExternalVaultArgs
from settings.clouds import applications_of, cloud_of
from settings.external import External
from settings.helm import Helm
from settings.load import SEAL_TOKEN, stack_secret
from settings.seals import seal_of
from settings.server import Processes
from wiring.program import Program
from wiring.servers import servers


@dataclass(frozen=True, kw_only=True)
class Vault:
    """An address that is known to take the limited account, and what services get from a cloud."""

    owned: VaultBootstrap | ExternalVault
    applications: Applications | None
    cloud: Cloud | None
    """Of seal and custody; None where those are somebody else's."""


def vault(program: Program) -> Vault:
    """Declare cloud, servers and bootstrap, or take what is there."""
    server = program.settings.server
    return _external(program, server) if isinstance(server, External) else _own(program, server)


def _own(program: Program, said: Processes | Helm) -> Vault:
    settings = program.settings
    in_cloud = cloud("cloud", cloud_of(settings, said, program.stack, program.now))
    seal = seal_of(settings, in_cloud.seal, lambda: stack_secret(SEAL_TOKEN))
    owned = VaultBootstrap(
        "bootstrap",
        VaultBootstrapArgs(
            server=servers(program, said, seal),
            custody=in_cloud.custody,
            seal=seal,
            account=program.account,
            shape=program.shape,
            directory=settings.custody.directory,
            recovery_shares=settings.custody.recovery_shares,
            recovery_threshold=settings.custody.recovery_threshold,
            keep=settings.keep,
        ),
    )
    return Vault(owned=owned, applications=in_cloud, cloud=in_cloud)


def _external(program: Program, said: External) -> Vault:
    owned = ExternalVault(
        "bootstrap",
        ExternalVaultArgs(
            flavour=said.flavour,
            address=said.address,
            ca=said.ca,
            namespace=said.vault_namespace,
            account=program.account,
            shape=program.shape,
            keep=program.settings.keep,
        ),
    )
    buckets = applications("cloud", applications_of(program.settings, program.stack))
    return Vault(owned=owned, applications=buckets, cloud=None)
