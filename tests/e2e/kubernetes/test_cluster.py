"""From an empty cluster to applications that show their secrets, and what the servers live through."""

import base64
import gzip
import hashlib
import json
import os
import re
import signal
import time

import pytest

from reach.pods import core
from tests.e2e.kubernetes.lab import STATE, restart_api_server
from tests.e2e.kubernetes.scratch import (
    ClusterScratch,
    api_server_answers,
    pods,
    read_as,
    ready,
    shown,
    until,
)

pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes]

VALUE = 'p"a\nss \\ $HOME `id` ü'


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def leader(scratch: ClusterScratch) -> str:
    status = scratch.sandbox("status").output
    [name] = re.findall(r"pod (\S+) +\S+ +\S+ +active", status)
    return str(name)


def test_a_preview_before_anything_is_there_finds_nothing(scratch: ClusterScratch) -> None:
    ran = scratch.sandbox("preview")

    assert ran.code == 0, ran.output
    assert "[mandatory]" not in ran.output
    assert pods("vault") == []


def test_an_empty_cluster_becomes_a_vault_whose_applications_show_their_secrets(
    scratch: ClusterScratch,
) -> None:
    ran = scratch.up()

    assert ready("vault") == 3
    assert "application shop/orders shows" in ran.output
    assert "application blog/web shows" in ran.output
    password = (scratch.sandbox_file("passwords") / "mailPassword").read_text()
    assert shown("shop/orders")["mail.json password"] == f"{len(password)} {digest(password)}"
    assert shown("shop/orders")["mail.env MAIL_PASSWORD"] == f"{len(password)} {digest(password)}"


def test_a_second_run_changes_nothing(scratch: ClusterScratch) -> None:
    before = {pod.metadata.uid for pod in pods("vault")}

    ran = scratch.up()

    assert not re.search(r"^ [+~-]  ", ran.output, flags=re.MULTILINE), ran.output
    assert {pod.metadata.uid for pod in pods("vault")} == before


def test_no_secret_stands_in_the_state_or_in_an_object_of_the_cluster(
    scratch: ClusterScratch,
) -> None:
    secrets = {
        file.name: file.read_text()
        for file in scratch.sandbox_file("passwords").iterdir()
        if file.name != "passphrase"
    }
    state = "".join(
        file.read_text()
        for file in scratch.sandbox_file("state").rglob("*.json*")
        if file.is_file()
    )
    # What helm stores of a release is a Secret too: its values must hold none.
    releases = core(None).list_namespaced_secret("vault", label_selector="owner=helm").items

    assert releases
    for name, value in secrets.items():
        assert value not in state, name
        for release in releases:
            assert value not in _release_text(release.data["release"]), name


def _release_text(encoded: str) -> str:
    return gzip.decompress(base64.b64decode(base64.b64decode(encoded))).decode()


def test_a_service_reads_its_own_secret_and_no_other(scratch: ClusterScratch) -> None:
    own = read_as(scratch, "shop/orders", "kv/shop/orders/mail")
    other = read_as(scratch, "shop/orders", "kv/blog/web/session")

    assert own.code == 0, own.output
    assert "password" in json.loads(own.output)["data"]["data"]
    assert other.code != 0
    assert "permission denied" in other.output


def test_another_service_account_is_refused(scratch: ClusterScratch) -> None:
    token = scratch.sandbox("token", "shop/default")

    ran = scratch.sourced(
        "python -m ops tunnel -- bao write auth/kubernetes/login role=svc-shop.orders jwt=-",
        input_=token.output.strip(),
    )

    assert ran.code != 0
    assert "service account name not authorized" in ran.output


def test_a_changed_secret_reaches_the_sidecar_and_survives_json_and_the_shell(
    scratch: ClusterScratch,
) -> None:
    changed = scratch.sourced("pulumi config set --secret mailPassword", input_=VALUE)
    assert changed.code == 0, changed.output

    scratch.up()

    wanted = f"{len(VALUE.encode())} {digest(VALUE)}"
    until(
        "the sidecar has rendered the new value",
        lambda: shown("shop/orders")["mail.json password"] == wanted,
    )
    until(
        "the file for the shell as well",
        lambda: shown("shop/orders")["mail.env MAIL_PASSWORD"].endswith(digest(VALUE)),
    )


