"""The wiring: settings -> cloud -> server -> bootstrap -> access -> secrets -> exports."""
# ruff: noqa: E402

from engine import quicken, refuse_unrecorded

quicken()  # before anything large is imported

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pulumi

from catalog.model import HOME, KEY_VALUE
from components.access.metrics import MetricsReader, MetricsReaderArgs
from components.access.people import People, PeopleArgs
from components.access.service_login import ServiceLogin, ServiceLoginArgs
from components.access.services import Services, ServicesArgs
from components.account import AccountArgs
from components.adopted import AdoptedVault, AdoptedVaultArgs
from components.bootstrap import VaultBootstrap, VaultBootstrapArgs
from components.cloud.choice import applications as make_applications
from components.cloud.choice import cloud as make_cloud
from components.cloud.contract import Applications, Cloud, Seal
from components.engines.key_value import KeyValue, KeyValueArgs
from components.external import ExternalVault, ExternalVaultArgs
from components.secrets import service_secrets
from components.server.contract import Server
from components.server.processes import ProcessServer, ProcessServerArgs
from settings.clouds import applications_of, cloud_of
from settings.database import database_of
from settings.external import External
from settings.helm import Helm
from settings.load import SEAL_TOKEN, load, stack_secret
from settings.seals import seal_of
from settings.server import Processes
from settings.shape import shape_of

if TYPE_CHECKING:
    import pulumi_kubernetes as kubernetes

    from components.server.pods import Pods

refuse_unrecorded()
settings, catalog = load()
others = settings.clusters


def _nodes(said: Processes, seal: Seal) -> Server:
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
            keep=settings.keep,
        ),
    )


@cache
def _cluster(context: str | None) -> "kubernetes.Provider":
    from components.kubernetes import kubernetes_provider  # noqa: PLC0415  as below

    return kubernetes_provider("cluster", context=context)


def _workloads(said: Helm) -> None:
    from components.workload.access import PodAccess  # noqa: PLC0415  as below
    from components.workload.workload import Workload, WorkloadArgs  # noqa: PLC0415

    access = PodAccess(
        address=said.pod_address,
        login_mount=settings.access.mount,
        audience=settings.access.audience,
    )
    for service in catalog.living_in(HOME):
        Workload(
            service.slug,
            WorkloadArgs(service=service, access=access),
            pulumi.ResourceOptions(provider=_cluster(said.context)),
        )


def _pods_of(said: Helm) -> "Pods":
    from settings.pods import pods_of  # noqa: PLC0415  as below

    namespaces = {service.namespace for service in catalog.living_in(HOME)}
    return pods_of(
        said,
        settings.access,
        namespaces,
        kept_in=database_of(said.database, stack_secret),
        unsealed_by_another=settings.unsealer is not None,
    )


def _unsealer(said: Helm, cloud: Cloud) -> None:
    from components.server.unsealer import Unsealer, UnsealerArgs  # noqa: PLC0415  as below

    if settings.unsealer is None or cloud.unsealer is None:
        return
    Unsealer(
        "unsealer",
        UnsealerArgs(
            pods=_pods_of(said),
            image=settings.unsealer.image,
            service_account=settings.unsealer.service_account,
            identity=cloud.unsealer,
            custody=cloud.custody,
            ca_certificate=bootstrap.ca_certificate,
        ),
        pulumi.ResourceOptions(provider=_cluster(said.context)),
    )


def _pods(said: Helm, seal: Seal) -> Server:
    # Kubernetes' SDK takes a second to import: only where there are pods.
    from components.server.helm import HelmServer, HelmServerArgs  # noqa: PLC0415
    from settings.pods import chart_of, tls_of  # noqa: PLC0415

    namespaces = {service.namespace for service in catalog.living_in(HOME)}
    return HelmServer(
        "server",
        HelmServerArgs(
            provider=_cluster(said.context),
            context=said.context,
            pods=_pods_of(said),
            seal=seal,
            chart=chart_of(said.chart),
            tls=tls_of(said),
            trusting={name: name for name in namespaces},
            ca_file=f"{settings.custody.directory}/{pulumi.get_stack()}-ca.pem",
            address=said.address,
            hosts=tuple(str(urlsplit(other.address).hostname) for other in others.values()),
            local_port=said.local_port,
            keep=settings.keep,
        ),
    )


