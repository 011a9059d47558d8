"""A stand-in as the engine starts it: prints its port, serves, and is gone at once when it should be."""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import grpc  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.plugins.parent import engine
from sandbox.plugins.servicer import Plugin, Servicer

# The engine asks for 4 x cores at once by default; a thread that waits for a server costs nothing.
_THREADS = 32
_WATCH_SECONDS = 0.5


def serve(plugin: Plugin[Any]) -> None:
    """Serve until SIGINT, SIGTERM or the engine's end. Never returns: leaves with exit code 0, silently."""
    started_by = engine()
    servicer = Servicer(plugin)
    stopped = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stopped.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # The engine may die without a word; then nobody would ever stop us.
    while not stopped.wait(_WATCH_SECONDS) and os.getppid() == started_by:
        pass
    servicer.close()
    os._exit(0)  # grpc's threads would be waited for
