"""What the settings say about pods, as the components take it. Pure, but for the files that hold a CA."""

from collections.abc import Iterable
from pathlib import Path

from components.server import database, pods
from components.server.chart import Chart
from components.server.tls.choice import CertManagerTls, GivenTls, OwnTls, Tls
from settings import helm
from settings.login import Access


def pods_of(
    said: helm.Helm,
    access: Access,
    namespaces: Iterable[str],
    *,
    kept_in: database.Database | None = None,
    unsealed_by_another: bool = False,
) -> pods.Pods:
    """Give the pods. `namespaces` are the services': they reach Vault besides those that the settings name."""
    network = said.network
    return pods.Pods(
        flavour=said.flavour,
        image=_image(said.server_image),
        replicas=said.replicas,
        release=said.release,
        namespace=said.namespace,
        service_account=said.service_account,
        storage=pods.Volume(**dict(said.storage)),
        audit_storage=pods.Volume(**dict(said.audit_storage)),
        database=kept_in,
        requests=_amounts(said.resources.requests),
        limits=_amounts(said.resources.limits),
        priority_class=said.priority_class,
        spread=said.spread,
        network=pods.Network(
            clients=tuple(sorted({*network.clients, *namespaces})),
            client_cidrs=network.client_cidrs,
            egress_cidrs=network.egress_cidrs,
            api_server_cidrs=network.api_server_cidrs,
        )
        if network.enabled
        else None,
        exposure=_exposure(said),
        log_format=said.log_format,
        injector=injector_of(said.injector, said.agent_image),
        csi=csi_of(said.csi, said.agent_image),
        scrape=_scrape(said),
        login_mount=access.mount,
        reviews_tokens=access.method == "kubernetes",
        unsealed_by_another=unsealed_by_another,
    )


def injector_of(said: helm.Injector, agent: helm.Image) -> pods.Injector | None:
    """Give the injector. `agent` is what it puts into pods, whole."""
    if not said.enabled:
        return None
    return pods.Injector(
        image=_image(said.image.over(*helm.INJECTOR_IMAGE)),
        agent_image=_image(agent),
        replicas=said.replicas,
    )


def csi_of(said: helm.Csi, agent: helm.Image) -> pods.Csi | None:
    """Give the CSI provider. `agent` runs beside it."""
    if not said.enabled:
        return None
    return pods.Csi(image=_image(said.image.over(*helm.CSI_IMAGE)), agent_image=_image(agent))


def chart_of(said: helm.Chart) -> Chart:
    """Give where the chart comes from."""
    return Chart(**dict(said))


def tls_of(said: helm.Helm) -> Tls:
    """Give who signs the servers' certificate; reads the file of its CA."""
    tls = said.tls
    if isinstance(tls, helm.CertManagerTls):
        return CertManagerTls(
            issuer=tls.issuer.name,
            issuer_kind=tls.issuer.kind,
            issuer_group=tls.issuer.group,
            ca_certificate=Path(tls.ca).read_text(),
        )
    if isinstance(tls, helm.SecretTls):
        return GivenTls(secret=tls.name, ca_certificate=Path(tls.ca).read_text())
    return OwnTls()


def _image(image: helm.Image) -> pods.Image:
    return pods.Image(repository=str(image.repository), tag=str(image.tag))


def _amounts(amounts: helm.Amounts) -> dict[str, str]:
    return {name: amount for name, amount in dict(amounts).items() if amount is not None}


def _scrape(said: helm.Helm) -> pods.Scrape | None:
    watched = said.monitoring
    if watched is None:
        return None
    statsd = None
    if watched.statsd is not None:
        namespace, _, service = watched.statsd.service.partition("/")
        statsd = pods.Statsd(service=service, namespace=namespace, port=watched.statsd.port)
    return pods.Scrape(
        labels=watched.labels,
        statsd=statsd,
        interval=watched.interval,
        token_file=watched.token_file,
        token_secret=watched.token_secret,
    )


def _exposure(said: helm.Helm) -> pods.InternalLoadBalancer | pods.Ingress | None:
    exposure = said.exposure
    if isinstance(exposure, helm.InternalLoadBalancer):
        return pods.InternalLoadBalancer(
            client_cidrs=said.network.client_cidrs, annotations=exposure.annotations
        )
    if isinstance(exposure, helm.Ingress):
        return pods.Ingress(
            host=exposure.host,
            ingress_class=exposure.ingress_class,
            annotations=exposure.annotations,
        )
    return None
