import dataclasses
from pathlib import Path

import pytest

from components.server.configuration import (
    NodeArgs,
    Stanza,
    node_configuration,
    pod_configuration,
)
from components.server.pods import Image, Pods, PodSeal
from custody.vault import Cluster as Servers
from tests.components.server.examples import KEYS, POD_IDENTITY, WEB_IDENTITY, openbao, pods
from tests.e2e.kubernetes.lab import VAULT
from tests.real.cluster import kms_seal, running_sealed
from tests.real.emulator import Emulator, custody_place
from tests.real.fixtures import emulator

__all__ = ["emulator"]

ARGS = NodeArgs(
    flavour="openbao",
    node_id="node-0",
    data="/vault/data",
    api="127.0.0.1:8200",
    cluster="127.0.0.1:8201",
    generate_root="127.0.0.1:8300",
    certificate="/tls/server.pem",
    key="/tls/key.pem",
    ca="/tls/ca.pem",
    peers=("https://127.0.0.1:8202", "https://127.0.0.1:8204"),
    seal_kind="awskms",
    seal={"region": "eu-central-1", "kms_key_id": "key"},
    audit=("/log/one", "/log/two"),
)


def test_a_stanza_quotes_what_is_a_string() -> None:
    stanza = Stanza(kind="seal", labels=("awskms",), values={"kms_key_id": 'a"b', "on": True})

    assert stanza.render() == 'seal "awskms" {\n  kms_key_id = "a\\"b"\n  on = true\n}\n'


def test_a_node_joins_each_peer_over_verified_tls() -> None:
    text = node_configuration(ARGS)

    assert text.count("retry_join {") == 2
    assert text.count('leader_ca_cert_file = "/tls/ca.pem"') == 2
    # retry_join stands inside the storage stanza, where raft looks for it.
    storage = text.split('storage "raft" {')[1].split("\n}\n")[0]
    assert storage.count("retry_join {") == 2


def test_every_listener_has_tls() -> None:
    text = node_configuration(ARGS)

    assert text.count('listener "tcp" {') == 2
    assert text.count("tls_cert_file") == 2
    assert "tls_disable" not in text


def test_openbao_has_two_audit_devices_and_opens_generate_root_on_one_listener() -> None:
    text = node_configuration(ARGS)

    assert text.count('audit "file"') == 2
    assert text.count("disable_unauthed_generate_root_endpoints = false") == 1
    listener = text.split("disable_unauthed_generate_root_endpoints")[0].rpartition("listener")[2]
    assert "127.0.0.1:8300" in listener


def test_hashicorp_vault_is_given_no_stanza_that_it_does_not_know() -> None:
    text = node_configuration(dataclasses.replace(ARGS, flavour="vault"))

    assert "standby_reads" not in text
    assert 'audit "' not in text
    assert "disable_unauthed" not in text


def test_processes_are_told_to_answer_generate_root_whatever_version_of_vault_they_are() -> None:
    opened = 'enable_unauthenticated_access = ["generate-root"]\n'

    text = node_configuration(dataclasses.replace(ARGS, flavour="vault"))

    # At the top: within a stanza it would be passed over.
    assert opened in text.split("storage")[0]
    assert opened not in node_configuration(ARGS)


@pytest.mark.real
def test_hashicorp_vault_1_warns_of_what_only_version_2_is_told_and_answers_generate_root(
    emulator: Emulator, tmp_path: Path
) -> None:
    program = VAULT.built()
    if program is None:
        pytest.skip("HashiCorp Vault can't be built: there is no Go")
    seal = kms_seal(emulator, custody_place(emulator))
    with running_sealed(
        tmp_path / "cluster", seal, flavour="vault", program=str(program)
    ) as cluster:
        servers = Servers(cluster.address)
        client = servers.client(cluster.address.members[0])
        client.sys.initialize(recovery_shares=1, recovery_threshold=1)
        servers.wait_until_unsealed(60)

        assert servers.active_generate_root().sys.read_root_generation_progress()["nonce"] == ""
        log = (Path(cluster.nodes[0].directory) / "server.log").read_text()

    assert "unknown or unsupported field enable_unauthenticated_access" in log


def test_no_credential_stands_in_the_file() -> None:
    text = node_configuration(ARGS)

    assert "access_key" not in text
    assert "secret_key" not in text


def _storage(text: str) -> str:
    return text.split('storage "raft" {')[1].split("\n}\n", maxsplit=1)[0]


@pytest.mark.parametrize("replicas", [1, 3, 5])
def test_each_pod_joins_every_peer_by_a_name_of_the_certificate(replicas: int) -> None:
    text = pod_configuration(pods(replicas=replicas), WEB_IDENTITY)

    peers = [line.split('"')[1] for line in text.splitlines() if "leader_api_addr" in line]
    assert peers == [f"https://vault-{index}.vault-internal:8200" for index in range(replicas)]
    # Inside the storage stanza, where raft looks for it, and verified.
    assert _storage(text).count("retry_join {") == replicas
    assert _storage(text).count('leader_ca_cert_file = "/vault/tls/ca.crt"') == replicas


