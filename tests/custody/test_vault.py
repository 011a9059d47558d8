"""How the servers are reached: with the CA that was given and nothing else from this machine's environment."""

from dataclasses import replace
from pathlib import Path

import pytest

from custody.bootstrap import bootstrap
from custody.errors import CustodyError, UnreachableError
from custody.request import AwsCustody, ClusterAddress
from custody.secret import Secret
from custody.vault import Cluster as Servers
from custody.vault import ask
from sandbox import certificates
from sandbox.layout import Layout
from tests.real.cluster import Cluster
from tests.real.inside import bucket_names
from tests.real.request import request_for


@pytest.fixture
def another_ca(tmp_path: Path) -> str:
    layout = Layout(checkout=tmp_path / "another")
    layout.prepare()
    certificates.ensure(layout)
    return (layout.tls / "ca.pem").read_text()


@pytest.mark.real
def test_a_server_of_another_ca_is_refused_and_told_nothing(
    empty_cluster: Cluster, place: AwsCustody, another_ca: str, tmp_path: Path
) -> None:
    address = replace(empty_cluster.address, ca_certificate=another_ca)

    with pytest.raises(CustodyError, match="does not show a certificate of the CA"):
        bootstrap(request_for(address, place, tmp_path / "custody"))

    assert bucket_names(request_for(empty_cluster.address, place, tmp_path)) == {}


@pytest.mark.real
def test_neither_proxies_nor_tokens_of_the_environment_are_used(
    empty_cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".vault-token").write_text("s.of-the-operator")
    for name, value in {
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
        "VAULT_TOKEN": "s.of-the-operator",
        "VAULT_ADDR": "https://127.0.0.1:1",
        "REQUESTS_CA_BUNDLE": "/nowhere",
        "HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)

    servers = Servers(empty_cluster.address)

    assert [member is not None for member in servers.members()] == [True]
    assert not servers.client(empty_cluster.address.members[0]).token


@pytest.mark.parametrize("pem", ["", "no certificate", "-----BEGIN CERTIFICATE-----\n"])
def test_without_a_ca_nobody_is_trusted(pem: str) -> None:
    with pytest.raises(CustodyError, match="no PEM certificate"):
        Servers(_nowhere(pem))


def test_a_silent_server_hangs_no_request_on_the_error(another_ca: str) -> None:
    servers = Servers(_nowhere(another_ca))
    client = servers.client("https://127.0.0.1:1", Secret("s.never-shown"))

    with pytest.raises(UnreachableError, match="does not answer") as silent:
        ask(client.url, "lookup", client.auth.token.lookup_self)

    assert silent.value.__context__ is None
    assert servers.members() == (None,)


def _nowhere(pem: str) -> ClusterAddress:
    return ClusterAddress(
        flavour="openbao",
        members=("https://127.0.0.1:1",),
        generate_root_members=("https://127.0.0.1:1",),
        ca_certificate=pem,
    )
