import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.cloud.contract import CustodyPlace, UnsealerIdentity, WebIdentity
from components.server import network_policy
from components.server.unsealer import Unsealer, UnsealerArgs
from tests.components.server.examples import CA, NETWORK, pods
from tests.conftest import Declare, Declared

ROLE = "arn:aws:iam::123456789012:role/strongroom-dev-custody-unsealer"


def _args() -> UnsealerArgs:
    return UnsealerArgs(
        pods=pods(unsealed_by_another=True),
        image="registry.example.com/strongroom:1.0.0",
        service_account="vault-unseal",
        namespace="vault",
        identity=UnsealerIdentity(
            web_identity=WebIdentity(
                role_arn=pulumi.Output.from_input(ROLE), audience="sts.amazonaws.com"
            )
        ),
        custody=CustodyPlace(
            kind="aws", region="eu-central-1", endpoint=None, prefix="vault/",
            bucket=pulumi.Output.from_input("custody"), custody_key="custody-key",
            seal_key="seal-key", writer_role="writer", reader_role="reader",
        ),
        ca_certificate=CA,
    )  # fmt: skip


@pytest.fixture
def declared(declare: Declare) -> Declared:
    return declare(lambda: Unsealer("unsealer", _args()))


def _pod(declared: Declared) -> Mapping[str, Any]:
    spec = declared.one("kubernetes:apps/v1:Deployment")["spec"]
    pod: Mapping[str, Any] = spec["template"]["spec"]
    return pod


def test_it_watches_every_pod_and_reads_custody_as_itself(declared: Declared) -> None:
    place = json.loads(declared.one("kubernetes:core/v1:ConfigMap")["data"]["place.json"])

    assert place["members"] == [
        f"https://vault-{i}.vault-internal.vault.svc:8200" for i in range(3)
    ]
    assert place["ca_certificate"] == CA
    assert place["custody"] == {
        "region": "eu-central-1",
        "endpoint": None,
        "bucket": "custody",
        "prefix": "vault/",
        "custody_key": "custody-key",
        "seal_key": "seal-key",
        "writer_role": "writer",
        "reader_role": None,
    }
    command = " ".join(_pod(declared)["containers"][0]["command"])
    assert command.startswith("python -m ops unseal --watch --place /etc/strongroom/place.json")


def test_its_identity_is_its_own_and_no_key_lies_anywhere(declared: Declared) -> None:
    pod = _pod(declared)
    environment = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}

    assert pod["serviceAccountName"] == "vault-unseal"
    assert not pod["automountServiceAccountToken"]
    assert environment["AWS_ROLE_ARN"] == ROLE
    [token] = [each for each in pod["volumes"] if each["name"] == "token"]
    [source] = token["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "sts.amazonaws.com"
    assert declared.all("kubernetes:core/v1:Secret") == []


def test_at_an_emulator_it_has_a_key_of_its_own_in_a_secret(declare: Declare) -> None:
    key = {"AWS_ACCESS_KEY_ID": "of-the-unsealer", "AWS_SECRET_ACCESS_KEY": "nobody-else-has-it"}
    identity = UnsealerIdentity(
        secret_environment={name: pulumi.Output.from_input(value) for name, value in key.items()},
        endpoint="http://10.244.0.1:5000",
    )
    other = dataclasses.replace(identity, secret_environment={**key, "AWS_ACCESS_KEY_ID": "new"})

    declared, later = (
        declare(lambda: Unsealer("unsealer", dataclasses.replace(_args(), identity=each)))  # noqa: B023
        for each in (identity, other)
    )

    secret = declared.resource("kubernetes:core/v1:Secret")
    assert secret.inputs["stringData"] == key
    assert secret.secrets == {"stringData"}
    place = json.loads(declared.one("kubernetes:core/v1:ConfigMap")["data"]["place.json"])
    assert place["custody"]["endpoint"] == "http://10.244.0.1:5000"
    pod = _pod(declared)
    given = {each["name"]: each for each in pod["containers"][0]["env"]}
    for name in key:
        reference = {"name": "vault-unseal", "key": name}
        assert given[name]["valueFrom"]["secretKeyRef"] == reference
    assert "AWS_ROLE_ARN" not in given
    assert [volume["name"] for volume in pod["volumes"]] == ["place"]
    deployment = json.dumps(declared.one("kubernetes:apps/v1:Deployment"))
    assert not [value for value in key.values() if value in deployment]
    # Its pod reads its environment once.
    assert deployment != json.dumps(later.one("kubernetes:apps/v1:Deployment"))


def test_it_has_no_more_than_it_needs(declared: Declared) -> None:
    pod = _pod(declared)
    security = pod["containers"][0]["securityContext"]

    assert pod["securityContext"]["runAsNonRoot"]
    assert security["readOnlyRootFilesystem"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod["containers"][0]["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_the_network_leads_it_to_the_servers_and_it_is_none_of_them(declared: Declared) -> None:
    of = _args().pods
    labels = declared.one("kubernetes:apps/v1:Deployment")["spec"]["selector"]["matchLabels"]
    policy = declared.one("kubernetes:networking.k8s.io/v1:NetworkPolicy")["spec"]

    assert not of.labels.items() <= labels.items()
    assert policy["podSelector"]["matchLabels"] == labels
    assert policy["egress"][0]["ports"] == [{"port": 8200, "protocol": "TCP"}]
    sources = [
        each["podSelector"]["matchLabels"]
        for rule in network_policy.ingress(of, NETWORK)
        for each in rule["from"]
        if "podSelector" in each
    ]
    assert any(source.items() <= labels.items() for source in sources)
    without = network_policy.ingress(pods(), NETWORK)
    assert "unsealer" not in json.dumps(without)
