from components.server.tls.names import server_names
from tests.components.server.examples import pods


def test_every_way_to_a_server_has_its_name() -> None:
    names = server_names(pods(namespace="secrets"))

    assert {
        # Peers join by it, and it covers each pod.
        "*.vault-internal",
        "*.vault-internal.secrets.svc",
        # The injector's agents, and who follows the leader.
        "vault.secrets.svc",
        "vault-active.secrets.svc",
        "vault.secrets.svc.cluster.local",
        "localhost",
    } <= set(names.dns)
    # Probes, port-forwards and the tunnel.
    assert names.ips == ("127.0.0.1",)


def test_names_from_outside_are_taken_for_what_they_are() -> None:
    names = server_names(pods(), ["vault.example.com", "10.0.0.7"])

    assert "vault.example.com" in names.dns
    assert names.ips == ("10.0.0.7", "127.0.0.1")


def test_names_follow_the_release() -> None:
    assert "*.secrets-internal" in server_names(pods(release="secrets")).dns
