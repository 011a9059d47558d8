"""What the settings say about other clusters, as the components take it. Pure, but for the files of CAs and keys."""

from pathlib import Path

import pulumi

from catalog.model import Catalog
from components.other_cluster import FetchedKeys, GivenKeys, OtherClusterArgs, Review
from components.server.chart import Chart
from components.workload.access import PodAccess
from settings import helm
from settings.clusters import OtherAccess, OtherCluster, mount_of
from settings.model import Settings
from settings.pods import chart_of, csi_of, injector_of


def other_cluster_of(
    name: str, settings: Settings, catalog: Catalog, ca_certificate: pulumi.Input[str]
) -> OtherClusterArgs:
    """Give one of the settings' clusters. `ca_certificate` (PEM) is the servers' own."""
    said = settings.clusters[name]
    agent = _agent_image(said, settings)
    return OtherClusterArgs(
        context=said.context,
        access=PodAccess(
            address=said.address,
            login_mount=mount_of(name, said),
            audience=said.access.audience,
            vault_namespace=settings.vault_namespace,
        ),
        ca_certificate=Path(said.ca).read_text() if said.ca else ca_certificate,
        judged=_judged(said.access),
        services=catalog.living_in(name),
        token_ttl_seconds=said.access.token_ttl_seconds,
        namespace=said.namespace,
        injector=injector_of(said.injector, agent),
        csi=csi_of(said.csi, agent),
        chart=_chart(said, settings),
        keep=settings.keep,
    )


def _judged(access: OtherAccess) -> FetchedKeys | GivenKeys | Review:
    if access.method == "kubernetes":
        return Review(
            host=str(access.host),
            ca=Path(access.ca).read_text() if access.ca else None,
            by_client=access.reviewer == "client",
        )
    if access.keys:
        keys = tuple(Path(key).read_text() for key in access.keys)
        return GivenKeys(issuer=str(access.issuer), keys=keys)
    return FetchedKeys(issuer=access.issuer)


def _agent_image(said: OtherCluster, settings: Settings) -> helm.Image:
    server = settings.server
    if isinstance(server, helm.Helm):
        image = server.server_image
    else:
        repository, tag = helm.SERVER_IMAGES[server.flavour]
        image = helm.Image(repository=repository, tag=tag)
    return said.injector.agent_image.over(str(image.repository), str(image.tag))


def _chart(said: OtherCluster, settings: Settings) -> Chart:
    if said.chart is not None:
        return chart_of(said.chart)
    return chart_of(settings.server.chart) if isinstance(settings.server, helm.Helm) else Chart()
