"""The seal key in the servers' hands: who they are at AWS, and that their three calls go through."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from custody.aws_clients import Identity, assumed, session
from custody.errors import CustodyError
from custody.request import AwsCustody

Result = TypeVar("Result")
_SESSION = "strongroom-seal"
_SESSION_SECONDS = 900
"""The least that STS gives."""


class Call(Protocol):
    """Makes a call of somebody ("seal", "token" or "own") to AWS; its failure is a CustodyError."""

    def __call__(  # noqa: D102  the class says it
        self, who: str, action: str, resource: str, call: Callable[[], Result], /
    ) -> Result: ...


def identity(place: AwsCustody, call: Call) -> Identity | None:
    """Give the servers' own identity by what they have: an access key or a token; None where they have neither."""
    if place.seal_credentials:
        given = place.seal_credentials.items()
        # AWS_ACCESS_KEY_ID is boto3's aws_access_key_id.
        return Identity(session(**{name.lower(): key.reveal() for name, key in given}), place)
    if place.seal_token is None or place.seal_role is None:
        return None
    token, role = place.seal_token(), place.seal_role
    # Nobody's credentials: the token is all that a server has.
    sts = Identity(session(), place).sts
    answer = call(
        "token",
        "sts:AssumeRoleWithWebIdentity",
        role,
        lambda: sts.assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName=_SESSION,
            WebIdentityToken=token.reveal(),
            DurationSeconds=_SESSION_SECONDS,
        ),
    )
    return assumed(answer, place)


def prove(place: AwsCustody, call: Call, servers: Identity) -> None:
    """Do with the seal key what the servers will: describe, encrypt, decrypt.

    A role without kms:Encrypt lets init half-succeed, beyond repair (hashicorp/vault#16201).

    Raises:
        CustodyError: naming identity, call and key.

    """
    key, kms = place.seal_key, servers.kms
    who = "seal" if place.seal_role or place.seal_credentials else "own"
    require_enabled(key, call(who, "kms:DescribeKey", key, lambda: kms.describe_key(KeyId=key)))
    probe = secrets.token_bytes(32)
    closed = call(who, "kms:Encrypt", key, lambda: kms.encrypt(KeyId=key, Plaintext=probe))
    opened = call(
        who,
        "kms:Decrypt",
        key,
        lambda: kms.decrypt(KeyId=key, CiphertextBlob=closed["CiphertextBlob"]),
    )
    if opened["Plaintext"] != probe:
        raise CustodyError(f"{key} does not give back what it encrypted", "use another key")


def require_enabled(key: str, described: Mapping[str, Any]) -> None:
    """Refuse a key that can't be used; `described` is kms:DescribeKey's answer."""
    state = described["KeyMetadata"].get("KeyState", "unknown")
    if state != "Enabled":
        raise CustodyError(
            f"{key} is {state}", "enable it (cancel its deletion first if it is pending)"
        )
