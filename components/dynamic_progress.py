"""Progress of our dynamic resources, shown while it is made and not repeated at the end of the run."""

import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import grpc  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_SECONDS = 5.0


def progress(name: str) -> Callable[[str, str], None]:
    """Give what shows a step as it begins; called with its name and "before" or "after".

    The engine shows a line of a provider's standard error twice: at once, and among the diagnostics at the end. A
    status, which its Log takes as `ephemeral`, it shows once.
    """
    started = time.monotonic()

    def say(step: str, when: str) -> None:
        if when == "before":
            _show(f"{name}: {step} ({time.monotonic() - started:.1f} s)")

    return say


def tell(line: str) -> None:
    """Show one line that stays: the engine repeats it at the end of the run."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _show(line: str) -> None:
    """Show one line as the run's status; where no engine listens, as one that stays."""
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    # Pulumi starts its dynamic provider with the engine's address as the only argument.
    if re.fullmatch(r"127\.0\.0\.1:\d+", address):
        status = engine_pb2.LogRequest(
            severity=engine_pb2.LogSeverity.INFO, message=line, ephemeral=True
        )
        with suppress(grpc.RpcError):
            _engine(address).Log(status, timeout=_SECONDS)
            return
    tell(line)


@cache
def _engine(address: str) -> engine_pb2_grpc.EngineStub:
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))
