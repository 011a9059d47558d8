"""Local ports that lead into pods: each connection is one port-forward of the Kubernetes API server."""

import contextlib
import selectors
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from reach.errors import ReachError
from reach.pods import Pods, core

HOST = "127.0.0.1"
_CHUNK = 64 * 1024

Dial = Callable[[], socket.socket]
"""Opens a connection to the far end; raises ReachError."""


def dial(pods: Pods, name: str, port: int) -> socket.socket:
    """Open a connection to a port of a pod, its loopback-only ones included.

    Raises:
        ReachError: if the API server does not lead there.

    """
    from kubernetes.client import ApiException  # noqa: PLC0415
    from kubernetes.stream import portforward  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    client = core(pods.context)
    try:
        opened = portforward(
            client.connect_get_namespaced_pod_portforward, name, pods.namespace, ports=str(port)
        )
    except (ApiException, HTTPError, OSError) as error:
        raise ReachError(
            f"pod {pods.namespace}/{name} can't be reached through the API server ({type(error).__name__})"
        ) from None
    far: socket.socket = opened.socket(port)
    return far


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, opens: Dial) -> None:
        self.opens = opens
        super().__init__((HOST, port), _Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the client sees its connection end, and says so in its own words."""


class _Connection(socketserver.BaseRequestHandler):
    server: _Listener

    def handle(self) -> None:
        try:
            far = self.server.opens()
        except ReachError:
            return
        with contextlib.closing(far):
            _pump(self.request, far)


def _pump(near: socket.socket, far: socket.socket) -> None:
    """Copy both ways until either side ends."""
    with selectors.DefaultSelector() as selector:
        # The library wraps its end; a selector takes the number.
        selector.register(near.fileno(), selectors.EVENT_READ, (near, far))
        selector.register(far.fileno(), selectors.EVENT_READ, (far, near))
        while True:
            for key, _ in selector.select():
                source, target = key.data
                try:
                    data = source.recv(_CHUNK)
                    if not data:
                        return
                    target.sendall(data)
                except OSError:
                    return


@contextmanager
def listening(opens: Dial, port: int = 0) -> Iterator[int]:
    """Give a local port (a free one by default) whose connections go where `opens` leads.

    Raises:
        ReachError: if the port is taken.

    """
    try:
        listener = _Listener(port, opens)
    except OSError as error:
        raise ReachError(
            f"local port {port} can't be used ({error.strerror}); end what listens there, or set another"
            " strongroom:server.localPort"
        ) from None
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield int(listener.server_address[1])
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Local URLs, one per pod, in the pods' order."""

    members: tuple[str, ...]
    generate_root_members: tuple[str, ...]


@contextmanager
def reached(pods: Pods) -> Iterator[Reached]:
    """Give every pod a local URL for as long as the block runs; certificates must name 127.0.0.1."""
    with ExitStack() as stack:

        def url(name: str, port: int) -> str:
            local = stack.enter_context(listening(lambda: dial(pods, name, port)))
            return f"https://{HOST}:{local}"

        yield Reached(
            members=tuple(url(name, pods.port) for name in pods.names),
            generate_root_members=tuple(url(name, pods.generate_root_port) for name in pods.names),
        )
