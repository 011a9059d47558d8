"""What `ops unseal --watch` tells Prometheus, and whoever asks whether it lives.

Six gauges and counters: the text is short enough to be written by hand, and the watch stays small.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from custody.watch import Seen, Watch

TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METRICS: tuple[tuple[str, str, str, Callable[["Seen"], int]], ...] = (
    ("strongroom_server_up", "gauge", "Whether the server answers.", lambda s: s.answers),
    (
        "strongroom_server_initialised",
        "gauge",
        "Whether the server is initialised, or has joined.",
        lambda s: s.initialised,
    ),
    ("strongroom_server_sealed", "gauge", "Whether the server is sealed.", lambda s: s.sealed),
    ("strongroom_server_leader", "gauge", "Whether the server leads.", lambda s: s.leads),
    (
        "strongroom_unseals_total",
        "counter",
        "How often the server was unsealed with keys from custody.",
        lambda s: s.unsealed_times,
    ),
    (
        "strongroom_unseal_failures_total",
        "counter",
        "How often that failed.",
        lambda s: s.failures,
    ),
)


class MetricsError(Exception):
    """Metrics can't be answered where they should be; one line with what to do."""


def text(seen: Mapping[str, "Seen"]) -> str:
    """Give the metrics of every server, by its name."""
    lines = []
    for name, kind, description, value in _METRICS:
        lines += [f"# HELP {name} {description}", f"# TYPE {name} {kind}"]
        lines += [f'{name}{{server="{which}"}} {int(value(each))}' for which, each in seen.items()]
    return "\n".join(lines) + "\n"


@contextmanager
def serving(address: str, watch: "Watch", named: Callable[[str], str] = str) -> Iterator[None]:
    """Answer /metrics and /healthz (200 as long as every server is being looked at) at host:port.

    `named` gives what a server is called, by its URL.

    Raises:
        MetricsError: if that is no address, or nobody may listen there.

    """
    host, _, port = address.rpartition(":")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                seen = {named(url): each for url, each in watch.seen.items()}
                self._answer(200, TYPE, text(seen))
            elif self.path == "/healthz":
                well = watch.alive
                self._answer(200 if well else 503, "text/plain", "well\n" if well else "stuck\n")
            else:
                self._answer(404, "text/plain", "ask for /metrics or /healthz\n")

        def log_message(self, *_: object) -> None:
            """Say nothing: somebody asks every few seconds."""

        def _answer(self, status: int, kind: str, body: str) -> None:
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    try:
        # Without a host it would be answered to everybody.
        server = ThreadingHTTPServer((host or "no host", int(port)), Handler)
    except (OSError, ValueError, OverflowError) as error:
        raise MetricsError(
            f"metrics can't be answered at {address} ({error}); give a free host:port"
        ) from None
    server.daemon_threads = True
    # It wakes up that often to see whether it should end.
    thread = threading.Thread(target=server.serve_forever, args=(2.0,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
