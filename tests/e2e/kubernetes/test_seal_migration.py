"""Pods that go from one seal to another: the cloud's key, keys in custody, and back."""

import re
from collections.abc import Iterator

import pytest

from tests.e2e.kubernetes.scratch import IMAGES, ClusterScratch, until
from tests.e2e.kubernetes.sealed import kill, said_of_seal, sealed, serves

# Each is two runs of the engine and two rolls of three pods.
pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def migrating(
    scratch: ClusterScratch, flavour: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClusterScratch]:
    folder = tmp_path_factory.mktemp("migration")
    server = {"flavour": flavour, **IMAGES[flavour]}
    with sealed(scratch, folder, server, {"kind": "awskms"}) as made:
        made.up()
        assert serves(made)
        yield made


def _migrate(scratch: ClusterScratch, seal: str, former: str) -> str:
    said_of_seal(scratch, {"kind": seal}, former={"kind": former})
    scratch.up()
    ran = scratch.ops("migrate-seal", "--", "python", "-m", "ops", "roll")
    assert ran.code == 0, ran.output
    assert "rolled: 3 of 3 pods" in ran.output
    assert re.search(r"^pod vault/vault-[0-2] was given its keys$", ran.output, flags=re.MULTILINE)
    assert "https://127.0.0.1" not in ran.output
    return ran.output


def test_pods_go_to_keys_that_custody_holds(migrating: ClusterScratch) -> None:
    said = _migrate(migrating, "shamir", "awskms")

    assert "custody's keys are unseal keys now: 5 were renamed" in said
    assert serves(migrating)
    said_of_seal(migrating, {"kind": "shamir"})
    migrating.up()
    ran = migrating.ops("migrate-seal", "--", "python", "-m", "ops", "roll")
    assert ran.code == 0, ran.output
    assert serves(migrating)


def test_and_back_to_a_key_with_which_pods_unseal_by_themselves(migrating: ClusterScratch) -> None:
    said = _migrate(migrating, "awskms", "shamir")

    assert "custody's keys are recovery keys now: 5 were renamed" in said
    said_of_seal(migrating, {"kind": "awskms"})
    migrating.up()
    kill("vault-0", "vault-1", "vault-2")
    until("they unseal by themselves", lambda: serves(migrating))
