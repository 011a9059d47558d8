"""The seal proven as the servers: with their token's role and by whoever else proves it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from components.cloud.aws import documents
from custody.aws import Custody
from custody.aws_clients import translation
from custody.errors import CustodyError, RefusedError
from custody.request import AwsCustody
from custody.secret import Secret
from tests.real.emulator import Emulator, custody_place, reached_through, running_emulator
from tests.real.faults import Faulty, faulty
from tests.real.leaks import leaked

TOKEN = "eyJhbGciOiJSUzI1NiJ9.of-the-servers.signature"
ROLE = "arn:aws:iam::123456789012:role/vault"
PLACE = AwsCustody(
    region="eu-central-1", bucket="custody", prefix="", custody_key="custody", seal_key="seal",
    writer_role="writer", reader_role="reader", seal_role=ROLE,
)  # fmt: skip


def test_a_proof_of_somebody_else_s_is_asked_and_nobody_besides() -> None:
    def prove() -> None:
        raise CustodyError("the pod failed", "see why")

    with pytest.raises(CustodyError, match="the pod failed"):
        Custody(replace(PLACE, seal_proof=prove)).prove_seal()


def test_a_token_that_is_not_to_be_had_says_why() -> None:
    def token() -> Secret:
        raise CustodyError("the cluster has no ServiceAccount vault/vault", "make it")

    with pytest.raises(CustodyError, match="has no ServiceAccount vault/vault; make it"):
        Custody(replace(PLACE, seal_token=token)).prove_seal()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", r"is denied sts:Assume.* on .*role/vault; see that the role .* trusts"),
        ("InvalidIdentityToken", r"IAM knows no such issuer.*; make cloud\.oidcProvider"),
        ("IDPCommunicationError", "does not reach the cluster's issuer; see that https://"),
    ],
)
def test_what_sts_refuses_has_a_cause_and_a_cure(code: str, said: str) -> None:
    action = "sts:AssumeRoleWithWebIdentity"
    refusal: Any = {"Error": {"Code": code, "Message": f"no: {TOKEN}"}}

    error = translation(PLACE, "token", action, ROLE)(ClientError(refusal, action))

    assert isinstance(error, RefusedError)
    assert error.reason == code
    assert str(error).startswith("the servers' ServiceAccount token ")
    with pytest.raises(RefusedError, match=said):
        raise error
    assert TOKEN not in str(error)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator that asks IAM about every call that is signed."""
    with running_emulator(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@pytest.fixture
def proxy(guarded: Emulator) -> Iterator[Faulty]:
    with faulty(guarded.endpoint) as running:
        yield running


def _role(emulator: Emulator, place: AwsCustody, *actions: str) -> AwsCustody:
    """Make the servers' role, which may do these on the seal key; the program's own document if none is named."""
    grant = documents.seal_grant(key=place.seal_key)
    [statement] = grant["Statement"]
    statement["Resource"] = "*"  # moto names no key to its IAM
    statement["Action"] = list(actions) or statement["Action"]
    trust = documents.pod_trust(
        oidc_provider="arn:aws:iam::123456789012:oidc-provider/issuer",
        issuer="issuer",
        namespace="vault",
        service_account="vault",
    )
    iam, name = emulator.client("iam"), f"vault-{place.bucket}"
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=documents.to_json(trust))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(grant))
    return replace(place, seal_role=made["Role"]["Arn"], seal_token=lambda: Secret(TOKEN))


@pytest.fixture
def strict(guarded: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Give it as somebody who is nobody to its account."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY0000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    yield guarded
    _enforce(guarded, after=1_000_000)


def _enforce(emulator: Emulator, *, after: int = 1) -> None:
    """Let it ask IAM about all calls but the first: it answers one that isn't signed only where it doesn't ask."""
    url = f"{emulator.endpoint}/moto-api/reset-auth"
    assert requests.post(url, data=str(after).encode(), timeout=5).ok


@pytest.mark.real
def test_the_role_that_the_token_takes_proves_the_key_and_nobody_else_s_credentials_do(
    strict: Emulator, proxy: Faulty
) -> None:
    place = reached_through(_role(strict, custody_place(strict)), proxy.url)
    _enforce(strict)

    Custody(place).prove_seal()

    assert [name for name, _ in proxy.seen] == [
        "sts:AssumeRoleWithWebIdentity",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:Decrypt",
    ]
    with pytest.raises(RefusedError, match="this process"):
        Custody(replace(place, seal_token=None)).prove_seal()


@pytest.mark.real
@pytest.mark.parametrize("missing", documents.SEAL_ACTIONS)
def test_a_role_that_may_not_do_one_of_the_three_is_named_with_it(
    missing: str, strict: Emulator
) -> None:
    may = [each for each in documents.SEAL_ACTIONS if each != missing]
    place = _role(strict, custody_place(strict), *may)
    _enforce(strict)

    # The emulator's IAM refuses with a status and no code.
    with pytest.raises(RefusedError, match=f"servers' role .* {missing} on") as denied:
        Custody(place).prove_seal()

    assert leaked(denied.value, [TOKEN]) == []


@pytest.mark.real
@pytest.mark.parametrize("action", documents.SEAL_ACTIONS)
def test_a_call_that_the_role_is_denied_is_to_be_granted(
    action: str, guarded: Emulator, proxy: Faulty
) -> None:
    place = reached_through(_role(guarded, custody_place(guarded)), proxy.url)
    proxy.deny(action)

    with pytest.raises(RefusedError) as denied:
        Custody(place).prove_seal()

    wanted = f"the servers' role {place.seal_role} is denied {action} on {place.seal_key}; grant it"
    assert str(denied.value).startswith(wanted)
    assert leaked(denied.value, [TOKEN]) == []


@pytest.mark.real
def test_a_token_that_sts_refuses_is_in_no_error(guarded: Emulator, proxy: Faulty) -> None:
    place = reached_through(_role(guarded, custody_place(guarded)), proxy.url)
    proxy.deny("sts:AssumeRoleWithWebIdentity")

    with pytest.raises(RefusedError, match="is denied sts:AssumeRoleWithWebIdentity") as denied:
        Custody(place).prove_seal()

    assert leaked(denied.value, [TOKEN]) == []


@pytest.mark.real
def test_without_an_answer_of_sts_the_token_is_in_no_error(
    guarded: Emulator, proxy: Faulty
) -> None:
    place = reached_through(_role(guarded, custody_place(guarded)), proxy.url)
    proxy.refuse()

    with pytest.raises(CustodyError, match="does not answer sts:AssumeRoleWith") as silent:
        Custody(place).prove_seal()

    assert leaked(silent.value, [TOKEN]) == []
