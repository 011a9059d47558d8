"""`python -m ops migrate-seal`: every way from one seal to another, on real servers that are restarted one by one."""

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from custody.bootstrap import bootstrap, check
from custody.keys import held
from custody.request import AwsCustody, Request
from custody.store import custody_at
from custody.unseal import submit
from custody.vault import Cluster as Servers
from ops.migrate import migrate_at
from ops.unseal import Located
from tests.ops.stack import StoredStack
from tests.real.alicloud.account import PLACE, world
from tests.real.alicloud.server import Services
from tests.real.alicloud.vault import running_vault
from tests.real.cluster import SHAMIR, Cluster, NodeSeal, kms_seal
from tests.real.emulator import Emulator
from tests.real.inside import bucket_names, look_inside
from tests.real.keeper import RunningKeeper
from tests.real.request import request_for
from tests.real.reseal import properties

pytestmark = pytest.mark.real

SEALS = ("kms", "transit", "shamir")


class Migrations:
    """One cluster, and how it is taken from seal to seal."""

    def __init__(
        self, cluster: Cluster, request: Request, seals: dict[str, NodeSeal], folder: Path
    ) -> None:
        self.cluster = cluster
        self.request = request
        self.seals = seals
        self.folder = folder
        self.stack = StoredStack(folder, request)
        self.stack.write()

    def command(self, new: str, former: str | None) -> list[str]:
        """Give what starts the servers anew, one by one."""
        file = self.folder / f"{former}-{new}.json"
        both = (self.seals[new], self.seals[former] if former else None)
        file.write_text(json.dumps(properties(self.cluster, *both)))
        trusted = [f"SSL_CERT_FILE={each.ca_file}" for each in both if each and each.ca_file]
        return ["env", *trusted, sys.executable, "-m", "tests.real.reseal", str(file)]

    def held(self) -> set[str]:
        """Which keys custody holds now."""
        return {
            name
            for name, current in bucket_names(self.request).items()
            if current and name.startswith(("vault-unseal-", "vault-recovery-"))
        }


@pytest.fixture
def migrations(
    three_nodes: Cluster,
    own_keeper: RunningKeeper,
    emulator: Emulator,
    place: AwsCustody,
    tmp_path: Path,
) -> Migrations:
    request = request_for(three_nodes.address, place, tmp_path / "custody")
    bootstrap(request)
    seals = {
        "kms": kms_seal(emulator, place),
        "transit": own_keeper.seal(),
        "shamir": SHAMIR,
    }
    return Migrations(three_nodes, request, seals, tmp_path)


@pytest.mark.parametrize(
    "way", [("kms", "transit", "shamir", "kms"), ("kms", "shamir", "transit", "kms")]
)
def test_servers_go_from_seal_to_seal_and_custody_s_keys_take_the_name_of_their_role(
    way: tuple[str, ...], migrations: Migrations
) -> None:
    stack, servers = migrations.stack, Servers(migrations.cluster.address)
    before = check(migrations.request).cluster_id

    for former, new in itertools.pairwise(way):
        ran = stack.ops("migrate-seal", "--", *migrations.command(new, former), seconds=240)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        role = "unseal" if new == "shamir" else "recovery"
        assert migrations.held() == {f"vault-{role}-{i}" for i in range(5)}
        assert f"custody's keys are {role} keys" in ran.stdout
        assert ran.stdout.count("snapshot /") == 1
        assert check(migrations.request).cluster_id == before

    # Without the former seal: by themselves again.
    ran = stack.ops("migrate-seal", "--", *migrations.command(way[-1], None), seconds=240)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    migrations.cluster.stop(0)
    migrations.cluster.start(0)
    servers.wait_until_unsealed(30)
    assert look_inside(migrations.request).root_tokens == 0
    # A later bootstrap finds it owned, whatever its keys are called.
    assert bootstrap(migrations.request).cluster_id == before


