"""Tables of the rule over what stands in plain text."""

import pytest

from policies.framework.properties import secret
from policies.rules.vault import inputs
from tests.policies.case import Case, Change, Sample, ask
from tests.policies.vault import MAIL, VAULT

_TOKEN = "hvs." + "CAESIJ3a9v3b0m2Yq7f1"
CASES = [
    Case(
        rule=inputs.secret_input_is_marked,
        compliant=[
            *VAULT,
            Sample(
                type="vault:consul/secretBackend:SecretBackend",
                name="consul",
                inputs={
                    "address": "consul:8500",
                    "token": secret("a-token"),
                    "description": "where tokens come from",
                },
            ),
        ],
        breakages={
            "a token": Change("token", "a-token", of="consul"),
            "what looks like one": Change("description", f"with {_TOKEN}", of="consul"),
            "an address with a password": Change("address", "https://me:pw@consul", of="consul"),
            "a password": Change("passwordWo", "a-password", of="ada"),
            "a secret of a service": Change("dataJson", '{"a": "b"}', of=MAIL),
        },
        exempt_unknown=("what looks like one", "an address with a password"),
    ),
]


def _found(type_: str, **given: object) -> list[str]:
    [outcome] = ask(inputs.secret_input_is_marked, [Sample(type=type_, inputs=given)], {})
    return [each.message for each in outcome.findings]


@pytest.mark.parametrize(
    "name",
    ["password", "bindpass", "adminPassword", "DB_PASSWORD", "VAULT_TOKEN", "clientSecret",
     "private_key", "aws_secret_access_key", "apiKey", "tokenReviewerJwt", "credentials", "unsealKey"],
)  # fmt: skip
def test_names_of_secrets_are_known(name: str) -> None:
    assert _found("any:a:B", **{name: "x"}) == [f"{name} is in plain text"]
    assert _found("any:a:B", **{name: secret("x")}) == []
    assert _found("any:a:B", **{name: ""}) == []


@pytest.mark.parametrize(
    "name", ["passwordFile", "tokenTtl", "tokenType", "secretName", "passwordPolicy", "publicKey", "keyId", "tokenizer"]
)  # fmt: skip
def test_names_that_only_sound_like_it_are_let_be(name: str) -> None:
    assert _found("any:a:B", **{name: "x"}) == []


def test_the_name_of_a_kubernetes_object_is_no_secret() -> None:
    assert _found("kubernetes:a:B", tlsSecret="vault-server", secretKey="ca.crt") == []
    assert _found("any:a:B", tlsSecret="x") == ["tlsSecret is in plain text"]


def test_what_lies_in_a_kubernetes_secret_is_one() -> None:
    plain = _found("kubernetes:core/v1:Secret", stringData={"ca.crt": "x"})
    assert plain == ["stringData.ca.crt is in plain text"]
    assert _found("kubernetes:core/v1:Secret", stringData=secret({"ca.crt": "x"})) == []


def test_a_containers_variables_are_called_by_their_names() -> None:
    assert _found("kubernetes:a:B", env=[{"name": "DB_PASSWORD", "value": "x"}]) == [
        "env[0].value is in plain text"
    ]
    assert _found("kubernetes:a:B", env=[{"name": "DB_HOST", "value": "x"}]) == []


def test_objects_written_as_text_are_read() -> None:
    assert _found("pulumi:providers:vault", authLoginUserpass='{"password": "x"}') == [
        "authLoginUserpass is in plain text"
    ]


def test_no_message_holds_the_value() -> None:
    [said] = _found("any:a:B", note=f"the token is {_TOKEN}")
    assert said == "note is a Vault token in plain text"
