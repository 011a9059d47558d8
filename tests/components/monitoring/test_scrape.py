"""Whom Prometheus reads, and that it counts nothing twice: real servers, and a real Prometheus told as we tell it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.monitoring.rules import RulesArgs, rule_spec
from components.monitoring.scrape import job, leader_alone, monitor_spec
from components.server import nodes
from components.server.database import Database
from components.server.pods import Pods, Scrape
from custody.vault import Cluster as Servers
from custody.vault import wait_until
from reach.health import ACTIVE
from tests.components.server.examples import openbao, pods
from tests.e2e.kubernetes.lab import VAULT
from tests.real.cluster import Cluster, kms_seal, running_sealed
from tests.real.emulator import Emulator, custody_place
from tests.real.prometheus import Prometheus, running_prometheus, scrape_config

NODES = ("node-0", "node-1", "node-2")
IN_A_DATABASE = Database(
    kind="postgresql", host="db", port=5432, name="vault", username="vault", password="x",
    ca_certificate="",
)  # fmt: skip


def test_the_leader_alone_is_read_where_the_others_would_answer_for_it() -> None:
    assert leader_alone(pods())
    assert leader_alone(openbao(database=IN_A_DATABASE))
    assert not leader_alone(openbao())


@pytest.mark.parametrize(("of", "service"), [(pods(), "active"), (openbao(), "internal")])
def test_a_service_leads_to_those_who_are_read(of: Pods, service: str) -> None:
    spec = monitor_spec(of, Scrape(labels={}))

    assert spec["selector"]["matchLabels"][f"vault-{service}"] == "true"
    assert job(of) == f"vault-{service}"


@dataclass(frozen=True, kw_only=True)
class Watched:
    cluster: Cluster
    folder: Path
    of: Pods

    @property
    def leader(self) -> int:
        [found] = [
            index for index, node in enumerate(self.cluster.nodes) if nodes.health(node) == ACTIVE
        ]
        return found

    @contextmanager
    def prometheus(self, *members: int) -> Iterator[Prometheus]:
        """Start one that reads these as the monitor says."""
        addresses = [url.removeprefix("https://") for url in self.cluster.address.members]
        config = scrape_config(
            monitor_spec(self.of, Scrape(labels={})),
            job=job(self.of),
            namespace="vault",
            pods={NODES[index]: addresses[index] for index in members},
            token_file=self.folder / "token",
            ca=self.cluster.ca_file,
        )
        with running_prometheus(self.folder / f"prometheus-{len(members)}", [config]) as running:
            yield running


@contextmanager
def _watched(emulator: Emulator, folder: Path, of: Pods, program: str | None) -> Iterator[Watched]:
    seal = kms_seal(emulator, custody_place(emulator))
    with running_sealed(
        folder / "cluster", seal, members=3, flavour=of.flavour, program=program
    ) as cluster:
        servers = Servers(cluster.address)
        answer = servers.client(cluster.address.members[0]).sys.initialize(
            recovery_shares=1, recovery_threshold=1
        )
        servers.wait_until_unsealed(60)
        (folder / "token").touch(mode=0o600)
        (folder / "token").write_text(answer["root_token"])
        yield Watched(cluster=cluster, folder=folder, of=of)


@pytest.mark.real
def test_standbys_of_hashicorp_vault_redirect_so_the_leader_is_read_and_tells_of_them(
    emulator: Emulator, tmp_path: Path
) -> None:
    program = VAULT.built()
    if program is None:
        pytest.skip("HashiCorp Vault can't be built: there is no Go")
    with _watched(emulator, tmp_path, pods(), str(program)) as watched:
        leader = watched.leader
        others = [index for index in range(3) if index != leader]

        # Everybody, as nobody should be read: what would be wrong then.
        with watched.prometheus(*range(3)) as prometheus:
            assert wait_until(lambda: all(map(prometheus.errors().get, _names(others))), 20.0)
            assert {prometheus.errors()[name] for name in _names(others)} == {
                "server returned HTTP status 307 Temporary Redirect"
            }
            assert prometheus.errors()[NODES[leader]] == ""

        with watched.prometheus(leader) as prometheus:
            # Autopilot looks every ten seconds.
            healthy = 'vault_autopilot_node_healthy{job="vault-active"} == 1'
            assert wait_until(lambda: len(prometheus.ask(healthy)) == len(NODES), 60.0)
            active = prometheus.ask("max by (pod) (vault_core_active) == 1")
            assert [each.labels["pod"] for each in active] == [NODES[leader]]
            assert not prometheus.ask(_sealed(watched.of))

            watched.cluster.stop(others[0])
            assert wait_until(lambda: bool(prometheus.ask(_sealed(watched.of))), 60.0)
            [gone] = prometheus.ask(_sealed(watched.of))
            assert gone.labels == {"node_id": NODES[others[0]]}


@pytest.mark.real
def test_standbys_of_openbao_tell_metrics_of_their_own(emulator: Emulator, tmp_path: Path) -> None:
    with _watched(emulator, tmp_path, openbao(), None) as watched:
        leader = watched.leader
        with watched.prometheus(*range(3)) as prometheus:
            assert wait_until(lambda: len(prometheus.ask("up == 1")) == len(NODES), 20.0)
            assert set(prometheus.errors().values()) == {""}
            active = prometheus.ask("max by (pod) (vault_core_active)")
            assert {each.labels["pod"]: each.value for each in active} == {
                name: float(index == leader) for index, name in enumerate(NODES)
            }
            assert not prometheus.ask(_sealed(watched.of))

            stopped = next(index for index in range(3) if index != leader)
            watched.cluster.stop(stopped)
            assert wait_until(lambda: bool(prometheus.ask(_sealed(watched.of))), 20.0)
            assert [each.labels["pod"] for each in prometheus.ask(_sealed(watched.of))] == [
                NODES[stopped]
            ]


def _names(members: list[int]) -> list[str]:
    return [NODES[index] for index in members]


def _sealed(of: Pods) -> str:
    args = RulesArgs(job=job(of), namespace="vault", replicas=3, leader_alone=leader_alone(of))
    rules = {rule["alert"]: rule["expr"] for rule in rule_spec(args)["groups"][0]["rules"]}
    return str(rules["VaultServerSealed"])
