"""A whole bootstrap over Alibaba Cloud: real OpenBao with the alicloudkms seal, everything else tests/real/alicloud."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from custody import names
from custody.bootstrap import bootstrap, check
from custody.errors import RefusedError
from custody.request import AlicloudCustody, Request
from custody.root import minted
from custody.secret import Secret
from custody.store import custody_at
from custody.vault import Cluster as Servers
from ops.snapshot import SnapshotError, take, verify
from sandbox import certificates
from sandbox.layout import Layout
from tests.real.alicloud.account import PLACE, READER, SEAL_USER, WRITER, account
from tests.real.alicloud.server import PIPELINE, REGION, Services
from tests.real.alicloud.signatures import AccessKey
from tests.real.cluster import Cluster, NodeSeal, running_sealed
from tests.real.inside import bucket_names, look_inside
from tests.real.request import impatient, request_for

pytestmark = pytest.mark.real


@dataclass(frozen=True, kw_only=True)
class Vault:
    """A running cluster and the cloud that it is sealed with."""

    cluster: Cluster
    services: Services
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
def _vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, members: int = 1) -> Iterator[Vault]:
    cloud = Layout(checkout=tmp_path / "cloud")
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
        with running_sealed(tmp_path / "cluster", seal, members=members) as cluster:
            yield Vault(
                cluster=cluster,
                services=services,
                key=key,
                request=request_for(
                    cluster.address, _with(place, environment), tmp_path / "custody"
                ),
            )


def _with(place: AlicloudCustody, environment: Mapping[str, str]) -> AlicloudCustody:
    secrets = {name: Secret(value) for name, value in environment.items()}
    return replace(place, seal_credentials=secrets)


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    with _vault(tmp_path, monkeypatch) as running:
        yield running


def test_a_cluster_is_owned_by_the_roles_that_the_program_declares(vault: Vault) -> None:
    bootstrap(vault.request)

    assert check(vault.request).as_declared
    assert look_inside(vault.request).root_tokens == 0
    stored = bucket_names(vault.request)
    assert {name for name, current in stored.items() if current} == {
        names.INTENT,
        names.OWNER,
        *(names.key("recovery", index) for index in range(5)),
    }
    assert names.ROOT not in stored
    assert stored[names.ENVELOPE] is False
    callers = {who for who, _ in vault.services.asked}
    assert callers == {PIPELINE, WRITER, READER, SEAL_USER}
    by_servers = {action for who, action in vault.services.asked if who == SEAL_USER}
    assert by_servers == {"kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"}


def test_it_is_owned_once_and_again_is_nothing_new(vault: Vault) -> None:
    first = bootstrap(vault.request)
    objects = {
        name: [each.id for each in versions]
        for name, versions in vault.services.oss.buckets[PLACE.bucket].objects.items()
    }

    assert bootstrap(vault.request) == first
    assert objects == {
        name: [each.id for each in versions]
        for name, versions in vault.services.oss.buckets[PLACE.bucket].objects.items()
    }


def test_recovery_keys_are_as_bank_vaults_reads_them(vault: Vault) -> None:
    bootstrap(vault.request)

    custody = custody_at(vault.request.custody)
    body = custody.get(names.key("recovery", 0))
    assert body is not None
    text = vault.services.kms.call(
        "Decrypt", {"CiphertextBlob": body.decode()}, lambda _action, _resource: None
    )["Plaintext"]
    assert len(bytes.fromhex(text)) > 16


def test_servers_unseal_by_themselves_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _vault(tmp_path, monkeypatch, members=3) as vault:
        bootstrap(vault.request)
        vault.cluster.stop(1)
        vault.cluster.start(1)

        Servers(vault.request.cluster).wait_until_unsealed(30)


def test_a_seal_key_that_the_servers_may_not_use_is_found_before_init(vault: Vault) -> None:
    vault.shut_out()

    with pytest.raises(RefusedError, match="the servers' key can't kms:DescribeKey"):
        bootstrap(impatient(vault.request))

    [member] = Servers(vault.request.cluster).members()
    assert member is not None
    assert not member.initialised


def test_a_snapshot_that_servers_with_an_expired_key_gave_is_not_trusted(
    vault: Vault, tmp_path: Path
) -> None:
    bootstrap(vault.request)
    with minted(vault.request.cluster, vault.request.custody) as token:
        client = Servers(vault.request.cluster).active(token)
        verify(take(client, tmp_path / "snapshots"))

        vault.shut_out()
        with pytest.raises(SnapshotError) as refused:
            take(client, tmp_path / "snapshots")
        vault.let_in()

    assert "seal" in str(refused.value)
    assert len(list((tmp_path / "snapshots").iterdir())) == 1
