"""Pulumi.yaml and schemas/ follow the models, and every file of ours follows the schemas."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ops.schema import config_block, files, with_config, write
from settings.model import Settings
from tests.settings.project import BILLING, CLUSTERS, HELM, ORDERS, STACK, TEAM

CHECKOUT = Path(__file__).parents[2]
CATALOG = sorted((CHECKOUT / "catalog").glob("*.yaml"))


def schema(name: str) -> Any:
    return json.loads((CHECKOUT / "schemas" / f"{name}.json").read_text())


def errors(name: str, text: str) -> list[str]:
    validator = jsonschema.Draft7Validator(schema(name))
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize("path", files(CHECKOUT))
def test_what_is_written_from_the_models_is_up_to_date(path: Path) -> None:
    assert (CHECKOUT / path).read_text() == files(CHECKOUT)[path], "run `make schema`"


@pytest.mark.parametrize("name", ["stack", "local", "cluster", "catalog"])
def test_each_schema_is_one(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(schema(name))

    assert schema(name)["title"]


@pytest.mark.parametrize("path", CATALOG, ids=lambda path: path.name)
def test_every_example_names_the_schema_and_follows_it(path: Path) -> None:
    text = path.read_text()

    assert text.startswith("# yaml-language-server: $schema=../schemas/catalog.json\n")
    assert errors("catalog", text) == []


@pytest.mark.parametrize(
    ("stack", "name"), [("dev", "stack"), ("local", "local"), ("cluster", "cluster")]
)
def test_every_stack_names_its_schema_and_follows_it(stack: str, name: str) -> None:
    text = (CHECKOUT / f"Pulumi.{stack}.yaml").read_text()

    assert text.startswith(f"# yaml-language-server: $schema=schemas/{name}.json\n")
    assert errors(name, text) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stack", STACK),
        ("stack", HELM),
        ("stack", CLUSTERS),
        ("catalog", ORDERS),
        ("catalog", ORDERS + "clusters: [home, edge]\n"),
        ("catalog", BILLING),
        ("catalog", TEAM),
    ],
)
def test_what_the_reader_takes_the_schema_takes(name: str, text: str) -> None:
    assert errors(name, text) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stack", STACK.replace("region:", "regoin:")),
        ("stack", STACK.replace('"123456789012"', "123456789012")),
        ("stack", STACK.replace("kind: aws", "kind: gcp")),
        ("stack", STACK.replace("recoveryShares: 5", "recoveryShares: 50")),
        ("stack", STACK + "  strongroom:other: plain\n"),
        ("stack", HELM.replace("kind: helm", "kind: pods")),
        ("stack", HELM.replace("kind: helm", "kind: helm\n    replicas: 2")),
        ("stack", HELM.replace("kind: helm", "kind: helm\n    image: {tag: latest}")),
        ("stack", HELM.replace("kind: helm", "kind: helm\n    exposure: {kind: ingress}")),
        ("stack", HELM.replace("kind: helm", "kind: helm\n    ports: [8200]")),
        ("stack", CLUSTERS.replace("    edge:", "    Edge:")),
        ("stack", CLUSTERS.replace("context: edge", "namespace: edge")),
        ("stack", CLUSTERS.replace("ca: pem\n  strongroom:mail", "reviewer: x\n  strongroom:mail")),
        ("catalog", ORDERS + "clusters: []\n"),
        ("catalog", ORDERS.replace("service: orders", "service: Orders")),
        ("catalog", ORDERS.replace("  mail: {pass", "  ../mail: {pass")),
        ("catalog", ORDERS.replace("rotate: 12h", "rotate: 12w")),
        ("catalog", ORDERS + "owner: me\n"),
        ("catalog", TEAM.replace("  ada:", "  Ada:")),
        ("catalog", "hello: 1\n"),
    ],
)
def test_editors_mark_what_the_reader_refuses(name: str, text: str) -> None:
    assert errors(name, text) != []


def test_every_setting_is_in_the_project_s_configuration() -> None:
    project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())

    assert project["name"] == "strongroom"
    assert list(project["config"]) == [
        field.alias or name for name, field in Settings.model_fields.items()
    ]


def test_the_engine_finds_nothing_to_refuse_before_the_program_does() -> None:
    """A key with a `type` is judged by the engine, one without `default` must be given."""
    project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())

    for key in project["config"].values():
        assert set(key) == {"description", "default"}
        assert key["default"] is not None


def test_the_rest_of_the_project_file_is_kept() -> None:
    before = "name: x\n# kept\nconfig:\n  # old\n  a:\n    default: 1\n\nmain: y\n"

    assert with_config(before, "config:\n  b: 2\n") == "name: x\n# kept\nconfig:\n  b: 2\nmain: y\n"
    assert with_config("name: x\n", "config: {}\n") == "name: x\nconfig: {}\n"


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: strongroom\n")

    first = write(tmp_path)

    assert len(first) == 9
    assert write(tmp_path) == []
    assert config_block() in (tmp_path / "Pulumi.yaml").read_text()
