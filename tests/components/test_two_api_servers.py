"""Two clusters at once: two API servers with an issuer each, one OpenBao, and the engine with a program of ours.

`plant` judges by review, `edge` by the keys that it publishes. `shop/orders` lives in both, `shop/search` at the edge.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
import pytest
from hvac.exceptions import Forbidden, InvalidRequest

from acl.account import Shape, account_acl
from custody.bootstrap import bootstrap
from tests.real.api_servers import ApiServer, running_api_servers
from tests.real.cluster import Cluster, running_cluster
from tests.real.emulator import Emulator, custody_place
from tests.real.fixtures import emulator
from tests.real.request import PASSWORD, request_for
from tests.sandbox.plugins.stack import Stack, running

__all__ = ["emulator"]

pytestmark = [pytest.mark.real, pytest.mark.e2e, pytest.mark.kubernetes]

CHECKOUT = Path(__file__).parents[2]
SHAPE = Shape(
    key_value=frozenset({"kv"}),
    methods={"kubernetes-edge": "jwt", "kubernetes-plant": "kubernetes"},
)
REFUSED = (Forbidden, InvalidRequest)
ORDERS, SEARCH = "shop/orders", "shop/search"


@dataclass(frozen=True)
class Clusters:
    """Everything that runs. Tests follow one another, each from what the one before left."""

    edge: ApiServer
    plant: ApiServer
    vault: Cluster
    stack: Stack

    def declare(
        self, edge: dict[str, Any] | None = None, plant: dict[str, Any] | None = None
    ) -> None:
        said = {
            "services": {ORDERS: ["edge", "plant"], SEARCH: ["edge"]},
            "clusters": {"edge": edge or {}, "plant": plant or {"host": self.plant.address}},
        }
        (self.stack.folder / "declared.json").write_text(json.dumps(said))

    def login(self, mount: str, service: str, token: str) -> hvac.Client:
        """Log in as a pod's agent does, in the role of `service`."""
        client = hvac.Client(url=self.vault.address.members[0], verify=str(self.vault.ca_file))
        role = f"svc-{service.replace('/', '.')}"
        answer: Any = client.write_data(f"auth/{mount}/login", data={"role": role, "jwt": token})
        client.token = answer["auth"]["client_token"]
        return client


def mail(client: hvac.Client) -> dict[str, str]:
    answer: Any = client.read("kv/data/shop/orders/mail")
    read: dict[str, str] = answer["data"]["data"]
    return read


@pytest.fixture(scope="module")
def clusters(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clusters]:
    place = custody_place(emulator)
    directory = tmp_path_factory.mktemp("clusters")
    with (
        running_api_servers(directory, "edge", "plant") as servers,
        running_cluster(directory / "vault", emulator, place) as vault,
        pytest.MonkeyPatch.context() as at,
    ):
        for name, value in emulator.environment.items():
            at.setenv(name, value)
        acl = account_acl(SHAPE, name="strongroom", mount="strongroom")
        bootstrap(request_for(vault.address, place, directory / "custody", acl=acl))
        for each in servers.values():
            each.namespace("shop")
        more = {
            "KUBECONFIG": str(directory / "kubeconfig"),
            "PYTHONPATH": str(CHECKOUT),
            "TEST_VAULT": vault.address.members[0],
            "TEST_CA": str(vault.ca_file),
            "TEST_PASSWORD": PASSWORD,
        }
        program = Path(__file__).parent / "other_clusters.py"
        with running(program, tmp_path_factory.mktemp("stack"), more) as stack:
            made = Clusters(**servers, vault=vault, stack=stack)
            made.declare()
            stack.up()
            yield made
            for each in servers.values():
                if each.process is None:
                    each.start()


def test_each_cluster_s_tokens_open_what_is_the_service_s(clusters: Clusters) -> None:
    for server in (clusters.edge, clusters.plant):
        client = clusters.login(f"kubernetes-{server.name}", ORDERS, server.token(ORDERS))

        assert mail(client) == {"password": "correct-horse"}
    assert clusters.stack.planned() == {}


def test_a_token_of_one_cluster_is_refused_at_the_other_s_mount(clusters: Clusters) -> None:
    edge, plant = clusters.edge, clusters.plant
    for mount, server in (("kubernetes-plant", edge), ("kubernetes-edge", plant)):
        with pytest.raises(REFUSED):
            clusters.login(mount, ORDERS, server.token(ORDERS))


def test_another_account_and_another_audience_are_refused_in_each(clusters: Clusters) -> None:
    for server in (clusters.edge, clusters.plant):
        for token in (server.token("shop/default"), server.token(ORDERS, audience="other")):
            with pytest.raises(REFUSED):
                clusters.login(f"kubernetes-{server.name}", ORDERS, token)


