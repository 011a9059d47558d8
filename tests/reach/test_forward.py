"""What a local port does with its connections; the way into real pods is tested in tests/kubernetes."""

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from reach.errors import ReachError
from reach.forward import listening


class _Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while line := self.rfile.readline():
            self.wfile.write(b"far: " + line)


@pytest.fixture
def far() -> Iterator[tuple[str, int]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield ("127.0.0.1", int(server.server_address[1]))
        server.shutdown()


def asked(port: int, line: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as near:
        near.sendall(line)
        return near.makefile("rb").readline()


def test_each_connection_has_a_far_end_of_its_own(far: tuple[str, int]) -> None:
    opened = []

    def opens() -> socket.socket:
        opened.append(1)
        return socket.create_connection(far, timeout=5)

    with listening(opens) as port:
        assert asked(port, b"one\n") == b"far: one\n"
        assert asked(port, b"two\n") == b"far: two\n"

    assert len(opened) == 2


def test_what_is_large_arrives_whole(far: tuple[str, int]) -> None:
    line = b"x" * 3_000_000 + b"\n"

    with listening(lambda: socket.create_connection(far, timeout=5)) as port:
        assert asked(port, line) == b"far: " + line


def test_a_far_end_that_cannot_be_reached_ends_the_connection_and_not_the_port(
    far: tuple[str, int],
) -> None:
    alive = False

    def opens() -> socket.socket:
        if not alive:
            raise ReachError("pod vault/vault-0 can't be reached")
        return socket.create_connection(far, timeout=5)

    with listening(opens) as port:
        assert asked(port, b"one\n") == b""
        alive = True
        assert asked(port, b"two\n") == b"far: two\n"


def test_a_taken_port_is_refused_with_what_to_do(far: tuple[str, int]) -> None:
    with (
        pytest.raises(ReachError, match=r"local port \d+ can't be used .*localPort"),
        listening(lambda: socket.create_connection(far, timeout=5), far[1]),
    ):
        pass


def test_the_port_is_closed_afterwards(far: tuple[str, int]) -> None:
    with listening(lambda: socket.create_connection(far, timeout=5)) as port:
        pass

    with pytest.raises(ConnectionRefusedError):
        asked(port, b"one\n")
