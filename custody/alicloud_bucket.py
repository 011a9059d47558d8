"""Custody's bucket in OSS: what is written once stays what it is. Why so, stands in `alicloud.py`."""

import datetime as dt
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import alibabacloud_oss_v2 as oss

from custody.alicloud_calls import ATTEMPTS, Calls
from custody.alicloud_clients import TRANSIENT, Identity
from custody.errors import CustodyError, RefusedError, UnreachableError
from custody.store import Stored

_OURS = ("vault-", "strongroom-")


@dataclass(frozen=True, kw_only=True)
class _Version:
    """One version of one object, or a delete marker."""

    key: str
    id: str
    latest: bool
    content: bool
    modified: dt.datetime


def _in_order(page: oss.ListObjectVersionsResult) -> list[_Version]:
    """Give a page's versions and markers, each object's newest first.

    The SDK keeps the two apart, so of one second, which is as fine as OSS tells times, their order is lost: then
    content counts as the newer. At worst a value that was hidden and written anew within a second is refused.
    """
    versions = [
        _Version(
            key=each.key,
            id=each.version_id,
            latest=bool(each.is_latest),
            content=content,
            modified=each.last_modified,
        )
        for listed, content in ((page.version, True), (page.delete_marker, False))
        for each in listed or []
    ]
    # Stable: versions among themselves, and markers, come newest first already.
    versions.sort(key=lambda each: (each.modified, each.content), reverse=True)
    return sorted(versions, key=lambda each: (each.key, not each.latest))


class Bucket:
    """Objects by name without the prefix; see `custody.store.Custody`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._place = calls.place

    def put(self, name: str, body: bytes) -> bool:
        """Store the object unless one is there; say whether the bucket now holds exactly `body` there.

        Raises:
            CustodyError: also where another run has written something else meanwhile, or the bucket keeps no versions.

        """
        present = self.get(name)
        if present is None:
            self._add(name, body)
            present = self.get(name)
        return present is not None and hmac.compare_digest(present, body)

    def _add(self, name: str, body: bytes) -> None:
        """PUT until OSS has it. Whether it is the only one there is for the caller to see."""
        for left in reversed(range(ATTEMPTS)):
            try:
                return self._put_once(name, body)
            except RefusedError as error:
                if error.reason not in TRANSIENT or not left:
                    raise
            except UnreachableError:
                # It may have arrived: written again, it would be there twice.
                if self._versions_of(self._place.prefix + name):
                    return None
                if not left:
                    raise
        return None

    def _put_once(self, name: str, body: bytes) -> None:
        request = oss.PutObjectRequest(
            bucket=self._place.bucket,
            key=self._place.prefix + name,
            body=body,
            content_type="application/octet-stream",
            forbid_overwrite=True,
        )
        put = partial(self._calls.writer.oss.put_object, request)
        try:
            answer = self._calls.call("writer", "oss:PutObject", self._url(name), put, once=True)
        except RefusedError as error:
            if error.reason == "FileAlreadyExists":
                return
            raise
        if not answer.version_id:
            raise CustodyError(
                f"bucket {self._place.bucket} keeps no versions, so what is in it could be overwritten",
                "switch versioning on (`pulumi up` does), then run again",
            )

    def listed(self) -> dict[str, Stored]:
        """List every version of every object that may be custody's, by name without the prefix."""
        found: dict[str, list[_Version]] = {}
        for prefix in _OURS:
            for each in self._versions("writer", self._calls.writer, self._place.prefix + prefix):
                found.setdefault(each.key.removeprefix(self._place.prefix), []).append(each)
        return {
            name: Stored(
                current=any(each.latest and each.content for each in versions),
                versions=tuple(each.id for each in versions),
                content=any(each.content for each in versions),
            )
            for name, versions in found.items()
        }

    def hide(self, name: str) -> None:
        """Lay a delete marker over the object. Its versions stay."""
        request = oss.DeleteObjectRequest(bucket=self._place.bucket, key=self._place.prefix + name)
        delete = partial(self._calls.writer.oss.delete_object, request)
        self._calls.call("writer", "oss:DeleteObject", self._url(name), delete)

    def erase(self, name: str) -> None:
        """Delete every version of the object, and look that none is left."""
        key = self._place.prefix + name
        for version in self._versions_of(key):
            request = oss.DeleteObjectRequest(
                bucket=self._place.bucket, key=key, version_id=version.id
            )
            delete = partial(self._calls.writer.oss.delete_object, request)
            self._calls.call("writer", "oss:DeleteObjectVersion", self._url(name), delete)
        if self._versions_of(key):
            raise CustodyError(
                f"{self._url(name)} is there again right after it was deleted",
                "stop whoever else writes there, then run again",
            )

    def get(self, name: str) -> bytes | None:
        """Give the object's one value, None if there is none.

        Raises:
            CustodyError: also where there are two; names the older as the valid one.

        """
        key = self._place.prefix + name
        current: list[_Version] = []
        # Newest first. What a delete marker hides is not there any more.
        for version in self._versions("reader", self._calls.reader, key):
            if version.key != key:
                continue
            if not version.content:
                break
            current.append(version)
        bodies = [self._body(name, version.id) for version in current]
        # A PUT whose answer was lost may have been made twice, with the same ciphertext.
        if any(not hmac.compare_digest(body, bodies[-1]) for body in bodies):
            raise CustodyError(
                f"{self._url(name)} was written twice, by two runs at once: version {current[-1].id} is the valid"
                f" one, {', '.join(each.id for each in current[:-1])} came later",
                f"let no run go on but the one that wrote the first, and delete what came later: `ossutil api"
                f" delete-object --bucket {self._place.bucket} --key {key} --version-id ...`",
            )
        return bodies[-1] if bodies else None

    def _body(self, name: str, version: str) -> bytes:
        request = oss.GetObjectRequest(
            bucket=self._place.bucket, key=self._place.prefix + name, version_id=version
        )

        def fetch() -> bytes:
            content: bytes = self._calls.reader.oss.get_object(request).body.content
            return content

        return self._calls.call("reader", "oss:GetObjectVersion", self._url(name), fetch)

    def _versions_of(self, key: str) -> list[_Version]:
        return [
            each for each in self._versions("writer", self._calls.writer, key) if each.key == key
        ]

    def _versions(self, who: str, identity: Identity, prefix: str) -> Iterator[_Version]:
        """List versions and delete markers, each object's newest first."""
        markers: dict[str, Any] = {}
        while True:
            request = oss.ListObjectVersionsRequest(
                bucket=self._place.bucket, prefix=prefix, max_keys=1000, **markers
            )
            page = self._calls.call(
                who,
                "oss:ListObjectVersions",
                f"oss://{self._place.bucket}",
                partial(identity.oss.list_object_versions, request),
            )
            yield from _in_order(page)
            if not page.is_truncated:
                return
            markers = {
                "key_marker": page.next_key_marker,
                "version_id_marker": page.next_version_id_marker,
            }

    def _url(self, name: str) -> str:
        return f"oss://{self._place.bucket}/{self._place.prefix}{name}"