def test_a_service_in_both_has_two_roles_and_one_acl(clusters: Clusters) -> None:
    resources = json.loads(clusters.stack.state())["deployment"]["resources"]
    roles = [
        (each["outputs"]["backend"], each["outputs"]["roleName"])
        for each in resources
        if each["type"].endswith(":AuthBackendRole")
    ]
    assert sorted(roles) == [
        ("kubernetes-edge", "svc-shop.orders"),
        ("kubernetes-edge", "svc-shop.search"),
        ("kubernetes-plant", "svc-shop.orders"),
    ]
    acls = [r["outputs"]["name"] for r in resources if r["type"] == "vault:index/policy:Policy"]
    assert sorted(acls) == ["svc-shop.orders", "svc-shop.search"]
    for server in (clusters.edge, clusters.plant):
        client = clusters.login(f"kubernetes-{server.name}", ORDERS, server.token(ORDERS))
        token = client.auth.token.lookup_self()["data"]
        assert token["policies"] == ["default", "svc-shop.orders"]
    # The plant has neither its ServiceAccount nor its role.
    named = [
        each.metadata.name
        for each in clusters.plant.core.list_namespaced_service_account("shop").items
    ]
    assert "search" not in named
    with pytest.raises(REFUSED):
        clusters.login("kubernetes-plant", SEARCH, clusters.plant.token("shop/default"))


def test_the_reviewer_s_token_is_in_no_plain_text(clusters: Clusters) -> None:
    secret = clusters.plant.core.read_namespaced_secret("vault-reviewer-token", "strongroom")

    state = clusters.stack.state()

    assert "kubernetes-plant" in state
    assert secret.data["token"] not in state
    assert secret.data["token"][:100] not in state
    assert "eyJhbGciOi" not in state


def test_a_review_knows_what_is_gone_and_keys_do_not(clusters: Clusters) -> None:
    for server, knows in ((clusters.plant, True), (clusters.edge, False)):
        mount, token = f"kubernetes-{server.name}", server.token(ORDERS)
        account = server.core.read_namespaced_service_account("orders", "shop")
        server.core.delete_namespaced_service_account("orders", "shop")

        if knows:
            with pytest.raises(REFUSED):
                clusters.login(mount, ORDERS, token)
        else:
            clusters.login(mount, ORDERS, token)
        account.metadata.resource_version = account.metadata.uid = None
        server.core.create_namespaced_service_account("shop", account)


def test_silence_of_an_api_server_keeps_nobody_from_the_others(clusters: Clusters) -> None:
    clusters.edge.stop()
    said = clusters.stack.pulumi("preview")
    clusters.edge.start()

    assert "cluster edge: the Kubernetes API server refuses" in said


def test_rotated_keys_are_fetched_by_the_next_up(clusters: Clusters) -> None:
    old = clusters.edge.token(ORDERS)
    clusters.login("kubernetes-edge", ORDERS, old)
    clusters.edge.rotate()
    new = clusters.edge.token(ORDERS)
    with pytest.raises(REFUSED):
        clusters.login("kubernetes-edge", ORDERS, new)

    planned = clusters.stack.planned()
    clusters.stack.up()

    assert planned == {"edge-keys": "update", "edge-login-mount": "update"}
    clusters.login("kubernetes-edge", ORDERS, new)
    with pytest.raises(REFUSED):
        clusters.login("kubernetes-edge", ORDERS, old)
    assert clusters.stack.planned() == {}


def test_another_issuer_than_the_one_that_was_said_is_refused(clusters: Clusters) -> None:
    clusters.declare(edge={"issuer": "https://elsewhere.example.com"})

    said = clusters.stack.failed("preview")

    assert (
        "clusters.edge.access.issuer is https://elsewhere.example.com, and the API server" in said
    )
    assert "Traceback" not in said
    clusters.declare(edge={"issuer": clusters.edge.issuer})
    assert clusters.stack.planned() == {}


def test_clients_that_review_themselves_need_the_api_server_s_audience(clusters: Clusters) -> None:
    plant = clusters.plant
    ca = (plant.directory / "ca.crt").read_text()
    clusters.declare(
        plant={"host": plant.address, "ca": ca, "byClient": True, "audience": plant.issuer}
    )
    clusters.stack.up()

    client = clusters.login("kubernetes-plant", ORDERS, plant.token(ORDERS, audience=plant.issuer))

    assert mail(client) == {"password": "correct-horse"}
    with pytest.raises(REFUSED):
        clusters.login("kubernetes-plant", ORDERS, plant.token(ORDERS, audience="vault"))
    of_edge = clusters.edge.token(ORDERS, audience=plant.issuer)
    with pytest.raises(REFUSED):
        clusters.login("kubernetes-plant", ORDERS, of_edge)
