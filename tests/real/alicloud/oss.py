"""OSS: objects of buckets with and without versions."""

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET

from tests.real.alicloud.signatures import Failure, Request

_FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of an object; a delete marker has no body."""

    id: str
    body: bytes | None
    modified: dt.datetime


@dataclass(kw_only=True)
class Bucket:
    """One bucket."""

    arn: str
    versioned: bool = True
    """Once it kept versions, x-oss-forbid-overwrite does nothing for ever."""
    objects: dict[str, list[Version]] = field(default_factory=dict)
    """Newest first."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


May = Callable[[str, str], None]


class Oss:
    """The buckets of one account."""

    def __init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self._ids = itertools.count(1)

    def action(self, request: Request) -> str:
        """Name what a request asks for, as RAM does."""
        version = "Version" if request.value("versionId") else ""
        if request.value("versions") is not None and request.method == "GET":
            return "oss:ListObjectVersions"
        verbs = {"GET": "oss:GetObject", "DELETE": "oss:DeleteObject", "PUT": "oss:PutObject"}
        if request.method not in verbs:
            raise Failure(405, "MethodNotAllowed")
        return verbs[request.method] + version

    def call(self, request: Request, may: May) -> Reply:
        """Make one call."""
        _, name, key = unquote(request.path).split("/", 2)
        bucket = self.buckets.get(name)
        if bucket is None:
            raise Failure(404, "NoSuchBucket")
        action = self.action(request)
        if action == "oss:ListObjectVersions":
            may(action, bucket.arn)
            return self._listed(name, bucket, request)
        may(action, f"{bucket.arn}/{key}")
        match request.method:
            case "PUT":
                return self._put(bucket, key, request)
            case "GET":
                return self._got(bucket, key, request.value("versionId"))
            case _:
                return self._deleted(bucket, key, request.value("versionId"))

    def put(self, bucket: Bucket, key: str, body: bytes | None) -> Version:
        """Add a version, or take the place of the only one."""
        number = next(self._ids)
        modified = _FIRST + dt.timedelta(seconds=number)
        there = bucket.objects.setdefault(key, [])
        if not bucket.versioned:
            there.clear()
        version_id = f"CAEQ{number:08d}" if bucket.versioned else "null"
        there.insert(0, Version(id=version_id, body=body, modified=modified))
        return there[0]

    def _put(self, bucket: Bucket, key: str, request: Request) -> Reply:
        forbid = request.headers.get("x-oss-forbid-overwrite", "false")
        if forbid not in ("true", "false"):
            raise Failure(400, "InvalidArgument", "x-oss-forbid-overwrite")
        if forbid == "true" and not bucket.versioned and bucket.objects.get(key):
            raise Failure(409, "FileAlreadyExists")
        version = self.put(bucket, key, request.body)
        if not bucket.versioned:
            return Reply()
        return Reply(headers=(("x-oss-version-id", version.id),))

    def _got(self, bucket: Bucket, key: str, version_id: str | None) -> Reply:
        versions = bucket.objects.get(key, [])
        found = [each for each in versions if version_id in (None, each.id)][:1]
        if not found or found[0].body is None:
            raise Failure(404, "NoSuchVersion" if version_id else "NoSuchKey")
        headers = (("x-oss-version-id", found[0].id),) if bucket.versioned else ()
        return Reply(body=found[0].body, headers=headers)

    def _deleted(self, bucket: Bucket, key: str, version_id: str | None) -> Reply:
        if version_id is None and bucket.versioned:
            marker = self.put(bucket, key, None)
            return Reply(
                status=204,
                headers=(("x-oss-delete-marker", "true"), ("x-oss-version-id", marker.id)),
            )
        versions = bucket.objects.get(key, [])
        bucket.objects[key] = [each for each in versions if version_id not in (None, each.id)]
        return Reply(status=204)

    def _listed(self, name: str, bucket: Bucket, request: Request) -> Reply:
        prefix, most = request.value("prefix") or "", int(request.value("max-keys") or 100)
        if not 0 < most <= 1000:
            raise Failure(400, "InvalidArgument", "max-keys")
        after_key, after_id = request.value("key-marker"), request.value("version-id-marker")
        if after_id and not after_key:
            raise Failure(400, "InvalidArgument", "version-id-marker without key-marker")
        flat = [
            (key, version, index == 0)
            for key in sorted(bucket.objects)
            for index, version in enumerate(bucket.objects[key])
            if key.startswith(prefix)
        ]
        if after_key:
            places = [
                i for i, (key, v, _) in enumerate(flat) if (key, v.id) == (after_key, after_id)
            ]
            flat = flat[places[0] + 1 :] if places else [e for e in flat if e[0] > after_key]
        page, more = flat[:most], len(flat) > most
        root = ET.Element("ListVersionsResult")
        for tag, text in (("Name", name), ("Prefix", prefix), ("MaxKeys", str(most)),
                          ("EncodingType", "url"), ("IsTruncated", str(more).lower())):  # fmt: skip
            ET.SubElement(root, tag).text = text
        if more:
            ET.SubElement(root, "NextKeyMarker").text = quote(page[-1][0], safe="")
            ET.SubElement(root, "NextVersionIdMarker").text = page[-1][1].id
        for key, version, latest in page:
            tag = "DeleteMarker" if version.body is None else "Version"
            entry = ET.SubElement(root, tag)
            ET.SubElement(entry, "Key").text = quote(key, safe="")
            ET.SubElement(entry, "VersionId").text = version.id
            ET.SubElement(entry, "IsLatest").text = str(latest).lower()
            stamp = version.modified.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            ET.SubElement(entry, "LastModified").text = stamp
        return Reply(
            body=ET.tostring(root, encoding="utf-8", xml_declaration=True),
            headers=(("Content-Type", "application/xml"),),
        )


def refused(failure: Failure) -> Reply:
    """Give an error's answer."""
    root = ET.Element("Error")
    for tag, text in (("Code", failure.code), ("Message", failure.message),
                      ("RequestId", "5C3D9175B6FC201293AD"), ("HostId", "oss.example.com")):  # fmt: skip
        ET.SubElement(root, tag).text = text
    return Reply(
        status=failure.status,
        body=ET.tostring(root, encoding="utf-8", xml_declaration=True),
        headers=(("Content-Type", "application/xml"), ("x-oss-request-id", "5C3D9175B6FC201293AD")),
    )
