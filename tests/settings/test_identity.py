"""Where the servers' identity comes from, held against what runs them."""

from typing import Any

import pytest

from settings.cloud import Aws, identity_findings, identity_of

EMULATOR = {"endpoint": "http://127.0.0.1:5000"}
MACHINE = {"sealIdentity": "instance-profile", "instanceRole": "arn:aws:iam::123456789012:role/v"}
ISSUER = {"oidcProvider": "oidc.example.com/id/ABC"}


def _aws(**said: Any) -> Aws:
    usual = {"kind": "aws", "region": "eu-central-1", "accountId": "123456789012"}
    return Aws.model_validate({**usual, **said})


def _wrong(said: dict[str, Any], *, in_pods: bool) -> list[str]:
    return [str(path[-1]) for path, _, _ in identity_findings(_aws(**said), in_pods=in_pods)]


def test_pods_show_their_tokens_and_processes_have_a_key_unless_it_is_said_otherwise() -> None:
    assert identity_of(_aws(), in_pods=True) == "irsa"
    assert identity_of(_aws(), in_pods=False) == "keys"
    assert identity_of(_aws(sealIdentity="pod-identity"), in_pods=True) == "pod-identity"


@pytest.mark.parametrize(
    ("said", "in_pods"),
    [
        ({}, False),
        (ISSUER, False),
        (MACHINE, False),
        (ISSUER, True),
        ({"sealIdentity": "pod-identity", "clusterName": "production"}, True),
        ({"sealIdentity": "keys"}, True),
        ({"sealIdentity": "keys", **EMULATOR, "podEndpoint": "http://10.244.0.1:5000"}, True),
        ({"sealIdentity": "keys", **EMULATOR, "podEndpoint": "https://emulator.example.com"}, True),
    ],
)
def test_what_fits_is_taken(said: dict[str, Any], *, in_pods: bool) -> None:
    assert _wrong(said, in_pods=in_pods) == []


@pytest.mark.parametrize(
    ("said", "in_pods", "wrong"),
    [
        ({"sealIdentity": "irsa", **ISSUER}, False, ["sealIdentity"]),
        ({"sealIdentity": "pod-identity", "clusterName": "c"}, False, ["sealIdentity"]),
        ({**EMULATOR, "podEndpoint": "http://10.244.0.1:5000"}, False, ["podEndpoint"]),
        ({}, True, ["oidcProvider"]),
        ({"sealIdentity": "pod-identity"}, True, ["clusterName"]),
        (MACHINE, True, ["sealIdentity"]),
        ({**EMULATOR, **ISSUER}, True, ["sealIdentity"]),
        ({"sealIdentity": "keys", "clusterName": "c"}, True, ["clusterName"]),
    ],
)
def test_what_does_not_fit_is_refused(
    said: dict[str, Any], wrong: list[str], *, in_pods: bool
) -> None:
    assert _wrong(said, in_pods=in_pods) == wrong
