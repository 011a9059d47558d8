"""From what people write to what the components take."""

from pathlib import Path

import pytest

from components.server.chart import Chart
from components.server.pods import Image, Ingress, InternalLoadBalancer, Network, Pods, Volume
from components.server.tls.choice import CertManagerTls, GivenTls, OwnTls
from settings.helm import Helm
from settings.model import Settings
from settings.pods import chart_of, pods_of, tls_of
from tests.settings.project import HELM, Project


def _settings(tmp_path: Path, more: str = "", network: str = "") -> Settings:
    project = Project(tmp_path)
    project.stack = HELM.replace("    kind: helm\n", f"    kind: helm\n{more}")
    project.stack = project.stack.replace("    network:\n", f"    network:\n{network}")
    return project.read()[0]


def _helm(settings: Settings) -> Helm:
    assert isinstance(settings.server, Helm)
    return settings.server


def _pods(tmp_path: Path, more: str = "", network: str = "") -> Pods:
    settings = _settings(tmp_path, more, network)
    return pods_of(_helm(settings), settings.access, ["shop", "blog", "shop"])


def test_everything_that_is_said_arrives(tmp_path: Path) -> None:
    more = """\
    flavour: openbao
    namespace: secrets
    serviceAccount: bao
    release: bao
    replicas: 5
    spread: false
    storage: {size: 20Gi, storageClass: gp3}
    resources: {requests: {cpu: 500m}, limits: {}}
    priorityClass: high
    logFormat: standard
    csi: {enabled: true}
"""
    pods = _pods(tmp_path, more)

    assert (pods.flavour, pods.namespace, pods.service_account) == ("openbao", "secrets", "bao")
    assert pods.names == tuple(f"bao-{index}" for index in range(5))
    assert pods.image == Image(repository="openbao/openbao", tag="2.6.2")
    assert pods.storage == Volume(size="20Gi", storage_class="gp3")
    assert pods.audit_storage == Volume(size="10Gi")
    assert (pods.requests, pods.limits) == ({"cpu": "500m"}, {})
    assert (pods.spread, pods.priority_class, pods.log_format) == (False, "high", "standard")
    assert pods.csi is not None
    assert pods.csi.agent_image == pods.image
    assert pods.injector is not None
    assert (pods.injector.replicas, str(pods.injector.image)) == (2, "hashicorp/vault-k8s:1.7.6")
    assert pods.injector.agent_image == pods.image


def test_pods_are_led_to_the_active_server(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "    release: bao\n    namespace: secrets\n")

    assert _helm(settings).pod_address == "https://bao-active.secrets.svc:8200"


def test_services_of_the_catalogue_are_clients(tmp_path: Path) -> None:
    assert _pods(tmp_path, network="      clients: [monitoring, shop]\n").network == Network(
        clients=("blog", "monitoring", "shop"),
        egress_cidrs=("10.1.0.0/16",),
        api_server_cidrs=("10.2.0.0/16",),
    )


def test_what_is_switched_off_is_not_there(tmp_path: Path) -> None:
    pods = _pods(tmp_path, "    injector: {enabled: false}\n")

    assert (pods.injector, pods.csi, pods.exposure) == (None, None, None)


def test_without_a_policy_there_is_no_network(tmp_path: Path) -> None:
    project = Project(tmp_path)
    begin, end = HELM.index("    network:"), HELM.index("    address:")
    project.stack = HELM[:begin] + "    network: {enabled: false}\n" + HELM[end:]
    settings = project.read()[0]

    assert pods_of(_helm(settings), settings.access, []).network is None


def test_only_the_kubernetes_method_reviews_tokens(tmp_path: Path) -> None:
    settings = _settings(tmp_path)

    assert settings.access.method == "jwt"
    assert pods_of(_helm(settings), settings.access, []).reviews_tokens is False


@pytest.mark.parametrize(
    ("exposure", "network", "expected"),
    [
        (
            "{kind: internal-load-balancer, annotations: {a/b: c}}",
            "      clientCidrs: [10.3.0.0/16]\n",
            InternalLoadBalancer(client_cidrs=("10.3.0.0/16",), annotations={"a/b": "c"}),
        ),
        (
            "{kind: ingress, class: nginx, host: vault.example.com}",
            "      clients: [ingress]\n",
            Ingress(host="vault.example.com", ingress_class="nginx"),
        ),
    ],
)
def test_exposure_is_what_was_chosen(
    tmp_path: Path, exposure: str, network: str, expected: object
) -> None:
    assert _pods(tmp_path, f"    exposure: {exposure}\n", network).exposure == expected


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ("{kind: own}", OwnTls()),
        (
            "{kind: cert-manager, ca: pem, issuer: {name: ca, kind: Issuer}}",
            CertManagerTls(issuer="ca", issuer_kind="Issuer", ca_certificate="pem"),
        ),
        (
            "{kind: secret, name: vault-server, ca: pem}",
            GivenTls(secret="vault-server", ca_certificate="pem"),
        ),
    ],
)
def test_tls_is_what_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str, expected: object
) -> None:
    monkeypatch.chdir(tmp_path)

    assert tls_of(_helm(_settings(tmp_path, f"    tls: {tls}\n"))) == expected


def test_a_chart_s_directory_stands_for_repository_and_version(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "Chart.yaml").write_text("name: vault\n")

    chart = chart_of(_helm(_settings(tmp_path, "    chart: {directory: charts}\n")).chart)

    assert chart == Chart(directory="charts")
