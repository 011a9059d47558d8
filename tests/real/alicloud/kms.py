"""KMS 2016-01-20 and STS 2015-04-01: their calls' parameters, results and refusals."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.real.alicloud.signatures import Failure

_LONGEST = 4096
Answer = dict[str, Any]


@dataclass(kw_only=True)
class Key:
    """One symmetric key."""

    id: str
    arn: str
    state: str = "Enabled"
    material: bytes = field(default_factory=lambda: AESGCM.generate_key(256))

    def close(self, plaintext: str) -> str:
        """Give a ciphertext that names its key."""
        nonce = secrets.token_bytes(12)
        closed = nonce + AESGCM(self.material).encrypt(nonce, plaintext.encode(), None)
        return base64.b64encode(json.dumps([self.id, closed.hex()]).encode()).decode()

    def open(self, closed: bytes) -> str:
        """Open it; raises InvalidTag."""
        return AESGCM(self.material).decrypt(closed[:12], closed[12:], None).decode()


May = Callable[[str, str], None]
"""Refuses an action on a resource (ARN) that the caller is not granted."""


class Kms:
    """The keys of one account and region."""

    version = "2016-01-20"

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}

    def call(self, action: str, given: Mapping[str, str], may: May) -> Answer:
        """Make one call; `given` are its parameters."""
        match action:
            case "DescribeKey":
                key = self._key(given, "kms:DescribeKey", may, usable=False)
                return {"KeyMetadata": {"KeyId": key.id, "Arn": key.arn, "KeyState": key.state}}
            case "Encrypt":
                key = self._key(given, "kms:Encrypt", may)
                plaintext = _required(given, "Plaintext")
                if len(plaintext.encode()) > _LONGEST:
                    raise Failure(400, "InvalidParameter", "Plaintext is too long")
                return {"KeyId": key.id, "CiphertextBlob": key.close(plaintext)}
            case "GenerateDataKey":
                key = self._key(given, "kms:GenerateDataKey", may)
                if given.get("KeySpec", "AES_256") != "AES_256":
                    raise Failure(400, "InvalidParameter", "KeySpec")
                plaintext = base64.b64encode(secrets.token_bytes(32)).decode()
                closed = key.close(plaintext)
                return {"KeyId": key.id, "Plaintext": plaintext, "CiphertextBlob": closed}
            case "Decrypt":
                return self._decrypt(_required(given, "CiphertextBlob"), may)
            case _:
                raise Failure(404, "InvalidAction.NotFound")

    def _decrypt(self, blob: str, may: May) -> Answer:
        try:
            key_id, closed = json.loads(base64.b64decode(blob, validate=True))
            key = self._key({"KeyId": key_id}, "kms:Decrypt", may)
            return {"KeyId": key.id, "Plaintext": key.open(bytes.fromhex(closed))}
        except (ValueError, InvalidTag):
            raise Failure(400, "InvalidParameter", "CiphertextBlob is not valid") from None

    def _key(self, given: Mapping[str, str], action: str, may: May, *, usable: bool = True) -> Key:
        key = self.keys.get(_required(given, "KeyId"))
        if key is None:
            raise Failure(404, "Forbidden.KeyNotFound")
        may(action, key.arn)
        if usable and key.state != "Enabled":
            raise Failure(409, f"Rejected.{key.state}")
        return key


def assumed_role(given: Mapping[str, str]) -> tuple[str, str]:
    """Give role and session of AssumeRole's parameters."""
    role, session = _required(given, "RoleArn"), _required(given, "RoleSessionName")
    if not 900 <= int(given.get("DurationSeconds", "3600")) <= 3600:
        raise Failure(400, "InvalidParameter.DurationSeconds")
    return role, session


def _required(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise Failure(400, f"Missing{name}")
    return given[name]