def _elsewhere() -> dict[str, ServiceLogin]:
    if not others:
        return {}
    from components.other_cluster import OtherCluster  # noqa: PLC0415  as above
    from settings.elsewhere import other_cluster_of  # noqa: PLC0415

    ca = bootstrap.ca_certificate
    return {
        name: OtherCluster(name, other_cluster_of(name, settings, catalog, ca), account).login
        for name in others
    }


def _bootstrap(said: Processes | Helm, cloud: Cloud) -> VaultBootstrap:
    seal = seal_of(settings, cloud.seal, lambda: stack_secret(SEAL_TOKEN))
    return VaultBootstrap(
        "bootstrap",
        VaultBootstrapArgs(
            server=_pods(said, seal) if isinstance(said, Helm) else _nodes(said, seal),
            custody=cloud.custody,
            seal=seal,
            account=limited,
            shape=shape,
            directory=settings.custody.directory,
            recovery_shares=settings.custody.recovery_shares,
            recovery_threshold=settings.custody.recovery_threshold,
            keep=settings.keep,
        ),
    )


def _external(said: External) -> ExternalVault:
    return ExternalVault(
        "bootstrap",
        ExternalVaultArgs(
            flavour=said.flavour,
            address=said.address,
            ca=said.ca,
            namespace=said.vault_namespace,
            account=limited,
            shape=shape,
            keep=settings.keep,
        ),
    )


limited = AccountArgs(
    mount=settings.account.mount,
    name=settings.account.name,
    cidrs=settings.account.cidrs,
    password_file=settings.account.password_file,
    password=None if settings.account.password_file else stack_secret("accountPassword"),
)
shape = shape_of(settings, catalog)
now = time.time()
applications: Applications | None
bootstrap: VaultBootstrap | ExternalVault
if isinstance(settings.server, External):
    applications = make_applications("cloud", applications_of(settings, pulumi.get_stack()))
    bootstrap = _external(settings.server)
else:
    cloud = make_cloud("cloud", cloud_of(settings, settings.server, pulumi.get_stack(), now))
    applications = cloud
    bootstrap = _bootstrap(settings.server, cloud)
account = pulumi.ResourceOptions(provider=bootstrap.provider)
login = ServiceLogin(
    "login",
    ServiceLoginArgs(
        method=settings.access.method,
        mount=settings.access.mount,
        audience=settings.access.audience,
        token_ttl_seconds=settings.access.token_ttl_seconds,
        issuer=settings.access.issuer,
        keys=tuple(Path(key).read_text() for key in settings.access.keys),
        host=settings.access.host,
        ca=Path(settings.access.ca).read_text() if settings.access.ca else None,
        keep=settings.keep,
    ),
    account,
)
services = Services(
    "services",
    ServicesArgs(
        services=catalog.services,
        logins={HOME: login, **_elsewhere()},
        key_value=KEY_VALUE,
        vault_namespace=settings.vault_namespace,
    ),
    account,
)
People(
    "people",
    PeopleArgs(
        teams=catalog.teams,
        mount=settings.people.mount,
        key_value=KEY_VALUE,
        password=stack_secret,
        keep=settings.keep,
    ),
    account,
)
secrets = service_secrets(catalog.services, applications, stack_secret, now=now)
KeyValue(
    "kv",
    KeyValueArgs(
        mount=KEY_VALUE,
        secrets=secrets,
        adopted=catalog.adopted.mounts.get(KEY_VALUE),
        keep=settings.keep,
    ),
    account,
)
AdoptedVault(
    "adopted",
    AdoptedVaultArgs(adopted=catalog.adopted.without(KEY_VALUE), keep=settings.keep),
    account,
)

if isinstance(settings.server, Helm):
    _unsealer(settings.server, cloud)
    _workloads(settings.server)
    if settings.server.monitoring:
        watcher = settings.server.monitoring.service_account.split("/")
        reader = MetricsReaderArgs(namespace=watcher[0], service_account=watcher[1], login=login)
        MetricsReader("metrics", reader, account)

pulumi.export("address", bootstrap.address)
pulumi.export("logins", services.logins)
pulumi.export(
    "secrets",
    {
        service.id: sorted(
            f"{KEY_VALUE}/{path}" for path in secrets if path.startswith(f"{service.id}/")
        )
        for service in catalog.services
    },
)
