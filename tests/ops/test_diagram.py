"""Boxes, frames and arrows are the graph's; the page shows what the program declares today."""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from ops.declared import declared
from ops.diagram import HEAD, PAGE, STACKS, diagram, section
from ops.stack import Resource, StackError
from tests.ops import command

CHECKOUT = Path(__file__).parents[2]


def resource(
    kind: str,
    name: str,
    parent: Resource | None = None,
    *after: Resource,
    by: Resource | None = None,
) -> Resource:
    return Resource(
        type=kind,
        urn=f"urn:pulumi:dev::strongroom::{kind}::{name}",
        inputs={},
        outputs={},
        parent=parent.urn if parent else "urn:pulumi:dev::strongroom::pulumi:pulumi:Stack::x-dev",
        dependencies=frozenset(each.urn for each in after),
        provider=f"{by.urn}::an-id" if by else "",
    )


CLOUD = resource("strongroom:cloud:AwsCloud", "cloud")
AWS = resource("pulumi:providers:aws", "cloud-aws", CLOUD)
SEAL = resource("strongroom:cloud:RotatingKey", "cloud-seal", CLOUD)
KEY = resource("aws:kms/key:Key", "cloud-seal-key", SEAL, by=AWS)
SERVER = resource("strongroom:server:ProcessServer", "server")
NODES = resource("dynamic:Nodes", "server-nodes", SERVER, KEY)
BOOTSTRAP = resource("strongroom:bootstrap:VaultBootstrap", "bootstrap")
OWNED = resource("dynamic:Owned", "bootstrap-owned", BOOTSTRAP, NODES, KEY)
EXPORT = "stack export --stack dev --non-interactive"
GRAPH = [CLOUD, AWS, SEAL, KEY, SERVER, NODES, BOOTSTRAP, OWNED]


def test_a_component_is_a_box_and_one_that_holds_others_a_frame() -> None:
    assert diagram(GRAPH) == (
        "flowchart LR\n"
        '    bootstrap_VaultBootstrap["<b>bootstrap</b><br/>VaultBootstrap"]\n'
        '    server_ProcessServer["<b>server</b><br/>ProcessServer"]\n'
        '    subgraph cloud["cloud"]\n'
        '        cloud_cloud_AwsCloud["<b>cloud</b><br/>AwsCloud"]\n'
        '        cloud_seal_RotatingKey["<b>seal</b><br/>RotatingKey"]\n'
        "    end\n"
        "    server_ProcessServer --> bootstrap_VaultBootstrap\n"
        "    cloud_cloud_AwsCloud -.-> cloud_seal_RotatingKey\n"
        "    cloud_seal_RotatingKey --> server_ProcessServer\n"
    )


def test_an_arrow_that_others_imply_is_left_out_and_one_that_is_alone_is_not() -> None:
    direct = "cloud_seal_RotatingKey --> bootstrap_VaultBootstrap"

    assert direct not in diagram(GRAPH)
    assert direct in diagram([each for each in GRAPH if each is not NODES])


def test_the_order_of_registration_changes_nothing() -> None:
    shuffled = GRAPH.copy()
    random.Random(6).shuffle(shuffled)  # noqa: S311  no secret

    assert shuffled != GRAPH
    assert diagram(shuffled) == diagram(GRAPH)


def test_what_is_made_for_each_service_is_one_box() -> None:
    pods = [resource("strongroom:workload:Workload", f"shop.{index}") for index in range(50)]
    accounts = [resource("k8s:ServiceAccount", f"{pod.urn[-6:]}-account", pod) for pod in pods]

    assert diagram([*pods, *accounts]) == (
        'flowchart LR\n    services_in_pods_Workload["<b>services in pods</b><br/>Workload"]\n'
    )


def test_what_makes_nothing_and_the_engine_s_own_are_not_shown() -> None:
    empty = resource("strongroom:adopted:AdoptedVault", "adopted")
    stack = resource("pulumi:pulumi:Stack", "x-dev")
    own = resource("pulumi:providers:pulumi-python", "default")

    assert diagram([stack, own, empty]) == "flowchart LR\n"


@pytest.mark.parametrize("stack", STACKS)
def test_the_page_shows_what_the_program_declares_in(stack: str) -> None:
    page = (CHECKOUT / PAGE).read_text()
    shown = section(stack, declared(CHECKOUT, stack))

    assert shown in page, "run `make schema`"
    # Readable, and no box that nothing leads to or from.
    boxes = [line.strip().partition("[")[0] for line in shown.splitlines() if "<b>" in line]
    assert 10 <= len(boxes) <= 18
    arrows = [line.split() for line in shown.splitlines() if "->" in line]
    assert {end for arrow in arrows for end in (arrow[0], arrow[2])} == set(boxes)


def test_the_page_has_its_head_and_no_other_stack() -> None:
    page = (CHECKOUT / PAGE).read_text()

    assert page.startswith(HEAD)
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == list(STACKS)
    assert page.count("```mermaid") == len(STACKS)


def test_every_stack_of_the_checkout_has_its_diagram() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "Pulumi.*.yaml"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip

    assert {name.split(".")[1] for name in listed} == set(STACKS)


def test_a_stack_that_is_not_described_is_named() -> None:
    with pytest.raises(StackError, match=r"there is no Pulumi\.nobody\.yaml"):
        declared(CHECKOUT, "nobody")


def test_the_command_reads_the_state(tmp_path: Path) -> None:
    exported = [
        {
            "type": each.type,
            "urn": each.urn,
            "parent": each.parent,
            "provider": each.provider,
            "dependencies": sorted(each.dependencies),
            "inputs": {"password": "not-to-be-shown"},
        }
        for each in GRAPH
    ]
    (tmp_path / "state.json").write_text(json.dumps({"deployment": {"resources": exported}}))
    engine = tmp_path / "pulumi"
    engine.write_text(f'#!/bin/sh\n[ "$*" = "{EXPORT}" ] && exec cat {tmp_path}/state.json\n')
    engine.chmod(0o700)

    printed = command.run(
        CHECKOUT, "diagram", "--stack", "dev", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    )

    assert (printed.returncode, printed.stdout) == (0, diagram(GRAPH)), printed.stderr
