"""Init's whole answer as one ciphertext that carries its own wrapped key.

The data key is taken from KMS before init, so that nothing but a local cipher stands between init's answer and
its first durable copy. AES-256-GCM; the intent's id is authenticated with it, so that an envelope can't pass for
another cluster's.
"""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from custody.errors import CustodyError
from custody.names import ROLES, Role
from custody.secret import Secret

_VERSION = 1
_NONCE = 12


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What init returned, once."""

    keys: tuple[Secret, ...]
    """Hexadecimal, in the server's order."""
    role: Role = "recovery"
    """What they are good for."""
    root_token: Secret


@dataclass(frozen=True, kw_only=True, repr=False)
class DataKey:
    """A key from KMS in both forms. Not printable."""

    plaintext: bytes
    """32 bytes."""
    wrapped: bytes
    """As only KMS can open it."""


def seal(answer: Answer, *, intent: str, key: DataKey) -> bytes:
    """Give the envelope: JSON, nothing in it readable without KMS."""
    nonce = secrets.token_bytes(_NONCE)
    plaintext = json.dumps(
        {
            f"{answer.role}_keys": [each.reveal() for each in answer.keys],
            "root_token": answer.root_token.reveal(),
        }
    ).encode()
    ciphertext = AESGCM(key.plaintext).encrypt(nonce, plaintext, _authenticated(intent))
    document = {
        "version": _VERSION,
        "intent": intent,
        "key": _text(key.wrapped),
        "nonce": _text(nonce),
        "ciphertext": _text(ciphertext),
    }
    return json.dumps(document).encode()


def wrapped_key(envelope: bytes, *, intent: str) -> bytes:
    """Give the envelope's own key as KMS wrapped it.

    Raises:
        CustodyError: if this is no envelope, or another intent's.

    """
    return _field(_document(envelope, intent), "key")


def unseal(envelope: bytes, *, intent: str, key: bytes) -> Answer:
    """Open the envelope with its unwrapped key.

    Raises:
        CustodyError: if it is damaged, or sealed with another key or for another intent.

    """
    document = _document(envelope, intent)
    nonce, ciphertext = _field(document, "nonce"), _field(document, "ciphertext")
    try:
        content = json.loads(AESGCM(key).decrypt(nonce, ciphertext, _authenticated(intent)))
    except (InvalidTag, ValueError):
        # Outside of the handler below, so that the plaintext hangs on no error.
        content = None
    if content is None:
        raise _damaged()
    role = next(role for role in ROLES if f"{role}_keys" in content)
    return Answer(
        keys=tuple(Secret(each) for each in content[f"{role}_keys"]),
        role=role,
        root_token=Secret(content["root_token"]),
    )


def local_path(directory: Path, intent: str) -> Path:
    """Where the local copy of one intent's envelope lies."""
    return directory / f"strongroom-envelope-{intent}"


def prove_writable(directory: Path) -> None:
    """Write, flush and remove a file as the envelope will be written.

    Raises:
        CustodyError: if that fails: known before init, it costs nothing.

    """
    probe = directory / f"probe-{secrets.token_hex(4)}"
    write_durably(probe, b"probe")
    remove_durably(probe)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads; when this returns, a power cut does not lose it.

    Raises:
        CustodyError: if the file can't be written.

    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        for directory in (path.parent, path.parent.parent):
            _flush(directory)
    except OSError as error:
        raise CustodyError(
            f"{path.parent} can't be written ({error.strerror})",
            "make it writable or set custody.directory",
        ) from None


def read_if_there(path: Path) -> bytes | None:
    """Give the file's content, None if there is none.

    Raises:
        CustodyError: if it is there and can't be read.

    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CustodyError(
            f"{path} can't be read ({error.strerror})", "make it readable and run again"
        ) from None


def remove_durably(path: Path) -> None:
    """Remove the file if it is there, and the memory of it from the directory.

    Raises:
        CustodyError: if it stays.

    """
    try:
        path.unlink(missing_ok=True)
        if path.parent.exists():
            _flush(path.parent)
    except OSError as error:
        raise CustodyError(
            f"{path} can't be removed ({error.strerror})", "remove it by hand and run again"
        ) from None


def _flush(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _authenticated(intent: str) -> bytes:
    return f"strongroom-envelope/{_VERSION}/{intent}".encode()


def _document(envelope: bytes, intent: str) -> dict[str, object]:
    try:
        document = json.loads(envelope)
    except ValueError:
        raise _damaged() from None
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise _damaged()
    if document.get("intent") != intent:
        raise CustodyError(
            "this envelope belongs to another bootstrap",
            "keep it; it may hold another cluster's recovery keys. Use another custody.prefix",
        )
    return document


def _field(document: dict[str, object], name: str) -> bytes:
    try:
        return base64.b64decode(str(document[name]), validate=True)
    except (KeyError, ValueError):
        raise _damaged() from None


def _text(binary: bytes) -> str:
    return base64.b64encode(binary).decode()


def _damaged() -> CustodyError:
    return CustodyError(
        "the envelope is damaged or sealed with another key",
        "keep it, and look for its other copy: the bucket's strongroom-envelope in every version, and"
        " custody.directory on every machine that ran the bootstrap",
    )
