"""What is put into clusters besides the servers: what services need, who unseals, who watches; and other clusters."""

import pulumi

from catalog.model import HOME
from components.access.metrics import MetricsReader, MetricsReaderArgs
from components.access.service_login import ServiceLogin
from settings.helm import Helm
from wiring.program import Program
from wiring.servers import server_pods
from wiring.vault import Vault


def logins_elsewhere(
    program: Program, vault: Vault, account: pulumi.ResourceOptions
) -> dict[str, ServiceLogin]:
    """Declare the other clusters; give the login of each by its name."""
    if not program.settings.clusters:
        return {}
    # Kubernetes' SDK takes a second to import: only where there are clusters.
    from components.other_cluster import OtherCluster  # noqa: PLC0415
    from settings.elsewhere import other_cluster_of  # noqa: PLC0415

    ca = vault.owned.ca_certificate
    settings, catalog = program.settings, program.catalog
    return {
        name: OtherCluster(name, other_cluster_of(name, settings, catalog, ca), account).login
        for name in settings.clusters
    }


def beside_the_servers(
    program: Program, vault: Vault, login: ServiceLogin, account: pulumi.ResourceOptions
) -> None:
    """Declare what is in the servers' own cluster; nothing where they are no pods of ours."""
    said = program.settings.server
    if not isinstance(said, Helm):
        return
    within = pulumi.ResourceOptions(provider=program.own_cluster)
    _workloads(program, said, within)
    _unsealer(program, said, vault, within)
    if said.monitoring and said.monitoring.service_account:
        namespace, _, name = said.monitoring.service_account.partition("/")
        reader = MetricsReaderArgs(namespace=namespace, service_account=name, login=login)
        MetricsReader("metrics", reader, account)


def _workloads(program: Program, said: Helm, within: pulumi.ResourceOptions) -> None:
    from components.workload.access import PodAccess  # noqa: PLC0415  as above
    from components.workload.workload import Workload, WorkloadArgs  # noqa: PLC0415

    login = program.settings.access
    access = PodAccess(address=said.pod_address, login_mount=login.mount, audience=login.audience)
    for service in program.catalog.living_in(HOME):
        Workload(service.slug, WorkloadArgs(service=service, access=access), within)


def _unsealer(program: Program, said: Helm, vault: Vault, within: pulumi.ResourceOptions) -> None:
    unsealer, cloud = program.settings.unsealer, vault.cloud
    if unsealer is None or cloud is None or cloud.unsealer is None:
        return
    from components.server.unsealer import Unsealer, UnsealerArgs  # noqa: PLC0415  as above

    pods = server_pods(program, said)
    Unsealer(
        "unsealer",
        UnsealerArgs(
            pods=pods,
            # Earlier it would hand over keys while the bootstrap does.
            namespace=vault.owned.address.apply(lambda _: pods.namespace),
            image=unsealer.image,
            service_account=unsealer.service_account,
            identity=cloud.unsealer,
            custody=cloud.custody,
            ca_certificate=vault.owned.ca_certificate,
        ),
        within,
    )
