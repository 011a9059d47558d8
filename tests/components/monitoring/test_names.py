"""Every metric's name that alerts and dashboard use, held against what a real server tells."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from acl.grants import metrics_acl
from custody.bootstrap import bootstrap
from custody.errors import CustodyError
from custody.request import AwsCustody, Request
from custody.root import minted
from custody.secret import Secret
from custody.vault import Cluster as Servers
from custody.vault import wait_until
from tests.components.monitoring.names import FROM_SOURCE, USED
from tests.real.cluster import running_cluster
from tests.real.emulator import Emulator
from tests.real.faults import Faulty, faulty
from tests.real.request import request_for

pytestmark = [pytest.mark.real]


@dataclass(frozen=True, kw_only=True)
class Watched:
    request: Request
    token: Secret
    """May read metrics, and nothing else."""
    kms: Faulty
    """What leads the servers, and nobody else, to the seal key."""

    def told(self) -> set[str]:
        """Names that the leader tells."""
        client = Servers(self.request.cluster).active(self.token)
        answer = client.session.get(
            f"{client.url}/v1/sys/metrics?format=prometheus",
            # As Prometheus sends it.
            headers={"Authorization": f"Bearer {self.token.reveal()}"},
        )
        assert answer.status_code == 200
        return {re.split(r"[ {]", line)[0] for line in answer.text.splitlines() if line[:1] != "#"}


@pytest.fixture(scope="module")
def watched(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    from tests.real.emulator import custody_place  # noqa: PLC0415  as fixtures.py does for a session

    directory = tmp_path_factory.mktemp("watched")
    place: AwsCustody = custody_place(emulator)
    with (
        faulty(emulator.endpoint) as kms,
        pytest.MonkeyPatch.context() as at,
        running_cluster(directory, emulator, replace(place, endpoint=kms.url), members=3) as nodes,
    ):
        for name, value in emulator.environment.items():
            at.setenv(name, value)
        request = request_for(nodes.address, place, directory / "custody")
        bootstrap(request)
        with minted(nodes.address, place) as root:
            client = Servers(nodes.address).active(root)
            client.sys.create_or_update_acl_policy("metrics", metrics_acl())
            made = client.auth.token.create_orphan(policies=["metrics"], no_default_policy=True)
            yield Watched(request=request, token=Secret(made["auth"]["client_token"]), kms=kms)


def test_a_server_tells_every_metric_that_is_used(watched: Watched) -> None:
    expected = USED - FROM_SOURCE - {"vault_seal_decrypt_error"}

    # Autopilot and followers are told of some seconds after the election.
    wait_until(lambda: expected <= watched.told(), 60.0, pause=1.0)

    assert expected - watched.told() == set()
    assert USED >= FROM_SOURCE


def test_and_that_its_kms_refused(watched: Watched, tmp_path: Path) -> None:
    del tmp_path
    assert "vault_seal_decrypt_error" not in watched.told()
    watched.kms.deny("kms:Decrypt")
    # Whoever shows recovery keys has them compared with what the seal key opens.
    with suppress(CustodyError), minted(watched.request.cluster, watched.request.custody):
        pass
    watched.kms.heal()

    assert "vault_seal_decrypt_error" in watched.told()
