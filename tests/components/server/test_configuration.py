import dataclasses

from components.server.configuration import NodeArgs, Stanza, node_configuration

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


def test_openbao_s_standbys_answer_no_read_that_might_be_old() -> None:
    assert "\ndisable_standby_reads = true\n" in node_configuration(ARGS)


def test_hashicorp_vault_is_given_no_stanza_that_it_does_not_know() -> None:
    text = node_configuration(dataclasses.replace(ARGS, flavour="vault"))

    assert "standby_reads" not in text
    assert 'audit "' not in text
    assert "disable_unauthed" not in text


def test_no_credential_stands_in_the_file() -> None:
    text = node_configuration(ARGS)

    assert "access_key" not in text
    assert "secret_key" not in text
