"""What runs the servers: processes of this machine, or pods."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from catalog.model import HOME
from components.cloud.contract import Seal
from components.server.contract import Server
from components.server.processes import ProcessServer, ProcessServerArgs
from settings.database import database_of
from settings.helm import Helm
from settings.load import stack_secret
from settings.server import Processes
from wiring.program import Program

if TYPE_CHECKING:
    from components.server.pods import Pods


def servers(program: Program, said: Processes | Helm, seal: Seal) -> Server:
    """Declare them."""
    return _pods(program, said, seal) if isinstance(said, Helm) else _nodes(program, said, seal)


def _nodes(program: Program, said: Processes, seal: Seal) -> Server:
    return ProcessServer(
        "server",
        ProcessServerArgs(
            flavour=said.flavour,
            command=said.command,
            directory=said.directory,
            ports=said.ports,
            generate_root_ports=said.generate_root_ports,
            certificate=said.tls.certificate,
            key=said.tls.key,
            ca=said.tls.ca,
            seal=seal,
            database=database_of(said.database, stack_secret),
            keep=program.settings.keep,
        ),
    )


def _pods(program: Program, said: Helm, seal: Seal) -> Server:
    # Kubernetes' SDK takes a second to import: only where there are pods.
    from components.server.helm import HelmServer, HelmServerArgs  # noqa: PLC0415
    from settings.pods import chart_of, tls_of  # noqa: PLC0415

    settings = program.settings
    return HelmServer(
        "server",
        HelmServerArgs(
            provider=program.own_cluster,
            context=said.context,
            pods=server_pods(program, said),
            seal=seal,
            chart=chart_of(said.chart),
            tls=tls_of(said),
            trusting={name: name for name in _namespaces(program)},
            ca_file=f"{settings.custody.directory}/{program.stack}-ca.pem",
            address=said.address,
            hosts=tuple(
                str(urlsplit(other.address).hostname) for other in settings.clusters.values()
            ),
            local_port=said.local_port,
            keep=settings.keep,
        ),
    )


def server_pods(program: Program, said: Helm) -> "Pods":
    """Give the servers' pods, which other pods of ours must know too."""
    from settings.pods import pods_of  # noqa: PLC0415  as above

    return pods_of(
        said,
        program.settings.access,
        _namespaces(program),
        kept_in=database_of(said.database, stack_secret),
        unsealed_by_another=program.settings.unsealer is not None,
    )


def _namespaces(program: Program) -> set[str]:
    return {service.namespace for service in program.catalog.living_in(HOME)}