def test_what_starts_with_its_secrets_has_the_new_value_once_its_pod_is_made_anew(
    scratch: ClusterScratch,
) -> None:
    key = (scratch.sandbox_file("passwords") / "blogSessionKey").read_text()
    old, wanted = (f"{len(each.encode())} {digest(each)}" for each in (key, VALUE))
    changed = scratch.sourced("pulumi config set --secret blogSessionKey", input_=VALUE)
    assert changed.code == 0, changed.output
    scratch.up()
    assert shown("blog/web") == {"session.json key": old}

    [pod] = pods("blog", "app=web")
    core(None).delete_namespaced_pod(pod.metadata.name, "blog")

    until("another pod is ready", lambda: ready("blog", "app=web") == 1)
    assert shown("blog/web") == {"session.json key": wanted}


def test_a_root_token_is_minted_from_the_recovery_keys(scratch: ClusterScratch) -> None:
    ran = scratch.ops("root", "--", "bao", "audit", "list")

    assert ran.code == 0, ran.output
    assert ran.output.count("file-") == 2


def test_all_pods_killed_unseal_by_themselves(scratch: ClusterScratch) -> None:
    for pod in pods("vault"):
        core(None).delete_namespaced_pod(pod.metadata.name, "vault", grace_period_seconds=0)

    until("three pods are ready again", lambda: len(pods("vault")) == 3 and ready("vault") == 3)

    assert read_as(scratch, "shop/orders", "kv/shop/orders/mail").code == 0


def test_a_server_that_lost_its_volume_joins_again(scratch: ClusterScratch) -> None:
    client = core(None)
    victim = next(
        pod.metadata.name for pod in pods("vault") if pod.metadata.name != leader(scratch)
    )
    for claim in (f"data-{victim}", f"audit-{victim}"):
        client.delete_namespaced_persistent_volume_claim(claim, "vault")
    client.delete_namespaced_pod(victim, "vault", grace_period_seconds=0)

    until("the pod is ready with a new volume", lambda: ready("vault") == 3)

    peers = scratch.ops("root", "--", "bao", "operator", "raft", "list-peers")
    assert peers.output.count("voter") + peers.output.count("follower") >= 2, peers.output
    assert victim in peers.output


def test_a_pod_that_starts_while_kms_is_silent_recovers(scratch: ClusterScratch) -> None:
    emulator = int(scratch.sandbox_file("emulator/pid").read_text())
    victim = next(
        pod.metadata.name for pod in pods("vault") if pod.metadata.name != leader(scratch)
    )
    os.kill(emulator, signal.SIGSTOP)
    try:
        core(None).delete_namespaced_pod(victim, "vault", grace_period_seconds=0)
        time.sleep(10)
        assert ready("vault") == 2
    finally:
        os.kill(emulator, signal.SIGCONT)

    until("the pod has unsealed", lambda: ready("vault") == 3)


def test_the_leader_killed_during_an_update_costs_nothing(scratch: ClusterScratch) -> None:
    scratch.service("shop/refunds", secrets={"bank": {"token": {"config": "bankToken"}}})
    name = leader(scratch)
    run = scratch.started("up")
    time.sleep(4)
    core(None).delete_namespaced_pod(name, "vault", grace_period_seconds=0)
    output, _ = run.communicate(timeout=300)
    if run.returncode != 0:
        until("three pods are ready again", lambda: ready("vault") == 3)
        scratch.up()

    until("three pods are ready again", lambda: ready("vault") == 3)
    ran = read_as(scratch, "shop/refunds", "kv/shop/refunds/bank")
    assert ran.code == 0, output + ran.output


def test_an_api_server_that_goes_away_during_an_update_costs_a_second_run_at_most(
    scratch: ClusterScratch,
) -> None:
    if not (STATE / "apiserver.pid").exists():
        pytest.skip("the API server is no process of the lab: it was not restarted")
    before = {pod.metadata.uid for pod in pods("vault")}
    scratch.service("shop/parcels", secrets={"track": {"token": {"config": "trackToken"}}})
    run = scratch.started("up")
    time.sleep(5)
    restart_api_server(5)
    output, _ = run.communicate(timeout=300)
    until("the API server answers", api_server_answers)
    if run.returncode != 0:
        assert "Traceback" not in output
        scratch.up()

    assert {pod.metadata.uid for pod in pods("vault")} == before
    assert ready("vault") == 3
    ran = read_as(scratch, "shop/parcels", "kv/shop/parcels/track")
    assert ran.code == 0, output + ran.output
