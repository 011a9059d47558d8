"""Servers that keep everything in a database: HashiCorp Vault in MariaDB, OpenBao in PostgreSQL, over TLS."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.server import nodes
from components.server.database import KINDS
from components.server.nodes import Node
from reach.health import ACTIVE
from tests.e2e.kubernetes.lab import VAULT
from tests.e2e.scratch import Scratch
from tests.real.databases import NAME, PASSWORD, USER, RunningDatabase, running_database

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An environment whose servers keep everything in this database."""

    scratch: Scratch
    database: RunningDatabase

    @property
    def nodes(self) -> list[Node]:
        return nodes.recorded(self.scratch.sandbox_file("vault"))

    @property
    def leader(self) -> Node:
        [found] = [each for each in self.nodes if nodes.health(each) == ACTIVE]
        return found


@pytest.fixture(scope="module", params=["openbao", "vault"])
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kept]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    server: dict[str, Any] = {"flavour": request.param}
    if request.param == "vault":
        program = VAULT.built()
        if program is None:
            pytest.skip("HashiCorp Vault can't be built: there is no Go")
        server["command"] = [str(program)]
    kind = KINDS[request.param]
    with running_database(kind, folder / "database") as database:
        (folder / "scratch").mkdir()
        scratch = Scratch.make(folder / "scratch")
        server["database"] = {
            "kind": kind, "host": "127.0.0.1", "port": database.port, "name": NAME,
            "username": USER, "ca": str(database.ca_file),
        }  # fmt: skip
        file = scratch.path / "Pulumi.local.yaml"
        document = yaml.safe_load(file.read_text())
        document["config"]["strongroom:server"].update(server)
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        try:
            yield Kept(scratch=scratch, database=database)
        finally:
            down = scratch.sandbox("down")
            assert down.code == 0, down.output


def test_without_its_password_the_database_is_a_mistake_that_names_the_command(kept: Kept) -> None:
    ran = kept.scratch.sandbox("up")

    assert ran.code == 1
    cure = "run: pulumi config set --stack local --secret databasePassword"
    assert cure in ran.output
    set_ = kept.scratch.sourced("pulumi config set --secret databasePassword", input_=PASSWORD)
    assert set_.code == 0, set_.output


def test_three_servers_share_one_database_and_one_of_them_leads(kept: Kept) -> None:
    ran = kept.scratch.up()

    assert "no raft snapshots" in ran.output
    assert len(kept.nodes) == 3
    assert kept.leader
    client = kept.scratch.logged_in("shop/orders")
    assert "password" in kept.scratch.read(client, "kv/shop/orders/mail")
    assert int(kept.database.sql(_ROWS[kept.database.kind])) > 10
    assert not any(any((Path(node.directory) / "data").iterdir()) for node in kept.nodes)


_ROWS = {
    "postgresql": "SELECT count(*) FROM openbao_kv_store",
    "mysql": "SELECT count(*) AS '' FROM vault.vault",
}


def test_its_password_stands_in_files_for_the_owner_alone(kept: Kept) -> None:
    holding = [
        file for file in kept.scratch.sandbox_file("").rglob("*")
        if file.is_file() and _PART in file.read_bytes()
    ]  # fmt: skip

    assert {file.name for file in holding} == {nodes.STORAGE}
    assert {file.stat().st_mode & 0o777 for file in holding} == {0o600}


# The rest is written otherwise in a URL.
_PART = PASSWORD.split()[0].encode()


def test_a_second_run_changes_nothing(kept: Kept) -> None:
    before = {node.api: nodes.pid(node) for node in kept.nodes}

    ran = kept.scratch.up()

    assert "unchanged" in ran.output
    assert "updated" not in ran.output
    assert {node.api: nodes.pid(node) for node in kept.nodes} == before


def test_when_the_leader_is_killed_another_leads(kept: Kept) -> None:
    old = kept.leader
    number = nodes.pid(old)
    assert number is not None
    os.kill(number, signal.SIGKILL)

    kept.scratch.up()

    assert kept.leader
    client = kept.scratch.logged_in("shop/orders")
    assert "password" in kept.scratch.read(client, "kv/shop/orders/mail")


def test_a_root_token_is_minted_from_the_recovery_keys(kept: Kept) -> None:
    ran = kept.scratch.sourced("python -m ops root -- bao read -format=json sys/seal-status")

    assert ran.code == 0, ran.output
    assert f'"storage_type": "{kept.database.kind}"' in ran.output


def test_another_password_restarts_the_servers_one_by_one(kept: Kept) -> None:
    before = {node.api: nodes.pid(node) for node in kept.nodes}
    kept.database.change_password("another-pass/word")
    set_ = kept.scratch.sourced(
        "pulumi config set --secret databasePassword", input_="another-pass/word"
    )
    assert set_.code == 0, set_.output

    kept.scratch.up()

    assert all(nodes.pid(node) != before[node.api] for node in kept.nodes)
    client = kept.scratch.logged_in("shop/orders")
    assert "password" in kept.scratch.read(client, "kv/shop/orders/mail")
