import base64
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_vault as vault
import pytest

from catalog.model import Service, WorkloadChoice
from components import other_cluster
from components.other_cluster import (
    FetchedKeys,
    GivenKeys,
    OtherCluster,
    OtherClusterArgs,
    Review,
)
from components.workload.access import PodAccess
from tests.components.server.examples import CA, CSI, INJECTOR
from tests.conftest import STACK, Declare, Declared, Resource

ORDERS = Service(namespace="shop", name="orders", workload=WorkloadChoice(delivery="csi"))
WEB = Service(namespace="blog", name="web")
ACCESS = PodAccess(
    address="https://vault.example.com:8200", login_mount="kubernetes-edge", audience="vault"
)
FETCHED = OtherClusterArgs(
    context="edge",
    access=ACCESS,
    ca_certificate=CA,
    judged=FetchedKeys(),
    services=(ORDERS, WEB),
    injector=INJECTOR,
    csi=CSI,
)
REVIEWED = dataclasses.replace(FETCHED, judged=Review(host="https://edge.example.com:6443"))
BY_CLIENT = dataclasses.replace(
    FETCHED, judged=Review(host="https://edge.example.com:6443", ca="its ca", by_client=True)
)
GIVEN = dataclasses.replace(
    FETCHED, judged=GivenKeys(issuer="https://issuer", keys=("a key\n",)), injector=None, csi=None
)
ALL = pytest.mark.parametrize("args", [FETCHED, REVIEWED, BY_CLIENT, GIVEN])

KEYS = "pulumi-python:dynamic/strongroom:IssuerKeys"
JWT = "vault:jwt/authBackend:AuthBackend"
CONFIG = "vault:kubernetes/authBackendConfig:AuthBackendConfig"
RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET = "kubernetes:core/v1:Secret"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
TOKEN = "the reviewer's token"


def _outputs(resource: Resource) -> Mapping[str, Any]:
    if resource.type == KEYS:
        return {"issuer": "https://edge", "keys": ["key one\n", "key two\n"]}
    if resource.type == SECRET:
        data = {"token": TOKEN, "ca.crt": "the cluster's ca"}
        return {"data": {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}}
    return {}


def _declared(declare: Declare, args: OtherClusterArgs, *, preview: bool = False) -> Declared:
    def program() -> None:
        account = vault.Provider("account", address="https://127.0.0.1:8200")
        OtherCluster("edge", args, pulumi.ResourceOptions(provider=account))

    return declare(program, outputs=_outputs, preview=preview)


@ALL
def test_what_is_in_vault_and_what_is_in_the_cluster_have_a_provider_each(
    declare: Declare, args: OtherClusterArgs
) -> None:
    declared = _declared(declare, args)

    of = {
        package: {r.provider for r in declared.resources if r.type.startswith(f"{package}:")}
        for package in ("vault", "kubernetes")
    }
    assert of == {"vault": {"account"}, "kubernetes": {"edge-cluster"}}
    provider = declared.one("pulumi:providers:kubernetes")
    assert provider["context"] == "edge"
    assert "kubeconfig" not in provider


@ALL
def test_services_that_live_there_get_account_and_ca(
    declare: Declare, args: OtherClusterArgs
) -> None:
    declared = _declared(declare, args)

    accounts = {
        (each.inputs["metadata"]["namespace"], each.inputs["metadata"]["name"])
        for each in declared.all("kubernetes:core/v1:ServiceAccount")
    }
    assert accounts >= {("shop", "orders"), ("blog", "web")}
    maps = declared.all("kubernetes:core/v1:ConfigMap")
    namespaces = {each.inputs["metadata"]["namespace"] for each in maps}
    assert namespaces == {"shop", "blog", *(["strongroom"] if args.csi else [])}
    for each in maps:
        assert each.inputs["data"] == {"ca.crt": CA}


def test_a_service_s_documents_lead_to_the_cluster_s_own_mount(declare: Declare) -> None:
    (of_orders,) = [
        each
        for each in _declared(declare, FETCHED).resources
        if each.type.endswith(":SecretProviderClass")
    ]

    assert of_orders.inputs["spec"]["parameters"]["vaultAuthMountPath"] == "kubernetes-edge"


def test_keys_are_what_the_api_server_publishes(declare: Declare) -> None:
    declared = _declared(declare, FETCHED)

    asked = declared.one(KEYS)
    assert (asked["cluster"], asked["context"]) == ("edge", "edge")
    mount = declared.resource(JWT)
    assert mount.inputs["path"] == "kubernetes-edge"
    assert mount.inputs["boundIssuer"] == "https://edge"
    assert mount.inputs["jwtValidationPubkeys"] == ["key one", "key two"]
    assert mount.protect
    assert declared.all(BINDING) == []


