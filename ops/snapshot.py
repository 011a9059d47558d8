"""A raft snapshot that was looked into before anybody relies on it.

Expired seal credentials silently give an archive that can't be restored (vault#13130): the sealed checksums are
missing or empty, or (OpenBao 2.6) the archive ends before its end, with status 200. So every file is held against the
archive's own sums, and the sealed ones must be there. HashiCorp Vault also says whether it can use its seal: before,
since its own look every ten minutes, and after, since the snapshot has just used it.
Source: https://developer.hashicorp.com/vault/docs/sysadmin/snapshots; the archive is raft-snapshot's (gzip, tar).
"""

import datetime as dt
import gzip
import hashlib
import os
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import hvac
import requests

_SUMS = "SHA256SUMS"
_SEALED = "SHA256SUMS.sealed"
_FILES = ("meta.json", "state.bin")
_SECONDS = 600


class SnapshotError(Exception):
    """A snapshot can't be taken or can't be trusted; one line with what to do."""


def take(client: hvac.Client, directory: Path) -> Path:
    """Save a snapshot of the whole cluster, verify it, give its file (0600).

    `client` talks to the active node with a token that may read `sys/storage/raft/snapshot`.

    Raises:
        SnapshotError: if the server refuses or can't use its seal, or what came is not whole. An archive that can't be
            trusted is deleted.

    """
    refuse_unusable_seal(client)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
    part, file = directory / f"{taken}.part", directory / f"{taken}.snap"
    try:
        _download(client, part)
        verify(part)
        refuse_unusable_seal(client)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.rename(file)
    return file


def refuse_unusable_seal(client: hvac.Client) -> None:
    """Refuse a server that says that it can't use its seal. One that says nothing of it (OpenBao, Vault < 1.16) passes.

    Raises:
        SnapshotError: if the seal is unusable: a server that ends now stays sealed.

    """
    try:
        answer = client.session.get(
            f"{client.url}/v1/sys/seal-backend-status", timeout=_STATUS_SECONDS, verify=True
        )
        healthy = answer.json()["healthy"] if answer.status_code == requests.codes.ok else True
    except requests.RequestException as error:
        raise SnapshotError(
            f"{client.url} does not say whether it can use its seal ({type(error).__name__}); run again"
        ) from None
    if not healthy:
        raise SnapshotError(
            f"{client.url} can't use its seal: a snapshot of it could not be restored, and once ended it stays sealed;"
            f" {_RENEW}"
        )


_STATUS_SECONDS = 30
_RENEW = "check the servers' log and the seal's credentials (`pulumi up`, `python -m ops roll`), then run again"


def _download(client: hvac.Client, part: Path) -> None:
    try:
        with client.session.get(
            f"{client.url}/v1/sys/storage/raft/snapshot",
            headers={"X-Vault-Token": client.token},
            stream=True,
            timeout=_SECONDS,
            verify=True,
        ) as answer:
            if answer.status_code != requests.codes.ok:
                raise SnapshotError(
                    f"{client.url} refuses a snapshot ({answer.status_code}); see the server's log"
                )
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                for chunk in answer.iter_content(1024 * 1024):
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
    except requests.RequestException as error:
        raise SnapshotError(
            f"{client.url} ended while it gave a snapshot ({type(error).__name__}); run again"
        ) from None


def verify(file: Path) -> None:
    """Refuse an archive that is not whole, or that no server could restore.

    Raises:
        SnapshotError: saying what is wrong with it.

    """
    digests: dict[str, str] = {}
    sums = sealed = b""
    try:
        with gzip.open(file) as whole, tarfile.open(fileobj=whole, mode="r|") as archive:
            for entry in archive:
                content = archive.extractfile(entry)
                if content is None:
                    continue
                if entry.name == _SUMS:
                    sums = content.read()
                elif entry.name == _SEALED:
                    sealed = content.read()
                else:
                    digests[entry.name] = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
            # Where tar has seen its end, gzip's own sum may still be missing: servers hold it against that.
            while whole.read(1024 * 1024):
                pass
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        raise SnapshotError(
            f"the snapshot's archive is cut off or damaged, as it is where the seal can't be used; {_RENEW}"
        ) from None
    _hold(digests, dict(_read(sums.decode(errors="replace").splitlines())), sealed)


def _hold(digests: dict[str, str], said: dict[str, str], sealed: bytes) -> None:
    for name in _FILES:
        if name not in digests or said.get(name) != digests[name]:
            raise SnapshotError(
                f"{name} in the snapshot is not what its checksum says; take another"
            )
    if not sealed:
        raise SnapshotError(
            f"the snapshot's checksums are not sealed, so no server would restore it: the seal key could not be used;"
            f" {_RENEW}"
        )


def _read(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        digest, _, name = line.partition("  ")
        yield name, digest
