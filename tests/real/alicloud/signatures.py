"""The three signatures of Alibaba Cloud's, computed from what arrived. Each raises `Failure` if it isn't the caller's.

Source: Alibaba Cloud's documentation ("V3 request structure and signature", "V2 request structure and signature" of
RPC APIs, OSS "Include a V4 signature in the Authorization header").
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote


class Failure(Exception):  # noqa: N818  an answer of the service's
    """What the service answers instead of a result."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message or code


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request; names of headers are in lower case."""

    method: str
    path: str
    """As it arrived, still encoded."""
    query: tuple[tuple[str, str], ...]
    """Decoded, in order."""
    headers: Mapping[str, str]
    body: bytes
    secure: bool = False

    def value(self, name: str) -> str | None:
        """Give a query parameter, None without."""
        return dict(self.query).get(name)


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """A key that the service knows, and whose it is."""

    id: str
    secret: str
    principal: str
    token: str | None = None
    active: bool = True


Keys = Mapping[str, AccessKey]
_MUST_BE_SIGNED = {
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
}


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def acs3(request: Request, keys: Keys) -> AccessKey:
    """Check ACS3-HMAC-SHA256, in the header Authorization."""
    found = re.fullmatch(
        r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})",
        request.headers.get("authorization", ""),
    )
    if found is None:
        raise Failure(400, "IncompleteSignature")
    key = _known(found[1], keys, "InvalidAccessKeyId.NotFound", 404)
    signed = found[2].split(";")
    wanted = _MUST_BE_SIGNED | ({"x-acs-security-token"} if key.token else set())
    if not wanted <= set(signed) or signed != sorted(signed):
        raise Failure(400, "IncompleteSignature", f"not signed: {wanted - set(signed)}")
    if request.headers["x-acs-content-sha256"] != hashlib.sha256(request.body).hexdigest():
        raise Failure(400, "InvalidContentHash")
    canonical = "\n".join(
        [
            request.method,
            request.path,
            "&".join(f"{_encoded(k)}={_encoded(v)}" for k, v in sorted(request.query)),
            "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed),
            ";".join(signed),
            request.headers["x-acs-content-sha256"],
        ]
    )
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    right = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    _compare(right, found[3], 400)
    _has_token(key, request.headers.get("x-acs-security-token"))
    return key


def rpc(request: Request, form: Mapping[str, str], keys: Keys) -> AccessKey:
    """Check the older signature of RPC APIs, among the parameters: what the servers' own SDK sends."""
    given = {**dict(request.query), **form}
    for name in ("AccessKeyId", "Action", "Signature", "SignatureNonce", "Timestamp", "Version"):
        if name not in given:
            raise Failure(400, f"Missing{name}")
    if (given.get("SignatureMethod"), given.get("SignatureVersion")) != ("HMAC-SHA1", "1.0"):
        raise Failure(400, "InvalidSignatureMethod")
    key = _known(given["AccessKeyId"], keys, "InvalidAccessKeyId.NotFound", 404)
    signed = sorted((k, v) for k, v in given.items() if k != "Signature")
    canonical = "&".join(f"{_encoded(k)}={_encoded(v)}" for k, v in signed)
    text = f"{request.method}&{_encoded('/')}&{_encoded(canonical)}"
    digest = hmac.new(f"{key.secret}&".encode(), text.encode(), hashlib.sha1).digest()
    _compare(base64.b64encode(digest).decode(), given["Signature"], 400)
    _has_token(key, given.get("SecurityToken"))
    return key


def oss4(request: Request, region: str, keys: Keys) -> AccessKey:
    """Check OSS4-HMAC-SHA256, in the header Authorization; the object's bucket stands in the path."""
    found = re.fullmatch(
        r"OSS4-HMAC-SHA256 Credential=([^/]+)/([0-9]{8})/([^/]+)/oss/aliyun_v4_request"
        r"(?:,AdditionalHeaders=([^,]+))?,Signature=([0-9a-f]{64})",
        request.headers.get("authorization", ""),
    )
    if found is None:
        raise Failure(403, "AccessDenied", "not signed")
    key = _known(found[1], keys, "InvalidAccessKeyId", 403)
    if found[3] != region:
        raise Failure(400, "InvalidArgument", f"signed for {found[3]}")
    more = found[4].split(";") if found[4] else []
    signed = {
        name: value
        for name, value in request.headers.items()
        if name.startswith("x-oss-") or name in ("content-type", "content-md5") or name in more
    }
    if not {"x-oss-date", "x-oss-content-sha256"} <= set(signed):
        raise Failure(400, "InvalidArgument", "x-oss-date and x-oss-content-sha256 are missing")
    pairs = sorted((_encoded(k), _encoded(v)) for k, v in request.query)
    canonical = "\n".join(
        [
            request.method,
            quote(unquote(request.path), safe="/~"),
            "&".join(f"{k}={v}" if v else k for k, v in pairs),
            "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed)),
            ";".join(more),
            request.headers["x-oss-content-sha256"],
        ]
    )
    scope = f"{found[2]}/{found[3]}/oss/aliyun_v4_request"
    text = "\n".join(
        [
            "OSS4-HMAC-SHA256",
            request.headers["x-oss-date"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    derived = f"aliyun_v4{key.secret}".encode()
    for part in scope.split("/"):
        derived = hmac.new(derived, part.encode(), hashlib.sha256).digest()
    right = hmac.new(derived, text.encode(), hashlib.sha256).hexdigest()
    _compare(right, found[5], 403)
    _has_token(key, request.headers.get("x-oss-security-token"))
    return key


def _known(key_id: str, keys: Keys, code: str, status: int) -> AccessKey:
    if key_id not in keys:
        raise Failure(status, code)
    if not keys[key_id].active:
        raise Failure(403, "InvalidAccessKeyId.Inactive")
    return keys[key_id]


def _compare(right: str, given: str, status: int) -> None:
    if not hmac.compare_digest(right, given):
        raise Failure(status, "SignatureDoesNotMatch")


def _has_token(key: AccessKey, given: str | None) -> None:
    if key.token != given:
        raise Failure(400, "InvalidSecurityToken.MismatchWithAccessKey")
