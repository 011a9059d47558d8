"""The wiring: settings -> cloud -> server -> bootstrap -> access -> secrets -> exports."""
# ruff: noqa: E402

from engine import quicken, refuse_unrecorded

quicken()  # before anything large is imported

import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from acl.account import Shape
from catalog.model import KEY_VALUE
from components.access.people import People, PeopleArgs
from components.access.service_login import ServiceLogin, ServiceLoginArgs
from components.access.services import Services, ServicesArgs
from components.bootstrap import AccountArgs, VaultBootstrap, VaultBootstrapArgs
from components.cloud.aws.cloud import AwsCloud, AwsCloudArgs
from components.engines.key_value import KeyValue, KeyValueArgs
from components.secrets import service_secrets
from components.server.contract import Server
from components.server.processes import ProcessServer, ProcessServerArgs
from settings.helm import Helm
from settings.load import SEAL_TOKEN, load, stack_secret
from settings.seals import seal_of
from settings.server import Processes

if TYPE_CHECKING:
    import pulumi_kubernetes as kubernetes

    from components.server.pods import Pods

refuse_unrecorded()
settings, catalog = load()


def _nodes(said: Processes) -> Server:
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
            keep=settings.keep,
        ),
    )


@cache
def _cluster(said: Helm) -> "kubernetes.Provider":
    from components.kubernetes import kubernetes_provider  # noqa: PLC0415  as below

    return kubernetes_provider("cluster", context=said.context)


def _workloads(said: Helm) -> None:
    from components.workload.access import PodAccess  # noqa: PLC0415  as below
    from components.workload.workload import Workload, WorkloadArgs  # noqa: PLC0415

    access = PodAccess(
        address=said.pod_address,
        login_mount=settings.access.mount,
        audience=settings.access.audience,
    )
    for service in catalog.services:
        Workload(
            service.role.removeprefix("svc-"),
            WorkloadArgs(service=service, access=access),
            pulumi.ResourceOptions(provider=_cluster(said)),
        )


def _pods_of(said: Helm) -> "Pods":
    from settings.pods import pods_of  # noqa: PLC0415  as below

    namespaces = {service.namespace for service in catalog.services}
    unsealed = settings.unsealer is not None
    return pods_of(said, settings.access, namespaces, unsealed_by_another=unsealed)


def _unsealer(said: Helm, ca_certificate: pulumi.Output[str]) -> None:
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
            ca_certificate=ca_certificate,
        ),
        pulumi.ResourceOptions(provider=_cluster(said)),
    )


def _pods(said: Helm) -> Server:
    # Kubernetes' SDK takes a second to import: only where there are pods.
    from components.server.helm import HelmServer, HelmServerArgs  # noqa: PLC0415
    from settings.pods import chart_of, tls_of  # noqa: PLC0415

    namespaces = {service.namespace for service in catalog.services}
    return HelmServer(
        "server",
        HelmServerArgs(
            provider=_cluster(said),
            context=said.context,
            pods=_pods_of(said),
            seal=seal,
            chart=chart_of(said),
            tls=tls_of(said),
            trusting={name: name for name in namespaces},
            ca_file=f"{settings.custody.directory}/{pulumi.get_stack()}-ca.pem",
            address=said.address,
            local_port=said.local_port,
            keep=settings.keep,
        ),
    )


cloud = AwsCloud(
    "cloud",
    AwsCloudArgs(
        stack=pulumi.get_stack(),
        region=settings.cloud.region,
        account_id=settings.cloud.account_id,
        endpoint=settings.cloud.endpoint,
        pod_endpoint=settings.cloud.pod_endpoint,
        seal_identity=settings.seal_identity,
        oidc_provider=settings.cloud.oidc_provider,
        cluster_name=settings.cloud.cluster_name,
        instance_role=settings.cloud.instance_role,
        bucket=settings.cloud.bucket,
        tls_only=settings.cloud.tls_only,
        write_once=settings.cloud.write_once,
        deletion_window_days=settings.cloud.deletion_window_days,
        prefix=settings.custody.prefix,
        writers=settings.custody.writers,
        readers=settings.custody.readers,
        unsealer=settings.unsealer.service_account if settings.unsealer else None,
        releases=settings.releases,
        namespace=settings.server.namespace,
        service_account=settings.server.service_account,
        keep=settings.keep,
    ),
)
seal = seal_of(settings, cloud.seal, lambda: stack_secret(SEAL_TOKEN))
server = _pods(settings.server) if isinstance(settings.server, Helm) else _nodes(settings.server)
bootstrap = VaultBootstrap(
    "bootstrap",
    VaultBootstrapArgs(
        server=server,
        custody=cloud.custody,
        seal=seal,
        account=AccountArgs(
            mount=settings.account.mount,
            name=settings.account.name,
            cidrs=settings.account.cidrs,
            password_file=settings.account.password_file,
            password=None if settings.account.password_file else stack_secret("accountPassword"),
        ),
        shape=Shape(
            key_value=frozenset({KEY_VALUE}),
            methods={
                settings.access.mount: settings.access.method,
                settings.people.mount: "userpass",
            },
        ),
        directory=settings.custody.directory,
        recovery_shares=settings.custody.recovery_shares,
        recovery_threshold=settings.custody.recovery_threshold,
        keep=settings.keep,
    ),
)
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
    ServicesArgs(services=catalog.services, login=login, key_value=KEY_VALUE),
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
secrets = service_secrets(catalog.services, cloud, stack_secret, now=time.time())
KeyValue("kv", KeyValueArgs(mount=KEY_VALUE, secrets=secrets, keep=settings.keep), account)

if isinstance(settings.server, Helm):
    _unsealer(settings.server, server.ca_certificate)
    _workloads(settings.server)

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
