"""Custody as everything else here sees it, whichever cloud holds it: KMS ciphertexts as objects of a bucket."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

from custody.envelope import DataKey
from custody.errors import CustodyError
from custody.request import AlicloudCustody, AwsCustody, Place


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the bucket holds under one name."""

    current: bool
    """False where the latest version is a delete marker."""
    versions: tuple[str, ...]
    """Every version's id, delete markers' too."""
    content: bool
    """Whether any version still has content."""


class Custody(Protocol):
    """Two roles at work. Every failure is a `CustodyError`; none of them holds what was encrypted."""

    @property
    def place(self) -> Place:
        """Where it is."""

    # --- the writer ---

    def describe_key(self) -> None:
        """Ask for the custody key's state; refuse one that is not enabled."""

    def encrypt(self, plaintext: bytes) -> bytes:
        """Give the body of an object that holds `plaintext`, UTF-8 text of at most 4 KiB."""

    def data_key(self) -> DataKey:
        """Take a fresh 256-bit key, in plaintext and wrapped."""

    def put(self, name: str, body: bytes) -> bool:
        """Store the object unless one is there; say whether the bucket now holds exactly `body` there."""

    def listed(self) -> dict[str, Stored]:
        """List every version of every object that may be custody's, by name without the prefix."""

    def hide(self, name: str) -> None:
        """Lay a delete marker over the object. Its versions stay."""

    def erase(self, name: str) -> None:
        """Delete every version of the object, and look that none is left."""

    # --- the reader ---

    def get(self, name: str) -> bytes | None:
        """Give the object's content, None if there is none."""

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Open what `encrypt` closed."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open what `data_key` wrapped."""

    # --- the servers' own identity ---

    def prove_seal(self) -> None:
        """Do with the seal key what the servers will."""


def custody_at(
    place: Place, *, patience: float = 0.0, on_wait: Callable[[], None] = lambda: None
) -> Custody:
    """Give custody's calls at this place. Each cloud's SDK is slow to import: only the one's that holds it is.

    `patience` is how many seconds from now on a denial is taken for a permission that the cloud has not spread yet;
    `on_wait` is called before each new attempt then.
    """
    match place:
        case AwsCustody():
            from custody import aws  # noqa: PLC0415  see above

            return aws.Custody(place, patience=patience, on_wait=on_wait)
        case AlicloudCustody():
            if find_spec("alibabacloud_oss_v2") is None:
                raise CustodyError("Alibaba Cloud's SDKs are not installed", "run `make alicloud`")
            from custody import alicloud  # noqa: PLC0415  see above

            return alicloud.Custody(place, patience=patience, on_wait=on_wait)
