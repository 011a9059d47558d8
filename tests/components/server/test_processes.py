import dataclasses
import json
from pathlib import Path

import pulumi
import pytest

from components.cloud.contract import Seal, WebIdentity
from components.dynamic_errors import ToldError
from components.server import nodes
from components.server.processes import ProcessesProvider, ProcessServer, ProcessServerArgs
from components.server.seals import shamir_seal
from tests.conftest import Declare

KEY = "of-the-servers-themselves"
NODES = "pulumi-python:dynamic/strongroom:Nodes"


def _args(tmp_path: Path) -> ProcessServerArgs:
    ca = tmp_path / "ca.pem"
    ca.write_text("a certificate")
    return ProcessServerArgs(
        flavour="openbao",
        command=("/opt/bao",),
        directory=str(tmp_path / "vault"),
        ports=(8200, 8202, 8204),
        generate_root_ports=(8300, 8301, 8302),
        certificate="server.pem",
        key="server-key.pem",
        ca=str(ca),
        seal=Seal(
            kind="awskms",
            parameters={"kms_key_id": pulumi.Output.from_input("key-1")},
            environment={"AWS_REGION": "eu-central-1"},
            secret_environment={"AWS_SECRET_ACCESS_KEY": pulumi.Output.from_input(KEY)},
        ),
    )


def test_the_servers_identity_is_a_secret_of_theirs_and_in_no_file_that_is_shown(
    declare: Declare, tmp_path: Path
) -> None:
    resource = declare(lambda: ProcessServer("server", _args(tmp_path))).resource(NODES)

    assert resource.inputs["environment"] == {
        "AWS_REGION": "eu-central-1",
        "AWS_SECRET_ACCESS_KEY": KEY,
    }
    assert resource.secrets == {"environment"}
    open_ = {key: value for key, value in resource.inputs.items() if key not in resource.secrets}
    assert KEY not in json.dumps(open_)


def test_another_key_restarts_the_nodes_and_replaces_nothing() -> None:
    olds = {"directory": "d", "apis": ["127.0.0.1:1"], "environment": {"AWS_ACCESS_KEY_ID": "1"}}
    news = {**olds, "environment": {"AWS_ACCESS_KEY_ID": "2"}}

    diff = ProcessesProvider().diff("id", olds, news)

    assert diff.changes
    assert not diff.replaces


def test_another_seal_is_refused_in_the_preview_unless_it_is_said_which_one_it_takes_over_from() -> (
    None
):
    olds = {"seal": "awskms", "directory": "/nowhere"}

    with pytest.raises(
        ToldError, match=r"sealed by awskms, and strongroom:seal says shamir: also write"
    ):
        ProcessesProvider().diff("id", olds, {**olds, "seal": "shamir"})

    assert (
        ProcessesProvider()
        .diff("id", olds, {**olds, "seal": "shamir", "former_seal": "awskms"})
        .changes
    )


def test_a_seal_that_only_pods_can_use_is_refused(tmp_path: Path) -> None:
    seal = dataclasses.replace(
        _args(tmp_path).seal, web_identity=WebIdentity(role_arn="role", audience="aws")
    )

    with pytest.raises(ValueError, match=r"^seal must not want a pod's token"):
        dataclasses.replace(_args(tmp_path), seal=seal)


def test_three_nodes_are_sealed_with_the_one_seal(declare: Declare, tmp_path: Path) -> None:
    declared = declare(lambda: ProcessServer("server", _args(tmp_path)))

    configurations = declared.one(NODES)["configurations"]
    assert len(configurations) == 3
    assert all('kms_key_id = "key-1"' in text for text in configurations)


def test_servers_that_are_unsealed_with_keys_have_no_seal(declare: Declare, tmp_path: Path) -> None:
    args = dataclasses.replace(_args(tmp_path), seal=shamir_seal())

    node = declare(lambda: ProcessServer("server", args)).one(NODES)

    assert len(node["configurations"]) == 3
    assert not any("seal " in text for text in node["configurations"])
    assert node["environment"] == {}


def test_the_contract_is_fulfilled(declare: Declare, tmp_path: Path) -> None:
    def program() -> pulumi.Output[dict[str, object]]:
        server = ProcessServer("server", _args(tmp_path))
        return pulumi.Output.all(
            address=server.address,
            members=server.members,
            roots=server.generate_root_members,
            ca=server.ca_certificate,
        )

    assert declare(program).result == {
        "address": "https://127.0.0.1:8200",
        "members": [f"https://127.0.0.1:{port}" for port in (8200, 8202, 8204)],
        "roots": [f"https://127.0.0.1:{port}" for port in (8300, 8301, 8302)],
        "ca": "a certificate",
    }


def test_keep_protects_the_data(declare: Declare, tmp_path: Path) -> None:
    kept = declare(lambda: ProcessServer("server", _args(tmp_path)))
    loose = dataclasses.replace(_args(tmp_path), keep=False)
    thrown = declare(lambda: ProcessServer("server", loose))

    assert kept.resource(NODES).protect
    assert not thrown.resource(NODES).protect


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ports", (8200, 8202)),
        ("ports", (8200, 8201, 8204)),
        ("generate_root_ports", (8300,)),
        ("generate_root_ports", (8300, 8301, 8201)),
    ],
)
def test_ports_that_cannot_work_are_refused(
    tmp_path: Path, field: str, value: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(_args(tmp_path), **{field: value})  # type: ignore[arg-type]


def test_every_node_writes_the_same_audit_files_so_that_each_may_lead(
    declare: Declare, tmp_path: Path
) -> None:
    configurations = declare(lambda: ProcessServer("server", _args(tmp_path))).one(NODES)[
        "configurations"
    ]

    paths = [[line for line in text.splitlines() if "file_path" in line] for text in configurations]
    assert len(paths[0]) == 2
    assert paths[0] == paths[1] == paths[2]


def test_other_ports_never_empty_a_vault_that_has_data(tmp_path: Path) -> None:
    node = nodes.Node(
        directory=str(tmp_path / "node-0"), command=("bao",), api="127.0.0.1:1", other=(), ca=""
    )
    olds = {"directory": str(tmp_path), "apis": ["127.0.0.1:1"]}
    news = {"directory": str(tmp_path), "apis": ["127.0.0.1:3"]}

    assert ProcessesProvider().diff("id", olds, news).replaces == ["apis"]
    nodes.write(node, "")
    with pytest.raises(ToldError, match=r"put strongroom:server\.ports"):
        ProcessesProvider().diff("id", olds, news)
    assert (tmp_path / "node-0" / "data").exists()
