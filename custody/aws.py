"""Custody on AWS: one value per S3 object, each a KMS ciphertext, as Bank-Vaults' `aws-kms-s3` lays them out.

Object key = prefix + name; body = the raw CiphertextBlob of kms:Encrypt with encryption context
{"Tool": "bank-vaults"}. Source: bank-vaults v1.33.1, pkg/kv/s3 and pkg/kv/awskms.

Two roles are assumed from the ambient credentials (boto3's default chain): the writer encrypts, puts, lists and
clears away, the reader gets and decrypts. Nothing is ever overwritten: every PUT carries If-None-Match.
"""

import hmac
import time
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import TypeVar

import tenacity

from custody import seal_key
from custody.aws_clients import DENIED, Identity, assumed, session, translation
from custody.envelope import DataKey
from custody.errors import CustodyError, RefusedError, translated
from custody.request import AwsCustody
from custody.store import Stored

Result = TypeVar("Result")

CONTEXT = {"Tool": "bank-vaults"}
_SESSION = "strongroom-custody"
_OURS = ("vault-", "strongroom-")


class Custody:
    """The two roles at work. Every failure is a `CustodyError`; none of them holds what was encrypted.

    `patience` is how many seconds from now on a denial is taken for a permission that IAM has not spread yet;
    `on_wait` is called before each new attempt then.
    """

    def __init__(
        self,
        place: AwsCustody,
        *,
        patience: float = 0.0,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        self.place = place
        self._settled_at = time.monotonic() + patience
        self._on_wait = on_wait

    # --- the writer ---

    def describe_key(self) -> None:
        """Ask for the custody key's state; refuse one that is not enabled."""
        key = self.place.custody_key
        answer = self._call(
            "writer", "kms:DescribeKey", key, lambda: self._writer.kms.describe_key(KeyId=key)
        )
        seal_key.require_enabled(key, answer)

    def encrypt(self, plaintext: bytes) -> bytes:
        """Give the raw CiphertextBlob."""
        key = self.place.custody_key
        return self._call(
            "writer",
            "kms:Encrypt",
            key,
            lambda: self._writer.kms.encrypt(
                KeyId=key, Plaintext=plaintext, EncryptionContext=CONTEXT
            ),
        )["CiphertextBlob"]

    def data_key(self) -> DataKey:
        """Take a fresh 256-bit key, in plaintext and wrapped."""
        key = self.place.custody_key
        answer = self._call(
            "writer",
            "kms:GenerateDataKey",
            key,
            lambda: self._writer.kms.generate_data_key(
                KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT
            ),
        )
        return DataKey(plaintext=answer["Plaintext"], wrapped=answer["CiphertextBlob"])

    def put(self, name: str, body: bytes) -> bool:
        """Store the object unless one is there; say whether the bucket now holds exactly `body` there.

        A retried request whose first answer was lost meets its own object: hence the comparison.
        """
        key = self.place.prefix + name
        try:
            self._call(
                "writer",
                "s3:PutObject",
                self._arn(name),
                lambda: self._writer.s3.put_object(
                    Bucket=self.place.bucket, Key=key, Body=body, IfNoneMatch="*"
                ),
            )
        except RefusedError as error:
            if error.reason != "PreconditionFailed":
                raise
        else:
            return True
        present = self.get(name)
        return present is not None and hmac.compare_digest(present, body)

    def listed(self) -> dict[str, Stored]:
        """List every version of every object that may be custody's, by name without the prefix."""
        found: dict[str, list[tuple[str, bool, bool]]] = {}
        for prefix in _OURS:
            for key, version, latest, content in self._versions(self.place.prefix + prefix):
                name = key.removeprefix(self.place.prefix)
                found.setdefault(name, []).append((version, latest, content))
        return {
            name: Stored(
                current=any(latest and content for _, latest, content in versions),
                versions=tuple(version for version, _, _ in versions),
                content=any(content for _, _, content in versions),
            )
            for name, versions in found.items()
        }

    def hide(self, name: str) -> None:
        """Lay a delete marker over the object. Its versions stay."""
        self._call(
            "writer",
            "s3:DeleteObject",
            self._arn(name),
            lambda: self._writer.s3.delete_object(
                Bucket=self.place.bucket, Key=self.place.prefix + name
            ),
        )

    def erase(self, name: str) -> None:
        """Delete every version of the object, and look that none is left."""
        exact = self.place.prefix + name
        for version in self._versions_of(exact):
            self._call(
                "writer",
                "s3:DeleteObjectVersion",
                self._arn(name),
                partial(
                    self._writer.s3.delete_object,
                    Bucket=self.place.bucket,
                    Key=exact,
                    VersionId=version,
                ),
            )
        if self._versions_of(exact):
            raise CustodyError(
                f"{self._arn(name)} is there again right after it was deleted",
                "stop whoever else writes there, then run again",
            )

    # --- the reader ---

    def get(self, name: str) -> bytes | None:
        """Give the object's latest content, None if there is none."""
        key = self.place.prefix + name

        def fetch() -> bytes:
            return self._reader.s3.get_object(Bucket=self.place.bucket, Key=key)["Body"].read()

        try:
            return self._call("reader", "s3:GetObject", self._arn(name), fetch)
        except RefusedError as error:
            if error.reason != "NoSuchKey":
                raise
        return None

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Open what `encrypt` closed."""
        key = self.place.custody_key
        return self._call(
            "reader",
            "kms:Decrypt",
            key,
            lambda: self._reader.kms.decrypt(
                KeyId=key, CiphertextBlob=ciphertext, EncryptionContext=CONTEXT
            ),
        )["Plaintext"]

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open what `data_key` wrapped."""
        return self.decrypt(wrapped)

    # --- the servers' own identity ---

    def prove_seal(self) -> None:
        """Do with the seal key what the servers will; see `custody.seal_key`."""
        if self.place.seal_proof is not None:
            self.place.seal_proof()
        else:
            seal_key.prove(self.place, self._call, self._sealer)

    # --- how ---

    def _versions_of(self, key: str) -> list[str]:
        return [version for each, version, _, _ in self._versions(key) if each == key]

    def _versions(self, prefix: str) -> Iterator[tuple[str, str, bool, bool]]:
        """Key, version id, whether it is the latest, whether it has content."""

        def pages() -> list[tuple[str, str, bool, bool]]:
            found = []
            paginator = self._writer.s3.get_paginator("list_object_versions")
            for page in paginator.paginate(Bucket=self.place.bucket, Prefix=prefix):
                found += [
                    (each["Key"], each["VersionId"], each["IsLatest"], True)
                    for each in page.get("Versions", [])
                ]
                found += [
                    (each["Key"], each["VersionId"], each["IsLatest"], False)
                    for each in page.get("DeleteMarkers", [])
                ]
            return found

        bucket = f"arn:aws:s3:::{self.place.bucket}"
        return iter(self._call("writer", "s3:ListBucketVersions", bucket, pages))

    def _arn(self, name: str) -> str:
        return f"s3://{self.place.bucket}/{self.place.prefix}{name}"

    @cached_property
    def _writer(self) -> Identity:
        return self._assumed("writer", self.place.writer_role)

    @cached_property
    def _reader(self) -> Identity:
        role = self.place.reader_role
        return self._own if role is None else self._assumed("reader", role)

    @cached_property
    def _sealer(self) -> Identity:
        own = seal_key.identity(self.place, self._call)
        if own is not None:
            return own
        return self._assumed("seal", self.place.seal_role) if self.place.seal_role else self._own

    @cached_property
    def _own(self) -> Identity:
        return Identity(session(), self.place)

    def _assumed(self, who: str, role: str) -> Identity:
        answer = self._call(
            "own",
            "sts:AssumeRole",
            role,
            lambda: self._own.sts.assume_role(RoleArn=role, RoleSessionName=f"{_SESSION}-{who}"),
        )
        return assumed(answer, self.place)

    def _call(self, who: str, action: str, resource: str, call: Callable[[], Result]) -> Result:
        translate = translation(self.place, who, action, resource)
        # A role or policy that was made a moment ago is not known everywhere yet.
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, RefusedError) and error.reason in DENIED
            ),
            stop=lambda _state: time.monotonic() >= self._settled_at,
            wait=tenacity.wait_exponential(multiplier=0.25, max=4),
            before_sleep=lambda _state: self._on_wait(),
            reraise=True,
        )
        result: Result = attempts(translated, call, translate)
        return result
