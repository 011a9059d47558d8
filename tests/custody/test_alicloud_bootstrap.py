"""A whole bootstrap over Alibaba Cloud: real OpenBao with the alicloudkms seal, everything else tests/real/alicloud."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from custody import names
from custody.bootstrap import bootstrap, check
from custody.errors import RefusedError
from custody.root import minted
from custody.store import custody_at
from custody.vault import Cluster as Servers
from ops.snapshot import SnapshotError, take, verify
from tests.real.alicloud.account import PLACE, READER, SEAL_USER, WRITER
from tests.real.alicloud.server import PIPELINE
from tests.real.alicloud.vault import Vault, running_vault
from tests.real.inside import bucket_names, look_inside
from tests.real.request import impatient

pytestmark = pytest.mark.real


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    with running_vault(tmp_path, monkeypatch) as running:
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
    with running_vault(tmp_path, monkeypatch, members=3) as vault:
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
