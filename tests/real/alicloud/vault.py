"""Real OpenBao whose alicloudkms seal asks the services, with custody there: the whole of a stack on Alibaba Cloud."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from custody.request import AlicloudCustody, Request
from custody.secret import Secret
from sandbox import certificates
from sandbox.layout import Layout
from tests.real.alicloud.account import PLACE, SEAL_USER, account
from tests.real.alicloud.server import PIPELINE, REGION, Services
from tests.real.alicloud.signatures import AccessKey
from tests.real.cluster import Cluster, NodeSeal, running_sealed
from tests.real.request import request_for


@dataclass(frozen=True, kw_only=True)
class Vault:
    """A running cluster and the cloud that it is sealed with."""

    cluster: Cluster
    services: Services
    seal: NodeSeal
    key: AccessKey
    """The servers' own."""
    request: Request

    def shut_out(self) -> None:
        """Let the servers' key expire."""
        self.services.keys[self.key.id] = replace(self.key, active=False)

    def let_in(self) -> None:
        """Let it work again."""
        self.services.keys[self.key.id] = self.key


@contextmanager
def running_vault(
    directory: Path, monkeypatch: pytest.MonkeyPatch, *, members: int = 1
) -> Iterator[Vault]:
    """Run both, and sign this process in as the pipeline."""
    cloud = Layout(checkout=directory / "cloud")
    cloud.prepare()
    certificates.ensure(cloud)
    tls = (cloud.tls / "server.pem", cloud.tls / "server-key.pem")
    with account(PLACE, tls=tls) as (services, place):
        pipeline, key = services.key(PIPELINE), services.key(SEAL_USER)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", pipeline.id)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", pipeline.secret)
        environment = {"ALICLOUD_ACCESS_KEY": key.id, "ALICLOUD_SECRET_KEY": key.secret}
        seal = NodeSeal(
            kind="alicloudkms",
            parameters={"region": REGION, "kms_key_id": place.seal_key, "domain": services.tls},
            environment={**environment, "ALICLOUD_REGION": REGION},
            ca_file=cloud.tls / "ca.pem",
        )
        with running_sealed(directory / "cluster", seal, members=members) as cluster:
            yield Vault(
                cluster=cluster,
                services=services,
                seal=seal,
                key=key,
                request=request_for(
                    cluster.address, _with(place, environment), directory / "custody"
                ),
            )


def _with(place: AlicloudCustody, environment: Mapping[str, str]) -> AlicloudCustody:
    secrets = {name: Secret(value) for name, value in environment.items()}
    return replace(place, seal_credentials=secrets)
