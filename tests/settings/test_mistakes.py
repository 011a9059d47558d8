"""What is printed for each mistake in a stack's file."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mistakes import MistakesError
from settings.load import examine
from settings.stack import of_file
from tests.settings.project import (
    CLUSTERS,
    CLUSTERS_AND_PODS,
    EXTERNAL,
    HELM,
    ORDERS,
    STACK,
    Project,
    edited,
)

HERE = Path(__file__).parent
CASES = [
    (base, case)
    for base, file in (
        (STACK, "wrong.yaml"),
        (HELM, "wrong_helm.yaml"),
        (EXTERNAL, "wrong_external.yaml"),
        (CLUSTERS, "wrong_clusters.yaml"),
        (CLUSTERS_AND_PODS, "wrong_clusters_of_pods.yaml"),
    )
    for case in yaml.safe_load((HERE / file).read_text())
]


WITHOUT_BUCKET = "".join(
    line
    for line in ORDERS.splitlines(keepends=True)
    if "invoices" not in line and "cloud" not in line
)


def test_a_right_project_is_read(tmp_path: Path) -> None:
    settings, catalog = Project(tmp_path).read()

    assert settings.own_cloud.account_id == "123456789012"
    assert settings.keep is True
    assert [service.id for service in catalog.services] == ["shop/billing", "shop/orders"]


@pytest.mark.parametrize(("base", "case"), CASES, ids=[case["what"] for _, case in CASES])
def test_each_mistake_is_one_line_with_its_place(
    tmp_path: Path, base: str, case: dict[str, Any]
) -> None:
    project = Project(tmp_path)
    project.stack = edited(base, case["replace"].items())
    if base is EXTERNAL:
        project.catalog["orders.yaml"] = WITHOUT_BUCKET

    assert project.mistakes() == case["says"]


def test_a_vault_of_somebody_else_s_needs_no_cloud(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.stack, project.catalog["orders.yaml"] = EXTERNAL, WITHOUT_BUCKET

    settings, _ = project.read()

    assert (settings.cloud, settings.is_external, settings.in_pods) == (None, True, False)


def test_a_service_with_a_bucket_needs_one_all_the_same(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.stack = EXTERNAL

    assert project.mistakes() == [
        (
            "catalog/orders.yaml:6: bucket invoices needs a cloud, and stack dev names none;"
            " write strongroom:cloud, or delete the entry"
        )
    ]


@pytest.mark.parametrize(
    ("adopted", "says"),
    [
        (
            "mounts: {kv: {options: {version: '1'}}}",
            (
                "catalog/: mount kv is adopted as KV version 1, and services' secrets need version 2;"
                " upgrade it: vault kv enable-versioning kv"
            ),
        ),
        (
            "methods: {kubernetes: {kind: jwt}}",
            (
                "Pulumi.dev.yaml:10: strongroom:access.mount is kubernetes, which is adopted and would"
                " be configured anew; write another, kubernetes-2 say"
            ),
        ),
        (
            "acls: {strongroom: ''}",
            (
                "catalog/: acl strongroom is adopted, and is the account's own;"
                " delete it there, or write another account.name"
            ),
        ),
    ],
)
def test_what_is_adopted_is_in_nobody_s_way(tmp_path: Path, adopted: str, says: str) -> None:
    project = Project(tmp_path)
    project.stack, project.catalog["orders.yaml"] = EXTERNAL, WITHOUT_BUCKET
    project.catalog["before.yaml"] = f"adopted: before\n{adopted}\n"

    assert project.mistakes() == [says]


def test_servers_of_one_s_own_need_a_cloud(tmp_path: Path) -> None:
    project = Project(tmp_path)
    start, end = (STACK.index(f"  strongroom:{part}:") for part in ("cloud", "custody"))
    project.stack = STACK[:start] + STACK[end:]

    assert project.mistakes() == [
        (
            "Pulumi.dev.yaml: strongroom:cloud is missing;"
            " write strongroom:cloud: `key: value` lines below it"
        )
    ]


def test_mistakes_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.stack = edited(
        project.stack,
        [("region: eu", "regoin: eu"), ("Threshold: 3", "Threshold: 9"), ("ca: pem", "ca: gone")],
    )
    project.catalog["orders.yaml"] = edited(
        project.catalog["orders.yaml"], [("[shop/billing]", "[shop/biling]"), ("12h", "12w")]
    )
    project.catalog["team.yaml"] = "team: t\nmembers: {ada: {password: {config: other}}}\n"

    places = [line.split(": ")[0] for line in project.mistakes()]

    assert places == [
        "Pulumi.dev.yaml:2",
        "Pulumi.dev.yaml:4",
        "Pulumi.dev.yaml:9",
        "Pulumi.dev.yaml:17",
        "catalog/orders.yaml:6",
        "catalog/orders.yaml:8",
        "catalog/team.yaml:2",
        "catalog/team.yaml:2",
    ]


def test_a_refused_value_is_never_shown(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for place in ("region: eu-central-1", "kind: aws", "method: jwt", "directory: servers"):
        key = place.split(":")[0]
        project.stack = edited(project.stack, [(place, f'{key}: "hunter2 §"')])
    project.catalog["orders.yaml"] = edited(
        project.catalog["orders.yaml"], [("mailPassword", "'hunter2 §'"), ("12h", "hunter2")]
    )

    said = project.mistakes()

    assert said
    assert not [line for line in said if "hunter2" in line]


def test_a_plain_loopback_endpoint_is_an_emulator_that_may_do_without_tls(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.stack = edited(
        project.stack,
        [
            ("kind: aws", "kind: aws\n    endpoint: http://127.0.0.1:5555\n    tlsOnly: false"),
            ("10.0.0.0/8", "0.0.0.0/0"),
        ],
    )

    settings, _ = project.read()

    assert settings.own_cloud.is_emulator
    assert settings.account.cidrs == ("0.0.0.0/0",)


def test_a_stack_s_name_must_fit_into_names_in_the_cloud(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write()
    (tmp_path / "Pulumi.Team_A.yaml").write_text(project.stack)

    with pytest.raises(MistakesError) as refused:
        examine(of_file(tmp_path, "Team_A"), tmp_path)

    assert str(refused.value) == (
        "Pulumi.Team_A.yaml: the stack's name is part of names in the cloud;"
        " name it with at most 31 lower-case letters, digits and hyphens"
    )