def test_given_keys_ask_nobody_and_put_nothing_there(declare: Declare) -> None:
    declared = _declared(declare, GIVEN)

    assert declared.all(KEYS) == []
    assert declared.one(JWT)["boundIssuer"] == "https://issuer"
    assert declared.one(JWT)["jwtValidationPubkeys"] == ["a key"]
    for kind in (RELEASE, SECRET, "kubernetes:core/v1:Namespace"):
        assert declared.all(kind) == []


def test_a_reviewer_is_made_there_and_its_token_is_a_secret(declare: Declare) -> None:
    declared = _declared(declare, REVIEWED)

    secret = declared.resource(SECRET)
    assert secret.inputs["type"] == "kubernetes.io/service-account-token"
    annotations = secret.inputs["metadata"]["annotations"]
    assert annotations == {"kubernetes.io/service-account.name": "vault-reviewer"}
    assert "data" in secret.secret_outputs
    binding = declared.one(BINDING)
    assert binding["metadata"]["name"] == f"strongroom-{STACK}-kubernetes-edge-reviewer"
    assert binding["roleRef"]["name"] == "system:auth-delegator"
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "vault-reviewer", "namespace": "strongroom"}
    ]
    config = declared.resource(CONFIG)
    assert config.inputs["tokenReviewerJwt"] == TOKEN
    assert config.inputs["kubernetesHost"] == "https://edge.example.com:6443"
    assert config.inputs["kubernetesCaCert"] == "the cluster's ca"
    assert config.inputs["disableLocalCaJwt"] is True
    assert config.secrets == {"tokenReviewerJwt"}
    for resource in declared.resources:
        open_ = {k: v for k, v in resource.inputs.items() if k not in resource.secrets}
        assert TOKEN not in json.dumps(open_)


@pytest.mark.parametrize("data", [None, {}, {"ca.crt": "eA=="}])
def test_a_token_that_the_cluster_did_not_make_is_one_line(data: dict[str, str] | None) -> None:
    with pytest.raises(pulumi.RunError, match="not filled token into Secret vault-reviewer-token"):
        other_cluster._decoded(data, "token")


def test_a_ca_that_was_said_is_taken(declare: Declare) -> None:
    said = dataclasses.replace(REVIEWED, judged=Review(host="https://edge", ca="another ca"))

    assert _declared(declare, said).one(CONFIG)["kubernetesCaCert"] == "another ca"


def test_clients_that_ask_by_themselves_may_and_no_token_is_kept(declare: Declare) -> None:
    declared = _declared(declare, BY_CLIENT)

    binding = declared.one(BINDING)
    # Another than a reviewer's, which is still there while this one is made.
    assert binding["metadata"]["name"] == f"strongroom-{STACK}-kubernetes-edge-clients"
    subjects = binding["subjects"]
    assert [(each["namespace"], each["name"]) for each in subjects] == [
        ("shop", "orders"),
        ("blog", "web"),
    ]
    assert declared.all(SECRET) == []
    assert "tokenReviewerJwt" not in declared.one(CONFIG)
    assert declared.one(CONFIG)["disableLocalCaJwt"] is True


def test_the_release_brings_no_servers_and_waits_for_its_namespace(declare: Declare) -> None:
    release = _declared(declare, FETCHED).resource(RELEASE)

    assert release.inputs["values"]["server"]["enabled"] is False
    assert release.inputs["values"]["global"]["externalVaultAddr"] == ACCESS.address
    assert release.inputs["namespace"] == "strongroom"
    assert "edge-namespace" in release.property_dependencies["namespace"]
    assert any("trust" in name for name in release.property_dependencies["values"])
    assert release.inputs["atomic"] is False


@pytest.mark.parametrize(("csi", "level"), [(CSI, "privileged"), (None, "baseline")])
def test_only_the_csi_provider_may_mount_a_node_s_directory(
    declare: Declare, csi: Any, level: str
) -> None:
    args = dataclasses.replace(FETCHED, csi=csi)

    labels = _declared(declare, args).one("kubernetes:core/v1:Namespace")["metadata"]["labels"]

    assert labels == {"pod-security.kubernetes.io/enforce": level}


@ALL
def test_a_first_preview_meets_no_unknown_that_it_cannot_bear(
    declare: Declare, args: OtherClusterArgs
) -> None:
    declared = _declared(declare, args, preview=True)

    assert len(declared.all("kubernetes:core/v1:ServiceAccount")) >= 2


def test_a_review_that_could_not_be_verified_is_refused() -> None:
    with pytest.raises(ValueError, match="host must begin with https://"):
        Review(host="http://edge")
    with pytest.raises(ValueError, match="ca must be given"):
        Review(host="https://edge", by_client=True)
