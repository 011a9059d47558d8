"""Custody on Alibaba Cloud: one value per OSS object, each a KMS ciphertext, as Bank-Vaults' `alibaba-kms-oss` does.

Object key = prefix + name; body = the CiphertextBlob string of KMS 2016-01-20's Encrypt, no encryption context, the
value itself as plaintext (not in base64). Source: bank-vaults v1.33.1, pkg/kv/alibabaoss and pkg/kv/alibabakms.

Nothing is ever overwritten. OSS offers two ways, and the header that refuses to overwrite (x-oss-forbid-overwrite) does
nothing in a bucket that ever kept versions:

* No versions, the header, and a retention policy (WORM), so that nobody deletes what is there. But retention covers a
  whole bucket: the probe, the envelope and the dead root token could not go either, and every later bootstrap in that
  bucket would find them.
* Versions: a PUT never destroys anything; it adds. So every write looks before and after, and every read looks first:
  under one name there may be one value. Two different ones mean that two runs wrote at once; then neither goes on, and
  the error names the older as the valid one.

This is the second. The header is sent all the same, for a bucket that keeps no versions by mistake; the probe finds it.

Two roles are assumed from the ambient credentials: the writer encrypts, puts, lists and clears away, the reader lists,
gets and decrypts.
"""

import base64
import secrets
from collections.abc import Callable

from alibabacloud_kms20160120 import models as kms

from custody.alicloud_bucket import Bucket
from custody.alicloud_calls import Calls
from custody.alicloud_clients import Identity
from custody.envelope import DataKey
from custody.errors import CustodyError
from custody.request import AlicloudCustody
from custody.store import Stored


class Custody:
    """Fulfils `custody.store.Custody`; see there, and `custody_at` for `patience` and `on_wait`."""

    def __init__(
        self,
        place: AlicloudCustody,
        *,
        patience: float = 0.0,
        on_wait: Callable[[], None] = lambda: None,
    ) -> None:
        self.place = place
        self._calls = Calls(place, patience=patience, on_wait=on_wait)
        self._bucket = Bucket(self._calls)

    # --- the writer ---

    def describe_key(self) -> None:
        """Ask for the custody key's state; refuse one that is not enabled."""
        self._require_enabled("writer", self._calls.writer, self.place.custody_key)

    def encrypt(self, plaintext: bytes) -> bytes:
        """Give the CiphertextBlob of what must be UTF-8."""
        return self._encrypted(
            "writer", self._calls.writer, self.place.custody_key, plaintext.decode()
        )

    def data_key(self) -> DataKey:
        """Take a fresh 256-bit key, in plaintext and wrapped."""
        request = kms.GenerateDataKeyRequest(key_id=self.place.custody_key, key_spec="AES_256")
        answer = self._calls.call(
            "writer",
            "kms:GenerateDataKey",
            self.place.custody_key,
            lambda: self._calls.writer.kms.generate_data_key(request).body,
        )
        return DataKey(
            plaintext=base64.b64decode(answer.plaintext), wrapped=answer.ciphertext_blob.encode()
        )

    def put(self, name: str, body: bytes) -> bool:
        """Store the object unless one is there; say whether the bucket now holds exactly `body` there."""
        return self._bucket.put(name, body)

    def listed(self) -> dict[str, Stored]:
        """List every version of every object that may be custody's, by name without the prefix."""
        return self._bucket.listed()

    def hide(self, name: str) -> None:
        """Lay a delete marker over the object. Its versions stay."""
        self._bucket.hide(name)

    def erase(self, name: str) -> None:
        """Delete every version of the object, and look that none is left."""
        self._bucket.erase(name)

    # --- the reader ---

    def get(self, name: str) -> bytes | None:
        """Give the object's one value, None if there is none; refuse two."""
        return self._bucket.get(name)

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Open what `encrypt` closed."""
        answer = self._decrypted("reader", self._calls.reader, self.place.custody_key, ciphertext)
        return answer.encode()

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open what `data_key` wrapped: of a data key KMS gives base64, of anything else what it was given."""
        answer = self._decrypted("reader", self._calls.reader, self.place.custody_key, wrapped)
        return base64.b64decode(answer)

    # --- the servers' own identity ---

    def prove_seal(self) -> None:
        """Do with the seal key what the servers will: describe, encrypt, decrypt.

        Raises:
            CustodyError: naming identity, call and key.

        """
        if self.place.seal_proof is not None:
            self.place.seal_proof()
            return
        key, servers = self.place.seal_key, self._calls.servers
        who = "seal" if self.place.seal_credentials else "own"
        self._require_enabled(who, servers, key)
        probe = base64.b64encode(secrets.token_bytes(32)).decode()
        closed = self._encrypted(who, servers, key, probe)
        if self._decrypted(who, servers, key, closed) != probe:
            raise CustodyError(f"{key} does not give back what it encrypted", "use another key")

    # --- how ---

    def _require_enabled(self, who: str, identity: Identity, key: str) -> None:
        described = self._calls.call(
            who,
            "kms:DescribeKey",
            key,
            lambda: identity.kms.describe_key(kms.DescribeKeyRequest(key_id=key)).body,
        )
        state = described.key_metadata.key_state
        if state != "Enabled":
            raise CustodyError(
                f"{key} is {state}", "enable it (cancel its deletion first if it is pending)"
            )

    def _encrypted(self, who: str, identity: Identity, key: str, plaintext: str) -> bytes:
        request = kms.EncryptRequest(key_id=key, plaintext=plaintext)
        answer = self._calls.call(
            who, "kms:Encrypt", key, lambda: identity.kms.encrypt(request).body
        )
        blob: str = answer.ciphertext_blob
        return blob.encode()

    def _decrypted(self, who: str, identity: Identity, key: str, ciphertext: bytes) -> str:
        request = kms.DecryptRequest(ciphertext_blob=ciphertext.decode(errors="replace"))
        answer = self._calls.call(
            who, "kms:Decrypt", key, lambda: identity.kms.decrypt(request).body
        )
        plaintext: str = answer.plaintext
        return plaintext
