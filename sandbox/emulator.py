"""The AWS emulator (moto): KMS, S3, IAM and STS over HTTP. It keeps everything in memory."""

import errno
import http
import http.client
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from components.server import spawn
from sandbox.layout import Layout
from sandbox.problem import ProblemError

# What moto takes for anybody; no credentials of anything real.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
_SECONDS = 30.0
_STOP_SECONDS = 5.0
_LOOPBACK = ("127.0.0.1",)
_SERVER = Path(__file__).with_name("emulator_server.py")


def pid(layout: Layout) -> int | None:
    """The emulator's process id, or None where it doesn't run (any more)."""
    return spawn.recorded(_pid_file(layout), _mark(layout)[1])


def start(layout: Layout, port: int, addresses: Sequence[str] = _LOOPBACK) -> bool:
    """Start the emulator unless it runs, wait until it answers; say whether it had to be started.

    One process answers at all of `addresses`, because its memory holds everything; at no other is it reached.

    Raises:
        ProblemError: if an address or its port can't be had, or it doesn't come up.

    """
    running = pid(layout)
    if running is not None:
        silent = [each for each in addresses if not _answers(each, port)]
        if silent:
            raise ProblemError(
                f"the AWS emulator (process {running}) does not answer at {', '.join(silent)}",
                f"wake it with `kill -CONT {running}` if it was stopped; its keys live in its memory",
            )
        return False
    for address in addresses:
        _refuse_taken(layout, address, port)
    log = layout.emulator / "server.log"
    number = spawn.spawn(
        # -P: beside the script lie modules named like others'.
        [sys.executable, *_mark(layout), "-P", str(_SERVER), str(port), *addresses],
        {"PATH": os.environ["PATH"], **CREDENTIALS, "AWS_DEFAULT_REGION": "us-east-1"},
        log,
    )
    _pid_file(layout).write_text(str(number))
    deadline = time.monotonic() + _SECONDS
    while not all(_answers(each, port) for each in addresses):
        if pid(layout) is None or time.monotonic() > deadline:
            raise ProblemError("the AWS emulator does not come up", f"see {log}")
        time.sleep(0.05)
    return True


def stop(layout: Layout) -> None:
    """Stop the emulator; all that it held is gone."""
    spawn.end(lambda: pid(layout), _STOP_SECONDS)
    shutil.rmtree(layout.emulator, ignore_errors=True)


def _pid_file(layout: Layout) -> Path:
    return layout.emulator / "pid"


def _mark(layout: Layout) -> tuple[str, str]:
    # An option that Python passes over: in a copy of the checkout the original's process is not ours.
    return ("-X", f"strongroom={layout.emulator}")


def _refuse_taken(layout: Layout, address: str, port: int) -> None:
    error = spawn.why_not_free(address, port)
    if error is None:
        return
    if error.errno == errno.EADDRINUSE:
        raise ProblemError(
            f"port {port} of the AWS emulator is taken by another process",
            f"stop that process, or delete {layout.ports_file} while nothing runs",
        )
    raise ProblemError(
        f"the AWS emulator can't listen on {address} ({error.strerror})",
        "give this machine that address",
    )


def _answers(address: str, port: int) -> bool:
    # A request, not a mere connection: the kernel accepts those for a stopped process, too.
    connection = http.client.HTTPConnection(address, port, timeout=3)
    try:
        connection.request("GET", "/moto-api/")
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except OSError:
        return False
    finally:
        connection.close()