@pytest.fixture
def of_alicloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Migrations, Services]]:
    with running_vault(tmp_path, monkeypatch, members=3) as vault:
        bootstrap(vault.request)
        seals = {"kms": vault.seal, "shamir": SHAMIR}
        yield Migrations(vault.cluster, vault.request, seals, tmp_path), vault.services


def test_servers_leave_alibaba_s_kms_and_come_back_and_custody_s_keys_go_with_them(
    of_alicloud: tuple[Migrations, Services],
) -> None:
    migrations, services = of_alicloud
    before = check(migrations.request).cluster_id

    # As `pulumi up` does, which the command also is.
    services.world = world(PLACE, releases="recovery")
    ran = migrations.stack.ops(
        "migrate-seal", "--", *migrations.command("shamir", "kms"), seconds=240
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "custody's keys are unseal keys now: 5 were renamed" in ran.stdout
    assert migrations.held() == {f"vault-unseal-{i}" for i in range(5)}

    services.world = world(PLACE, releases="unseal")
    ran = migrations.stack.ops(
        "migrate-seal", "--", *migrations.command("kms", "shamir"), seconds=240
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert migrations.held() == {f"vault-recovery-{i}" for i in range(5)}

    ran = migrations.stack.ops("migrate-seal", "--", *migrations.command("kms", None), seconds=240)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    migrations.cluster.stop(0)
    migrations.cluster.start(0)
    Servers(migrations.cluster.address).wait_until_unsealed(30)
    assert check(migrations.request).cluster_id == before
    assert look_inside(migrations.request).root_tokens == 0
    # Hidden, never deleted.
    versions = services.oss.buckets[PLACE.bucket].objects
    assert all(any(each.body for each in versions[f"vault-unseal-{i}"]) for i in range(5))


def test_what_a_killed_run_left_is_found_by_the_next(migrations: Migrations) -> None:
    cluster, servers = migrations.cluster, Servers(migrations.cluster.address)
    custody = custody_at(migrations.request.custody)
    # One server waits and has been handed some keys; one key has its new name already.
    cluster.stop(2)
    cluster.reseal(2, SHAMIR, migrations.seals["kms"])
    cluster.start(2)
    url = cluster.address.members[2]
    [first, *_] = held(custody, "recovery", shares=5, required=3)
    submit(servers.client(url), [first], migrate=True)
    custody.put("vault-unseal-1", custody.get("vault-recovery-1") or b"")

    ran = migrations.stack.ops(
        "migrate-seal", "--", *migrations.command("shamir", "kms"), seconds=240
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "snapshot /" not in ran.stdout
    assert migrations.held() == {f"vault-unseal-{i}" for i in range(5)}


def test_servers_are_called_what_people_call_them(migrations: Migrations, tmp_path: Path) -> None:
    address = migrations.cluster.address
    pods = {url: f"pod vault/vault-{index}" for index, url in enumerate(address.members)}

    def named(text: str) -> str:
        for url, pod in pods.items():
            text = text.replace(url, pod)
        return text

    said: list[str] = []
    at = Located(cluster=address, place=migrations.request.custody, named=named)

    code = migrate_at(at, tmp_path / "snapshots", migrations.command("shamir", "kms"), said.append)

    assert code == 0, said
    assert {f"{pod} was given its keys" for pod in pods.values()} <= set(said)
    assert not [line for line in said if "https://" in line]


def test_keys_that_differ_are_not_hidden(migrations: Migrations) -> None:
    custody = custody_at(migrations.request.custody)
    custody.put("vault-unseal-3", custody.encrypt(b"somebody else's"))

    ran = migrations.stack.ops(
        "migrate-seal", "--", *migrations.command("shamir", "kms"), seconds=240
    )

    assert ran.returncode == 1
    assert "vault-unseal-3 in custody is not what vault-recovery-3 is" in ran.stderr
    assert "vault-recovery-3" in migrations.held()