def test_pods_do_not_look_for_each_other_by_readiness() -> None:
    assert "auto_join" not in pod_configuration(pods(), WEB_IDENTITY)


def test_what_differs_from_pod_to_pod_is_left_to_the_chart_s_environment() -> None:
    text = "\n" + pod_configuration(pods(), WEB_IDENTITY)

    for key in ("node_id", "\napi_addr", "\ncluster_addr"):
        assert key not in text


def test_pods_listen_everywhere_with_tls_and_on_the_loopback_for_generate_root() -> None:
    text = pod_configuration(openbao(), WEB_IDENTITY)

    assert [line.split('"')[1] for line in text.splitlines() if "  address =" in line] == [
        "[::]:8200",
        "127.0.0.1:8210",
    ]
    assert text.count('tls_key_file = "/vault/tls/tls.key"') == 2
    assert "tls_disable" not in text


@pytest.mark.parametrize(
    ("of", "top", "listener"),
    [
        (pods(), True, False),
        (pods(image=Image(repository="hashicorp/vault", tag="1.19.0")), False, False),
        (openbao(), False, True),
    ],
)
def test_generate_root_is_opened_as_each_server_wants_it(
    of: Pods, *, top: bool, listener: bool
) -> None:
    text = pod_configuration(of, WEB_IDENTITY)

    opened = 'enable_unauthenticated_access = ["generate-root"]\n'
    # At the top: within a stanza it would be passed over.
    assert (opened in text.split("storage")[0]) is top
    on_listener = text.split("disable_unauthed_generate_root_endpoints = false")
    assert (len(on_listener) == 2) is listener
    if listener:
        assert "127.0.0.1:8210" in on_listener[0].rpartition("listener")[2]


def test_the_leader_s_pod_is_labelled() -> None:
    assert 'service_registration "kubernetes" {' in pod_configuration(pods(), WEB_IDENTITY)


def test_a_web_identity_stands_in_the_stanza() -> None:
    text = pod_configuration(pods(), WEB_IDENTITY)

    seal = text.split('seal "awskms" {')[1].split("}")[0]
    assert 'role_arn = "arn:aws:iam::1:role/vault"' in seal
    assert 'web_identity_token_file = "/var/run/secrets/strongroom/token"' in seal


@pytest.mark.parametrize("seal", [POD_IDENTITY, KEYS])
def test_other_identities_stand_in_no_stanza(seal: object) -> None:
    text = pod_configuration(pods(), seal)  # type: ignore[arg-type]

    assert "role_arn" not in text
    assert "web_identity" not in text
    assert "access_key" not in text


def test_openbao_s_pods_keep_two_audit_logs_on_their_volume() -> None:
    text = pod_configuration(openbao(), WEB_IDENTITY)

    assert 'file_path = "/vault/audit/audit-0.log"' in text
    assert 'file_path = "/vault/audit/audit-1.log"' in text
    assert 'audit "' not in pod_configuration(pods(), WEB_IDENTITY)


def test_the_chart_finds_that_mlock_is_decided() -> None:
    """It appends its own line otherwise: a second one."""
    text = pod_configuration(pods(), WEB_IDENTITY)

    assert text.count("disable_mlock") == 1
    assert "\ndisable_mlock = true\n" in text


TRANSIT = PodSeal(
    kind="transit",
    parameters={"address": "https://keeper:8300", "mount_path": "transit", "key_name": "k"},
    secret_environment=("VAULT_TOKEN",),
    ca_certificate="PEM",
)


def test_shamir_is_a_server_without_any_seal_stanza() -> None:
    node = node_configuration(dataclasses.replace(ARGS, seal_kind="shamir", seal={}))
    pod = pod_configuration(pods(), PodSeal(kind="shamir", parameters={}))

    assert 'seal "' not in node
    assert 'seal "' not in pod


def test_a_pod_s_keeper_is_verified_by_a_file_and_its_token_is_nowhere() -> None:
    text = pod_configuration(openbao(), TRANSIT)

    stanza = text.split('seal "transit" {')[1].split("\n}\n")[0]
    assert 'tls_ca_cert = "/vault/seal/keeper-ca.pem"' in stanza
    assert "token" not in stanza


def test_what_is_being_left_stands_there_disabled_and_shamir_not_at_all() -> None:
    to_shamir = node_configuration(
        dataclasses.replace(
            ARGS, seal_kind="shamir", seal={}, former_seal=(ARGS.seal_kind, ARGS.seal)
        )
    )
    from_shamir = node_configuration(dataclasses.replace(ARGS, former_seal=("shamir", {})))
    between = pod_configuration(pods(), dataclasses.replace(TRANSIT, former=WEB_IDENTITY))

    assert to_shamir.count('seal "') == 1
    assert 'disabled = "true"' in to_shamir.split('seal "awskms" {')[1].split("\n}\n")[0]
    assert "disabled" not in from_shamir
    assert "disabled" not in between.split('seal "transit" {')[1].split("\n}\n")[0]
    assert 'disabled = "true"' in between.split('seal "awskms" {')[1].split("\n}\n")[0]
