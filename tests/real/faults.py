"""A proxy that injects faults: in front of the emulator (denials, silence, refused connections) or of a Vault node.

with faulty(emulator.endpoint) as proxy:
    place = reached_through(place, proxy.url)
    proxy.deny("kms:Encrypt", "reader")          # every call of that action
    proxy.lose_answer("PUT /v1/sys/init")        # the server acts, the client never hears of it
    proxy.hold("s3:PutObject"); proxy.held.wait()  # the call has been made and is not passed on, until `heal`
    proxy.refuse(); ...; proxy.heal()            # connections refused, then as if nothing had been
"""

import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_SERVICE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([a-z0-9]+)/aws4_request")
_NOT_FORWARDED = {"connection", "transfer-encoding", "keep-alive"}
_UPSTREAM_SECONDS = 60


class Faulty:
    """A running proxy. Actions are named as IAM does (`s3:PutObject`); for other servers `METHOD /path`."""

    def __init__(self, upstream: str, tls: tuple[Path, Path] | None) -> None:
        self._upstream = urlsplit(upstream)
        self._tls = tls
        self._denied: list[tuple[str, str]] = []
        self._lost: list[tuple[str, str]] = []
        self._kept: list[tuple[str, str]] = []
        self._said: list[tuple[str, int, str]] = []
        self._healed = threading.Event()
        self.held = threading.Event()
        """Set once a call is being held."""
        self.seen: list[tuple[str, str]] = []
        """Every call's action and resource (S3 key, KMS key ARN or empty), in order."""
        self._server = self._listening(0)
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def deny(self, action: str, resource: str = "") -> None:
        """Answer AccessDenied from now on; `resource` narrows it to S3 keys or KMS key ARNs that end so."""
        self._denied.append((action, resource))

    def lose_answer(self, action: str, resource: str = "") -> None:
        """Pass the call on and close the connection instead of answering."""
        self._lost.append((action, resource))

    def say_once(self, action: str, status: int, error: str) -> None:
        """Answer the next call with this status and Vault's kind of error, instead of passing it on."""
        self._said.append((action, status, error))

    def hold(self, action: str, resource: str = "") -> None:
        """Keep the call from its server until `heal`."""
        self._healed.clear()
        self._kept.append((action, resource))

    def refuse(self) -> None:
        """Refuse connections, as if the server had never been started."""
        self._server.shutdown()
        self._server.server_close()

    def heal(self) -> None:
        """Forget all faults, and accept connections again on the same port."""
        self._denied.clear()
        self._lost.clear()
        self._kept.clear()
        self._said.clear()
        self._healed.set()
        if self._server.socket.fileno() == -1:
            self._server = self._listening(self.port)

    def close(self) -> None:
        """Stop it for good."""
        if self._server.socket.fileno() != -1:
            self.refuse()

    def _listening(self, port: int) -> ThreadingHTTPServer:
        faulty = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def handle_one_request(self) -> None:
                # A client that goes away is none of our business.
                try:
                    super().handle_one_request()
                except (ConnectionError, ssl.SSLError):
                    self.close_connection = True

            def _any(self) -> None:
                self.close_connection = True
                faulty._serve(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = do_LIST = _any  # noqa: N815  names of the base

        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.daemon_threads = True
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server

    def _serve(self, client: BaseHTTPRequestHandler) -> None:
        body = client.rfile.read(int(client.headers.get("Content-Length") or 0))
        action, resource = _called(client, body)
        self.seen.append((action, resource))
        if _matches(self._denied, action, resource):
            _send(client, 403, {"Content-Type": "text/xml"}, _denial(client))
            return
        for said in self._said:
            if said[0] == action:
                self._said.remove(said)
                document = json.dumps({"errors": [said[2]]}).encode()
                _send(client, said[1], {"Content-Type": "application/json"}, document)
                return
        if _matches(self._kept, action, resource):
            self.held.set()
            self._healed.wait(_UPSTREAM_SECONDS)
        status, headers, answer = self._forward(client, body)
        if _matches(self._lost, action, resource):
            client.connection.shutdown(socket.SHUT_RDWR)
            return
        _send(client, status, headers, answer)

    def _forward(
        self, client: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        host, port = self._upstream.hostname or "", self._upstream.port
        connection: http.client.HTTPConnection
        if self._upstream.scheme == "https":
            # The client verifies our certificate, which is the server's own.
            context = ssl._create_unverified_context()  # noqa: S323  loopback, in a test
            connection = http.client.HTTPSConnection(
                host, port, timeout=_UPSTREAM_SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=_UPSTREAM_SECONDS)
        headers = {
            name: value
            for name, value in client.headers.items()
            if name.lower() not in {*_NOT_FORWARDED, "expect", "content-length"}
        }
        try:
            connection.request(client.command, client.path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


@contextmanager
def faulty(upstream: str, tls: tuple[Path, Path] | None = None) -> Iterator[Faulty]:
    """Start a proxy on a free loopback port; with `tls` (certificate, key) it speaks https to both sides."""
    proxy = Faulty(upstream, tls)
    try:
        yield proxy
    finally:
        proxy.close()


def _matches(faults: list[tuple[str, str]], action: str, resource: str) -> bool:
    return any(action == a and resource.endswith(r) for a, r in faults)


def _called(client: BaseHTTPRequestHandler, body: bytes) -> tuple[str, str]:
    target = client.headers.get("X-Amz-Target")
    if target:
        return f"kms:{target.partition('.')[2]}", str(json.loads(body).get("KeyId", ""))
    service = _SERVICE.search(client.headers.get("Authorization") or "")
    action = parse_qs(body.decode(errors="replace")).get("Action", ["unknown"])[0]
    if service is None:
        # The one call to AWS that is not signed: whoever makes it has nothing but a token yet.
        web_identity = action == "AssumeRoleWithWebIdentity"
        return (f"sts:{action}" if web_identity else f"{client.command} {client.path}"), ""
    if service.group(1) == "s3":
        return _s3(client)
    return f"{service.group(1)}:{action}", ""


def _s3(client: BaseHTTPRequestHandler) -> tuple[str, str]:
    url = urlsplit(client.path)
    query = parse_qs(url.query, keep_blank_values=True)
    _, _, key = url.path.lstrip("/").partition("/")
    if not key:
        return ("s3:ListBucketVersions" if "versions" in query else "s3:ListBucket"), ""
    version = "Version" if "versionId" in query else ""
    name = {"PUT": "PutObject", "GET": "GetObject", "DELETE": "DeleteObject"}.get(
        client.command, client.command
    )
    return f"s3:{name}{version}", key


def _denial(client: BaseHTTPRequestHandler) -> bytes:
    if client.headers.get("X-Amz-Target"):
        return b'{"__type": "AccessDeniedException", "Message": "denied by the test"}'
    if "/s3/" in (client.headers.get("Authorization") or ""):
        return b"<Error><Code>AccessDenied</Code><Message>denied by the test</Message></Error>"
    return (
        b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>denied by the test</Message></Error>"
        b"</ErrorResponse>"
    )


def _send(
    client: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    client.send_response_only(status)
    for name, value in headers.items():
        if name.lower() not in {*_NOT_FORWARDED, "content-length"}:
            client.send_header(name, value)
    client.send_header("Content-Length", str(len(body)))
    client.send_header("Connection", "close")
    client.end_headers()
    client.wfile.write(body)
