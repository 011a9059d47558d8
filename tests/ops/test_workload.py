"""`python -m ops workload`, as a team runs it."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.main import get_command

from catalog.reader import read
from components.workload import injector
from components.workload.access import PodAccess
from ops.__main__ import Way, app
from ops.workload import DELIVERIES
from tests.components.workload import crds
from tests.ops import command
from tests.settings.project import CLUSTERS, EXTERNAL, Project, edited

PREFIX = "vault.hashicorp.com/"


def run(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return command.run(root, "workload", *arguments, **environment)


def printed(project: Project, *arguments: str) -> list[Any]:
    done = run(project.root, "shop/orders", "--stack", "dev", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


def chosen(project: Project, workload: str) -> None:
    project.catalog["orders.yaml"] += f"workload: {workload}\n"
    project.write()


def test_annotations_are_a_patch_of_a_pod_s_controller(project: Project) -> None:
    (patch,) = printed(project, "--as", "annotations")

    orders = read(project.root / "catalog").services[1]
    access = PodAccess(
        address="https://vault-active.vault.svc:8200", login_mount="kubernetes", audience="vault"
    )
    choice = orders.workload
    assert choice is None
    template = patch["spec"]["template"]
    assert template["spec"]["serviceAccountName"] == "orders"
    assert template["spec"]["volumes"] == [injector.token_volume(access)]
    assert template["metadata"]["annotations"][f"{PREFIX}role"] == "svc-shop.orders"


def test_they_are_what_the_component_declares(project: Project) -> None:
    chosen(project, "{as: injector, mode: init, files: {app.env: {secret: mail, format: env}}}")

    (patch,) = printed(project)

    orders = read(project.root / "catalog").services[1]
    assert orders.workload is not None
    access = PodAccess(
        address="https://vault-active.vault.svc:8200", login_mount="kubernetes", audience="vault"
    )
    assert patch["spec"]["template"] == injector.pod_template(orders, access, orders.workload)


def test_csi_is_a_class_and_a_volume(project: Project) -> None:
    made, patch = printed(project, "--as", "csi")

    jsonschema.validate(made, crds.SECRET_PROVIDER_CLASS)
    assert "csi" in patch["spec"]["template"]["spec"]["volumes"][0]


def test_its_help_says_the_address_that_it_takes(project: Project) -> None:
    (patch,) = printed(project, "--as", "annotations")
    command_: Any = get_command(app)
    [option] = [each for each in command_.commands["workload"].params if each.name == "address"]
    said = re.search(r"otherwise (\S+),", option.help)

    assert said is not None
    own = said[1].replace("<release>", "vault").replace("<namespace>", "vault")
    assert own in yaml.safe_dump(patch).split()


def test_a_person_starts_it_and_pastes_what_it_prints(project: Project) -> None:
    done = command.started(project.root, "workload", "shop/orders", "--stack", "dev")

    assert (done.returncode, done.stderr) == (0, "")
    assert list(yaml.safe_load_all(done.stdout)) == printed(project)


def test_external_secret_is_a_store_a_secret_and_a_volume(project: Project) -> None:
    store, secret, patch = printed(project, "--as", "external-secret")

    jsonschema.validate(store, crds.SECRET_STORE)
    jsonschema.validate(secret, crds.EXTERNAL_SECRET)
    assert "secret" in patch["spec"]["template"]["spec"]["volumes"][0]


@pytest.mark.parametrize("way", ["csi", "external-secret"])
def test_what_the_program_declares_is_not_pasted(project: Project, way: str) -> None:
    chosen(project, f"{{as: {way}}}")

    (patch,) = printed(project)

    assert list(patch) == ["spec"]


def test_the_stack_says_where_vault_is_and_how_to_log_in(project: Project) -> None:
    project.stack = edited(
        project.stack,
        [
            ("    method: jwt\n", "    method: jwt\n    mount: cluster-a\n    audience: safe\n"),
            ("    kind: processes\n", "    kind: processes\n    namespace: security\n"),
        ],
    )
    project.write()

    (patch,) = printed(project)

    annotations = patch["spec"]["template"]["metadata"]["annotations"]
    assert annotations[f"{PREFIX}service"] == "https://vault-active.security.svc:8200"
    assert annotations[f"{PREFIX}auth-path"] == "auth/cluster-a"
    sources = patch["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"]
    assert sources[0]["serviceAccountToken"]["audience"] == "safe"


def test_of_a_vault_of_somebody_else_s_address_and_namespace_are_its_own(project: Project) -> None:
    project.stack = EXTERNAL.replace("    ca: pem\n", "    vaultNamespace: teams/shop\n")
    project.write()

    (patch,) = printed(project, "--as", "annotations")
    store, _, _ = printed(project, "--as", "external-secret")
    made, _ = printed(project, "--as", "csi")

    annotations = patch["spec"]["template"]["metadata"]["annotations"]
    assert annotations[f"{PREFIX}service"] == "https://vault.example.com:8200"
    assert annotations[f"{PREFIX}namespace"] == "teams/shop"
    jsonschema.validate(store, crds.SECRET_STORE)
    assert store["spec"]["provider"]["vault"]["namespace"] == "teams/shop"
    assert made["spec"]["parameters"]["vaultNamespace"] == "teams/shop"


def test_another_address_may_be_given(project: Project) -> None:
    (patch,) = printed(project, "--address", "https://vault.example.com")

    annotations = patch["spec"]["template"]["metadata"]["annotations"]
    assert annotations[f"{PREFIX}service"] == "https://vault.example.com"


def _living(project: Project, clusters: str) -> None:
    project.stack = CLUSTERS
    project.catalog["orders.yaml"] += f"clusters: {clusters}\n"
    project.write()


def _login(patch: Any) -> tuple[str, str]:
    annotations = patch["spec"]["template"]["metadata"]["annotations"]
    return annotations[f"{PREFIX}service"], annotations[f"{PREFIX}auth-path"]


EDGE = ("https://vault.example.com:8200", "auth/kubernetes-edge")
AT_HOME = ("https://vault-active.vault.svc:8200", "auth/kubernetes")


@pytest.mark.parametrize(
    ("clusters", "arguments", "expected"),
    [
        ("[home, edge]", [], AT_HOME),
        ("[home, edge]", ["--cluster", "home"], AT_HOME),
        ("[home, edge]", ["--cluster", "edge"], EDGE),
        ("[edge]", [], EDGE),
        ("[edge]", ["--address", "https://near"], ("https://near", "auth/kubernetes-edge")),
    ],
)
def test_in_another_cluster_it_logs_in_there(
    project: Project, clusters: str, arguments: list[str], expected: tuple[str, str]
) -> None:
    _living(project, clusters)

    (patch,) = printed(project, *arguments)

    assert _login(patch) == expected


@pytest.mark.parametrize(
    ("clusters", "arguments", "says"),
    [
        (
            "[home]",
            ["--cluster", "edge"],
            "shop/orders does not live in cluster edge; write one of home, or write edge into its clusters",
        ),
        (
            "[edge, plant]",
            [],
            "shop/orders lives in several clusters; add --cluster edge or plant",
        ),
        (
            "[edges]",
            [],
            "strongroom:clusters in Pulumi.dev.yaml has no edges; write edge",
        ),
    ],
)
def test_a_cluster_that_it_does_not_run_in_is_one_line(
    project: Project, clusters: str, arguments: list[str], says: str
) -> None:
    _living(project, clusters)

    done = run(project.root, "shop/orders", "--stack", "dev", *arguments)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{says}\n")


def test_a_cluster_s_wrong_setting_is_named_and_another_s_is_not_looked_at(
    project: Project,
) -> None:
    _living(project, "[edge]")
    project.stack = edited(CLUSTERS, [("      context: edge\n", "      context: '§'\n")])
    project.write()
    wrong = run(project.root, "shop/orders", "--stack", "dev")
    project.stack = edited(CLUSTERS, [("      context: plant\n", "      context: '§'\n")])
    project.write()

    assert wrong.stderr.startswith("strongroom:clusters.edge in Pulumi.dev.yaml is wrong;")
    assert _login(printed(project)[0]) == EDGE


def test_what_is_missing_for_an_up_is_not_missed_here(project: Project) -> None:
    (project.root / "pem").unlink()
    project.stack = edited(project.stack, [("    issuer: https://issuer.example.com\n", "")])
    project.write()

    assert len(printed(project)) == 1


def test_the_selected_stack_is_taken(project: Project) -> None:
    path = hashlib.sha1(
        str(project.root / "Pulumi.yaml").encode(), usedforsecurity=False
    ).hexdigest()
    home = project.root / "home"
    (home / "workspaces").mkdir(parents=True)
    workspace = home / "workspaces" / f"strongroom-{path}-workspace.json"
    workspace.write_text(json.dumps({"stack": "organization/strongroom/dev"}))

    with_one = run(project.root, "shop/orders", PULUMI_HOME=str(home))
    workspace.unlink()
    without = run(project.root, "shop/orders", PULUMI_HOME=str(home))

    assert with_one.returncode == 0
    assert (without.returncode, without.stdout) == (1, "")
    assert without.stderr == "no stack is selected; add --stack, or run `pulumi stack select`\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["shop/ordrs"], "the catalogue has no service shop/ordrs; write shop/orders"),
        (["shop/billing"], "shop/billing has no secrets; write some into its catalogue file first"),
        (
            ["shop/orders", "--address", "http://vault:8200"],
            (
                "--address must begin with https://, and is http://vault:8200;"
                " write https://<name that its certificate has>:8200"
            ),
        ),
    ],
)
def test_what_cannot_be_is_one_line(project: Project, arguments: list[str], says: str) -> None:
    done = run(project.root, *arguments, "--stack", "dev")

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{says}\n")


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ("    method: jwt\n    mount: a/b\n", "access"),
        ("    method: jwt\n    audience: 'a b'\n", "access"),
    ],
)
def test_a_wrong_setting_is_named(project: Project, wrong: str, part: str) -> None:
    project.stack = edited(project.stack, [("    method: jwt\n", wrong)])
    project.write()

    done = run(project.root, "shop/orders", "--stack", "dev")

    assert done.stderr == (
        f"strongroom:{part} in Pulumi.dev.yaml is wrong; `python -m ops check --stack dev` says how\n"
    )


def test_a_whole_secret_is_not_for_csi(project: Project) -> None:
    chosen(project, "{as: injector, files: {mail.json: {secret: mail}}}")

    done = run(project.root, "shop/orders", "--stack", "dev", "--as", "csi")

    assert done.returncode == 1
    assert done.stderr.startswith("shop/orders: file mail.json is a whole secret")


def test_mistakes_of_the_catalogue_are_said(project: Project) -> None:
    project.catalog["billing.yaml"] += "owner: me\n"
    project.write()

    done = run(project.root, "shop/orders", "--stack", "dev")

    assert done.returncode == 1
    assert done.stderr.startswith("catalog/billing.yaml:3: owner is unknown")


def test_a_stack_that_has_no_file_is_said(project: Project) -> None:
    done = run(project.root, "shop/orders", "--stack", "nowhere")

    assert done.returncode == 1
    assert done.stderr.startswith("Pulumi.nowhere.yaml")


def test_the_command_line_offers_what_there_is() -> None:
    assert [way.value for way in Way] == list(DELIVERIES)


def test_no_engine_and_no_network_is_loaded() -> None:
    script = (
        "import sys, ops.__main__, ops.workload;"
        "print({'pulumi', 'requests', 'boto3', 'ssl'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=command.CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout == "set()\n"
