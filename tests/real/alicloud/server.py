"""The services behind one address: whoever sends x-acs-action or Action means KMS or STS, anybody else OSS."""

import datetime as dt
import json
import secrets
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from custody.request import AlicloudCustody
from tests.components.cloud.alicloud.world import Call, World
from tests.real.alicloud import signatures
from tests.real.alicloud.kms import Key, Kms, assumed_role
from tests.real.alicloud.oss import Bucket, Oss, Reply, refused
from tests.real.alicloud.signatures import AccessKey, Failure, Request

ACCOUNT = "1234567890123456"
REGION = "eu-central-1"
PIPELINE = f"acs:ram::{ACCOUNT}:user/pipeline"


@dataclass(kw_only=True)
class Fault:
    """What happens to the next request for an action instead of, or around, its answer."""

    action: str
    does: Literal["refuse", "hang up", "hang up after", "first"]
    failure: Failure | None = None
    first: Callable[[], None] = lambda: None


@dataclass(kw_only=True)
class Services:
    """What is there. Tests change it as they like; the account's world says who may do what."""

    world: World
    kms: Kms = field(default_factory=Kms)
    oss: Oss = field(default_factory=Oss)
    keys: dict[str, AccessKey] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Principal and action of each request that was signed."""
    endpoint: str = ""
    tls: str = ""
    """host:port that answers over TLS; empty without."""

    def key(self, principal: str) -> AccessKey:
        """Make an access key of a user."""
        made = AccessKey(
            id=f"LTAI{secrets.token_hex(8)}", secret=secrets.token_hex(15), principal=principal
        )
        self.keys[made.id] = made
        return made

    def session(self, role: str) -> dict[str, str]:
        """Give credentials of a role, as STS and an instance's metadata do."""
        made = AccessKey(
            id=f"STS.{secrets.token_hex(8)}",
            secret=secrets.token_hex(15),
            principal=role,
            token=secrets.token_hex(30),
        )
        self.keys[made.id] = made
        return {
            "AccessKeyId": made.id,
            "AccessKeySecret": made.secret,
            "SecurityToken": made.token or "",
            "Expiration": f"{dt.datetime.now(dt.UTC) + dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        }

    def answer(self, request: Request) -> Reply | None:
        """Answer, or None for a connection that just ends."""
        form = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
        is_oss = "x-acs-action" not in request.headers and not (
            request.value("Action") or form.get("Action")
        )
        action = ""
        try:
            if is_oss:
                action = self.oss.action(request)
            else:
                version = request.headers.get("x-acs-version") or request.value("Version")
                product = {"2016-01-20": "kms", "2015-04-01": "sts"}.get(str(version))
                name = request.headers.get("x-acs-action") or request.value("Action")
                action = f"{product}:{name}"
            fault = self._fault(action)
            if fault and fault.does == "refuse" and fault.failure:
                raise fault.failure
            if fault and fault.does == "hang up":
                return None
            if fault and fault.does == "first":
                fault.first()
            reply = self._oss(request, action) if is_oss else self._rpc(request, form, action)
        except Failure as failure:
            return refused(failure) if is_oss else _refused(failure)
        return None if fault and fault.does == "hang up after" else reply

    def _fault(self, action: str) -> Fault | None:
        for fault in self.faults:
            if fault.action == action:
                self.faults.remove(fault)
                return fault
        return None

    def _oss(self, request: Request, action: str) -> Reply:
        key = signatures.oss4(request, REGION, self.keys)
        self.asked.append((key.principal, action))
        return self.oss.call(request, self._may(key, request, "AccessDenied"))

    def _rpc(self, request: Request, form: dict[str, str], action: str) -> Reply:
        if "authorization" in request.headers:
            key, given = signatures.acs3(request, self.keys), {**dict(request.query), **form}
        else:
            key = signatures.rpc(request, form, self.keys)
            given = {**dict(request.query), **form}
        self.asked.append((key.principal, action))
        product, _, name = action.partition(":")
        if product == "kms":
            result = self.kms.call(name, given, self._may(key, request, "Forbidden.NoPermission"))
        elif (product, name) == ("sts", "AssumeRole"):
            result = self._assume(key, given)
        else:
            raise Failure(404, "InvalidVersion")
        return _json(200, {**result, "RequestId": "4C467B38-3910-447D-87BC-AC049166F216"})

    def _assume(self, key: AccessKey, given: dict[str, str]) -> dict[str, Any]:
        role, session = assumed_role(given)
        if role not in self.world.trusts:
            raise Failure(404, "EntityNotExist.Role")
        if not self.world.takes(key.principal, role):
            raise Failure(403, "NoPermission")
        return {
            "Credentials": self.session(role),
            "AssumedRoleUser": {"Arn": f"{role}/{session}", "AssumedRoleId": "3"},
        }

    def _may(self, key: AccessKey, request: Request, code: str) -> Callable[[str, str], None]:
        def may(action: str, resource: str) -> None:
            # Plain http on this machine stands for the TLS of the real service.
            secure = {"acs:SecureTransport": "true"}
            call = Call(principal=key.principal, action=action, resource=resource, context=secure)
            if not self.world.allows(call):
                raise Failure(403, code, f"{key.principal} {action} {resource} {request.path}")

        return may


def _json(status: int, document: dict[str, Any]) -> Reply:
    return Reply(
        status=status,
        body=json.dumps(document).encode(),
        headers=(("Content-Type", "application/json;charset=utf-8"),),
    )


def _refused(failure: Failure) -> Reply:
    return _json(
        failure.status,
        {"Code": failure.code, "Message": failure.message, "RequestId": "3b237773", "HostId": "h"},
    )


@contextmanager
def running(
    place: AlicloudCustody, world: World, *, tls: tuple[Path, Path] | None = None
) -> Iterator[Services]:
    """Serve a place's keys and bucket; `tls` is a certificate and its key, for a second listener."""
    services = Services(world=world)
    for key_id in (place.custody_key, place.seal_key):
        services.kms.keys[key_id] = Key(id=key_id, arn=f"acs:kms:{REGION}:{ACCOUNT}:key/{key_id}")
    services.oss.buckets[place.bucket] = Bucket(arn=f"acs:oss:*:{ACCOUNT}:{place.bucket}")
    plain, secure = _listener(services), _listener(services, tls) if tls else None
    services.endpoint = f"http://127.0.0.1:{plain.server_address[1]}"
    if secure is not None:
        services.tls = f"127.0.0.1:{secure.server_address[1]}"
    try:
        yield services
    finally:
        for each in filter(None, (plain, secure)):
            each.shutdown()
            each.server_close()


def _listener(services: Services, tls: tuple[Path, Path] | None = None) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            url = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                method=self.command,
                path=url.path,
                query=tuple(parse_qsl(url.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
            reply = services.answer(request)
            if reply is None:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server
