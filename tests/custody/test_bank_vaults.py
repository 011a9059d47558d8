"""Bank-Vaults 1.33 reads what we store, and we read what it leaves."""

from dataclasses import replace
from pathlib import Path

import pytest

from custody.bootstrap import bootstrap
from custody.request import AwsCustody
from custody.root import minted
from custody.vault import Cluster as Servers
from tests.real.bank_vaults import bank_vaults, run
from tests.real.cluster import Cluster
from tests.real.emulator import Emulator
from tests.real.inside import look_inside
from tests.real.killed import run_killed
from tests.real.request import request_for

pytestmark = pytest.mark.real

_CONFIGURATION = """
policies:
- name: written-by-bank-vaults
  rules: path "kv/*" { capabilities = ["read"] }
"""


@pytest.fixture
def program() -> Path:
    found = bank_vaults()
    if found is None:
        pytest.skip("bank-vaults can't be built: no Go here, and BANK_VAULTS names none")
    return found


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "vault-config.yml"
    path.write_text(_CONFIGURATION)
    return path


def policies(client: Servers, place: AwsCustody) -> list[str]:
    with minted(client.address, place) as token:
        listed: list[str] = client.active(token).sys.list_policies()["data"]["policies"]
        return listed


@pytest.mark.parametrize("prefix", ["", "prod/"])
def test_it_mints_a_root_token_from_our_recovery_keys(
    prefix: str,
    program: Path,
    configuration: Path,
    cluster: Cluster,
    emulator: Emulator,
    place: AwsCustody,
    tmp_path: Path,
) -> None:
    place = replace(place, prefix=prefix)
    request = request_for(cluster.address, place, tmp_path / "custody")
    bootstrap(request)

    finished = run(
        program,
        [
            "configure",
            "--fatal",
            "--disable-metrics",
            "--store-root-token=false",
            f"--vault-config-file={configuration}",
        ],
        emulator=emulator,
        place=place,
        cluster=cluster,
    )

    assert finished.returncode == 0, finished.stderr
    # It mints a root token for itself, and never revokes it: our next mint does.
    request = replace(request, custody=place)
    assert look_inside(request).root_tokens == 1
    assert "written-by-bank-vaults" in policies(Servers(cluster.address), place)
    assert look_inside(request).root_tokens == 0


def test_it_uses_the_root_token_that_lies_there_until_the_cluster_is_owned(
    program: Path,
    configuration: Path,
    cluster: Cluster,
    emulator: Emulator,
    place: AwsCustody,
    tmp_path: Path,
) -> None:
    request = request_for(cluster.address, place, tmp_path / "custody")
    run_killed(request, "before audit devices")

    finished = run(
        program,
        ["configure", "--fatal", "--disable-metrics", f"--vault-config-file={configuration}"],
        emulator=emulator,
        place=place,
        cluster=cluster,
    )

    assert finished.returncode == 0, finished.stderr
    bootstrap(request)
    assert look_inside(request).root_tokens == 0
    assert "written-by-bank-vaults" in policies(Servers(cluster.address), place)
