"""What the settings' attributes are called, and what they default to."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from settings.cloud import Aws, identity_of
from settings.clusters import mount_of
from settings.helm import Helm
from settings.model import Settings
from settings.server import Processes
from tests.settings.project import CLUSTERS, HELM, Project


def test_attributes_are_snake_case_and_defaults_are_safe(tmp_path: Path) -> None:
    settings, _ = Project(tmp_path).read()

    assert settings.keep is True
    assert settings.catalog == "catalog"
    cloud = settings.own_cloud
    assert isinstance(cloud, Aws)
    assert (cloud.endpoint, cloud.bucket) == (None, None)
    assert (cloud.tls_only, cloud.write_once) == (True, True)
    assert cloud.deletion_window_days == 30
    assert (settings.in_pods, identity_of(cloud, in_pods=False)) == (False, "keys")
    assert (settings.custody.prefix, settings.custody.directory) == ("", ".strongroom")
    assert (settings.custody.writers, settings.custody.readers) == ((), ())
    assert isinstance(settings.server, Processes)
    assert (settings.server.namespace, settings.server.service_account) == ("vault", "vault")
    assert settings.server.generate_root_ports == (8300, 8301, 8302)
    assert (settings.account.mount, settings.account.name) == ("strongroom", "strongroom")
    assert (settings.access.mount, settings.access.audience) == ("kubernetes", "vault")
    assert settings.access.token_ttl_seconds == 600
    assert settings.people.mount == "people"


def test_what_is_put_into_another_cluster_has_safe_defaults(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.stack = CLUSTERS
    project.catalog["billing.yaml"] += "clusters: [edge, home]\n"
    settings, catalog = project.read()
    edge, plant = settings.clusters["edge"], settings.clusters["plant"]

    assert (edge.ca, edge.namespace, edge.chart) == (None, "strongroom", None)
    assert (edge.injector.enabled, edge.csi.enabled) == (True, False)
    assert (edge.access.issuer, edge.access.keys) == (None, ())
    assert (plant.access.audience, plant.access.token_ttl_seconds) == ("vault", 600)
    assert (mount_of("edge", edge), mount_of("plant", plant)) == (
        "kubernetes-edge",
        "kubernetes-plant",
    )
    assert [service.clusters for service in catalog.services] == [("edge", "home"), ("home",)]
    assert [service.name for service in catalog.living_in("edge")] == ["billing"]
    assert Project(tmp_path).read()[0].clusters == {}


def _helm(tmp_path: Path, more: str = "") -> Helm:
    project = Project(tmp_path)
    project.stack = HELM.replace("    kind: helm\n", "    kind: helm\n" + more)
    settings, _ = project.read()
    assert isinstance(settings.server, Helm)
    return settings.server


def test_pods_are_vault_s_own_three_spread_and_reached_from_nowhere_outside(
    tmp_path: Path,
) -> None:
    server = _helm(tmp_path)

    assert (server.flavour, server.replicas, server.spread) == ("vault", 3, True)
    assert (server.namespace, server.service_account, server.release) == ("vault",) * 3
    assert (server.exposure.kind, server.tls.kind, server.context) == ("none", "own", None)
    assert server.network.enabled is True
    assert (server.injector.enabled, server.injector.replicas) == (True, 2)
    assert server.csi.enabled is False
    assert server.local_port == 18200
    assert (server.storage.size, server.storage.storage_class) == ("10Gi", None)


def test_every_image_and_the_chart_are_pinned(tmp_path: Path) -> None:
    server = _helm(tmp_path)

    assert server.chart.version == "0.34.1"
    assert (server.server_image.repository, server.server_image.tag) == ("hashicorp/vault", "2.0.4")


def test_openbao_is_one_setting(tmp_path: Path) -> None:
    server = _helm(tmp_path, "    flavour: openbao\n")

    assert (server.server_image.repository, server.server_image.tag) == (
        "openbao/openbao",
        "2.6.2",
    )


def test_the_agent_is_the_server_s_image_unless_said_otherwise(tmp_path: Path) -> None:
    server = _helm(tmp_path, "    image: {tag: 1.19.0}\n")

    assert (server.agent_image.repository, server.agent_image.tag) == ("hashicorp/vault", "1.19.0")


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings, _ = Project(tmp_path).read()

    with pytest.raises(ValidationError, match="frozen"):
        settings.keep = False


def test_an_error_of_the_model_itself_shows_no_value() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"keep": "hunter2", "account": {"cidrs": ["hunter2"]}})

    assert "hunter2" not in str(refused.value)


def test_every_key_is_described() -> None:
    schema = Settings.model_json_schema()
    undescribed = [
        f"{name}.{key}"
        for name, model in {"Settings": schema, **schema["$defs"]}.items()
        for key, field in model["properties"].items()
        # Where field and model say the same, the reference alone stands there.
        if not (field.get("description") or schema["$defs"][field["$ref"][8:]]["description"])
    ]

    assert undescribed == []
