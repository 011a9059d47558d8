"""A forward proxy in front of servers that can't be told where KMS and STS are: every name of Alibaba Cloud leads here.

So does an ECS instance's metadata. Anything else is refused.
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.real.alicloud.server import ACCOUNT, Services

_METADATA = "100.100.100.200"
_ROLE = "/latest/meta-data/ram/security-credentials/"


@contextmanager
def forwarding(
    services: Services, machine_role: str | None = None
) -> Iterator[tuple[str, set[str]]]:
    """Give the proxy's URL, and the hosts that it was asked for; the machine has this RAM role."""
    asked: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            host = self.path.rpartition(":")[0]
            asked.add(host)
            if not host.endswith(".aliyuncs.com"):
                self.send_error(403)
                return
            to, _, port = services.tls.rpartition(":")
            with socket.create_connection((to, int(port))) as upstream:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_relay, args=(upstream, self.connection))
                back.start()
                _relay(self.connection, upstream)
                back.join()
            self.close_connection = True

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked.add(str(url.hostname))
            if url.hostname != _METADATA or url.path != f"{_ROLE}{machine_role}":
                self.send_error(404)
                return
            role = f"acs:ram::{ACCOUNT}:role/{machine_role}"
            body = json.dumps({**services.session(role), "Code": "Success"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
