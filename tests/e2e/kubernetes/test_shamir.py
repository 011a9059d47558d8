"""Pods that custody's keys unseal: by the bootstrap, by a person, and by the Deployment that watches them."""

import base64
import re
from collections.abc import Iterator

import pytest

from reach.pods import core
from tests.e2e.kubernetes import program_image
from tests.e2e.kubernetes.scratch import IMAGES, ClusterScratch, pods, ready, until
from tests.e2e.kubernetes.sealed import kill, said_of_seal, sealed, serves

pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes]

IMAGE = "strongroom:test"
UNSEALER = "component=unsealer"


@pytest.fixture(scope="module")
def shared(
    scratch: ClusterScratch, flavour: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClusterScratch]:
    folder = tmp_path_factory.mktemp("shamir")
    server = {"flavour": flavour, **IMAGES[flavour]}
    with sealed(scratch, folder, server, {"kind": "shamir"}) as made:
        yield made


def test_the_bootstrap_unseals_pods_that_serve_a_secret(shared: ClusterScratch) -> None:
    shared.up()

    assert serves(shared)
    status = shared.ops("tunnel", "--", "bao", "status", "-format=json")
    assert '"type": "shamir"' in status.output


def test_a_killed_pod_stays_sealed_until_the_command_unseals_it(shared: ClusterScratch) -> None:
    kill("vault-0")

    until("it answers that it is sealed", lambda: "sealed" in shared.sandbox("status").output)
    assert ready("vault") == 2
    ran = shared.ops("unseal")

    assert ran.code == 0, ran.output
    assert "pod vault/vault-0 was sealed and is unsealed" in ran.output
    assert serves(shared)


def test_the_next_run_unseals_all_that_were_killed_and_changes_nothing(
    shared: ClusterScratch,
) -> None:
    kill("vault-0", "vault-1", "vault-2")

    ran = shared.up()

    assert ran.output.count("was sealed and is unsealed") == 3
    assert not re.search(r"^ [+~-]  ", ran.output, flags=re.MULTILINE), ran.output
    assert serves(shared)


@pytest.fixture(scope="module")
def watched(shared: ClusterScratch, tmp_path_factory: pytest.TempPathFactory) -> ClusterScratch:
    """The same with the Deployment."""
    if not program_image.load(f"docker.io/library/{IMAGE}", tmp_path_factory.mktemp("image")):
        pytest.skip("the cluster is not the lab's: its nodes have no image of this checkout")
    said_of_seal(shared, {"kind": "shamir", "unsealer": {"image": IMAGE}})
    shared.up()
    return shared


def test_the_deployment_watches_with_a_key_of_its_own(watched: ClusterScratch) -> None:
    until("its pod is ready", lambda: ready("vault", UNSEALER) == 1)

    [pod] = pods("vault", UNSEALER)
    assert pod.spec.service_account_name == "vault-unseal"
    secret = core(None).read_namespaced_secret("vault-unseal", "vault").data
    owners = watched.emulator()("iam").list_access_keys(
        UserName="strongroom-cluster-custody-unsealer"
    )
    [key] = [each["AccessKeyId"] for each in owners["AccessKeyMetadata"]]
    assert base64.b64decode(secret["AWS_ACCESS_KEY_ID"]).decode() == key
    log = core(None).read_namespaced_pod_log(pod.metadata.name, "vault")
    assert "watching https://vault-0.vault-internal.vault.svc:8200" in log


def test_killed_pods_are_unsealed_without_anybody_s_hand(watched: ClusterScratch) -> None:
    kill("vault-1")
    assert serves(watched)

    kill("vault-0", "vault-1", "vault-2")

    assert serves(watched)
    [pod] = pods("vault", UNSEALER)
    log = core(None).read_namespaced_pod_log(pod.metadata.name, "vault")
    assert log.count("was sealed and is unsealed") == 4
    assert pod.status.container_statuses[0].restart_count == 0


def test_a_second_run_with_the_deployment_changes_nothing(watched: ClusterScratch) -> None:
    [before] = pods("vault", UNSEALER)

    ran = watched.up()

    assert not re.search(r"^ [+~-]  ", ran.output, flags=re.MULTILINE), ran.output
    assert [pod.metadata.uid for pod in pods("vault", UNSEALER)] == [before.metadata.uid]
