"""Stack `local` with a seal that is no key of the cloud's: one in another Vault, and keys that custody holds."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import hvac
import pytest
import yaml

from components.server import nodes
from components.server.nodes import Node
from reach.health import ACTIVE, STANDBY
from tests.e2e.scratch import Ran, Scratch
from tests.real.cluster import bao
from tests.real.emulator import running_emulator
from tests.real.keeper import KEY, MOUNT, RunningKeeper, running_keeper

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """An environment of one service, whose servers have this seal."""

    scratch: Scratch

    @classmethod
    def make(cls, folder: Path, seal: dict[str, Any]) -> "Sealed":
        folder.mkdir()
        scratch = Scratch.make(folder)
        made = cls(scratch=scratch)
        made.configure(seal=seal)
        for other in (scratch.path / "catalog").glob("*.yaml"):
            other.unlink()
        scratch.service("shop/orders", secrets={"mail": {"password": {"config": "mailPassword"}}})
        return made

    def say_seal(self, kind: str, former: str | None = None) -> None:
        """Write what seals the servers, and what sealed them before."""
        file = self.scratch.path / "Pulumi.local.yaml"
        document = yaml.safe_load(file.read_text())
        document["config"]["strongroom:seal"] = {"kind": kind}
        document["config"].pop("strongroom:formerSeal", None)
        if former is not None:
            document["config"]["strongroom:formerSeal"] = {"kind": former}
        file.write_text(yaml.safe_dump(document, sort_keys=False))

    def keys(self) -> set[str]:
        """Which keys custody holds."""
        buckets = self.scratch.emulator()("s3")
        [bucket] = [
            each["Name"] for each in buckets.list_buckets()["Buckets"] if "custody" in each["Name"]
        ]
        names = {each["Key"] for each in buckets.list_objects_v2(Bucket=bucket)["Contents"]}
        return {each for each in names if each.startswith(("vault-unseal-", "vault-recovery-"))}

    def configure(self, **parts: dict[str, Any]) -> None:
        """Add to parts of the tracked settings."""
        file = self.scratch.path / "Pulumi.local.yaml"
        document = yaml.safe_load(file.read_text())
        for name, part in parts.items():
            document["config"].setdefault(f"strongroom:{name}", {}).update(part)
        file.write_text(yaml.safe_dump(document, sort_keys=False))

    @property
    def nodes(self) -> list[Node]:
        return nodes.recorded(self.scratch.sandbox_file("vault"))

    @property
    def pids(self) -> list[int | None]:
        return [nodes.pid(node) for node in self.nodes]

    @property
    def leader(self) -> int:
        return [nodes.health(node) for node in self.nodes].index(ACTIVE)

    @property
    def serve(self) -> bool:
        """Whether all are unsealed and one of them leads."""
        return sorted(nodes.health(node) or 0 for node in self.nodes) == [ACTIVE, STANDBY, STANDBY]

    def kill(self, *indices: int) -> None:
        for index in indices:
            number = nodes.pid(self.nodes[index])
            assert number is not None
            os.kill(number, signal.SIGKILL)

    @cached_property
    def _outputs(self) -> dict[str, Any]:
        # No run here changes them, and Pulumi takes a second to tell.
        return self.scratch.outputs()

    def secret(self) -> dict[str, str]:
        """Log in as the service and read what it keeps."""
        ca = str(self.scratch.sandbox_file("tls/ca.pem"))
        client = hvac.Client(url=self._outputs["address"], verify=ca)
        login = self._outputs["logins"]["shop/orders"]
        token = self.scratch.token("shop/orders")
        client.auth.jwt.jwt_login(login["role"], token, path=login["mounts"]["home"])
        return self.scratch.read(client, "kv/shop/orders/mail")

    def down(self) -> None:
        ran = self.scratch.sandbox("down")
        assert ran.code == 0, ran.output


def unchanged(ran: Ran) -> bool:
    """Whether the engine found all as it should be."""
    said = set(ran.output.split())
    return "unchanged" in said and not {"created", "updated", "replaced", "deleted"} & said


@dataclass(frozen=True, kw_only=True)
class Kept(Sealed):
    keeper: RunningKeeper
    token: str


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("transit")
    for name in ("emulator", "keeper"):
        (folder / name).mkdir()
    with (
        running_emulator(folder / "emulator") as emulator,
        running_keeper(folder / "keeper", emulator) as keeper,
    ):
        token = keeper.token()
        (folder / "token").write_text(f"{token}\n")
        made = Sealed.make(
            folder / "scratch",
            {
                "kind": "transit", "address": keeper.address, "mountPath": MOUNT, "keyName": KEY,
                "ca": str(keeper.cluster.ca_file), "tokenFile": str(folder / "token"),
            },
        )  # fmt: skip
        kept = Kept(scratch=made.scratch, keeper=keeper, token=token)
        try:
            yield kept
        finally:
            kept.down()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    made = Sealed.make(tmp_path_factory.mktemp("shamir") / "scratch", {"kind": "shamir"})
    try:
        yield made
    finally:
        made.down()


def test_servers_whose_key_another_vault_keeps_serve_a_secret(kept: Kept) -> None:
    ran = kept.scratch.up()

    assert "none starts until it is given a new one" in ran.output
    assert kept.serve
    assert "password" in kept.secret()
    sealed_by = [node.configuration.read_text().count('seal "transit"') for node in kept.nodes]
    assert sealed_by == [1, 1, 1]
    holding = [
        file
        for file in kept.scratch.sandbox_file("").rglob("*")
        if file.is_file() and kept.token.encode() in file.read_bytes()
    ]
    assert {file.name for file in holding} == {"environment.json"}
    assert {file.stat().st_mode & 0o777 for file in holding} == {0o600}


def test_while_the_keeper_is_down_servers_serve_and_one_that_starts_says_why_not(
    kept: Kept,
) -> None:
    kept.keeper.stop()
    kept.kill((kept.leader + 1) % 3)

    ran = kept.scratch.sandbox("up")

    assert ran.code == 1
    last = ran.output.splitlines()[-1]
    assert 'has ended: Error configuring seal "transit"' in last
    assert "connection refused" in last
    assert "password" in kept.secret()


def test_with_the_keeper_back_and_a_new_key_the_next_run_changes_nothing_but_brings_it_back(
    kept: Kept,
) -> None:
    kept.keeper.start()
    kept.keeper.rotate()
    before = kept.pids

    ran = kept.scratch.up()

    assert "restarted node" in ran.output
    assert unchanged(ran)
    assert kept.serve
    assert [pid for pid in before if pid is not None] == [
        now for now, pid in zip(kept.pids, before, strict=True) if pid is not None
    ]
    assert "password" in kept.secret()


def test_servers_that_custody_unseals_serve_a_secret(shared: Sealed) -> None:
    shared.scratch.up()

    assert shared.serve
    assert "password" in shared.secret()
    assert shared.keys() == {f"vault-unseal-{index}" for index in range(5)}


def test_when_all_of_them_were_killed_the_next_run_unseals_all_and_changes_nothing(
    shared: Sealed,
) -> None:
    shared.kill(0, 1, 2)

    ran = shared.scratch.up()

    unsealed = [line.split()[0] for line in ran.output.splitlines() if "was sealed" in line]
    assert unsealed == [f"https://{node.api}" for node in shared.nodes]
    assert unchanged(ran)
    assert shared.serve
    assert "password" in shared.secret()


def test_a_killed_leader_and_servers_that_are_given_another_program_are_unsealed_one_by_one(
    shared: Sealed,
) -> None:
    shared.kill(shared.leader)
    before = shared.pids
    program = shared.scratch.path / "another-bao"
    program.symlink_to(bao())
    shared.configure(server={"command": [str(program)]})

    ran = shared.scratch.up()

    assert ran.output.count("was sealed and is unsealed") == 4
    assert not {pid for pid in before if pid is not None} & set(shared.pids)
    assert shared.serve


def test_another_seal_is_refused_in_the_preview_until_it_is_said_what_sealed_them(
    shared: Sealed,
) -> None:
    shared.say_seal("awskms")

    ran = shared.scratch.sandbox("preview")

    assert ran.code == 1
    assert "the servers are sealed by shamir, and strongroom:seal says awskms" in ran.output
    assert shared.serve


def test_servers_migrate_to_the_cloud_s_key_and_custody_s_keys_are_renamed(shared: Sealed) -> None:
    shared.say_seal("awskms", former="shamir")

    ran = shared.scratch.sourced("python -m ops migrate-seal -- python -m sandbox up")

    assert ran.code == 0, ran.output
    assert shared.keys() == {f"vault-recovery-{index}" for index in range(5)}
    shared.say_seal("awskms")
    # It gives back what it had released.
    shared.scratch.up()
    assert unchanged(shared.scratch.up())
    shared.kill(shared.leader)
    shared.scratch.up()
    assert shared.serve
    assert "password" in shared.secret()
