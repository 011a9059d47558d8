"""The AWS emulator (moto): KMS, S3, IAM and STS over HTTP. It keeps everything in memory."""

import http
import http.client
import os
import shutil
import sys
import time
from pathlib import Path

from components.server import spawn
from sandbox.layout import Layout
from sandbox.problem import ProblemError

# What moto takes for anybody; no credentials of anything real.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
_SECONDS = 30.0
_STOP_SECONDS = 5.0


def pid(layout: Layout) -> int | None:
    """The emulator's process id, or None where it doesn't run (any more)."""
    return spawn.recorded(_pid_file(layout), _mark(layout)[1])


def start(layout: Layout, port: int) -> bool:
    """Start the emulator unless it runs, wait until it answers; say whether it had to be started.

    Raises:
        ProblemError: if its port is taken or it doesn't come up.

    """
    running = pid(layout)
    if running is not None:
        if not _answers(port):
            raise ProblemError(
                f"the AWS emulator (process {running}) does not answer",
                f"wake it with `kill -CONT {running}` if it was stopped; its keys live in its memory",
            )
        return False
    if not spawn.port_is_free("127.0.0.1", port):
        raise ProblemError(
            f"port {port} of the AWS emulator is taken by another process",
            f"stop that process, or delete {layout.ports_file} while nothing runs",
        )
    log = layout.emulator / "server.log"
    number = spawn.spawn(
        [sys.executable, *_mark(layout), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        {"PATH": os.environ["PATH"], **CREDENTIALS, "AWS_DEFAULT_REGION": "us-east-1"},
        log,
    )
    _pid_file(layout).write_text(str(number))
    deadline = time.monotonic() + _SECONDS
    while not _answers(port):
        if pid(layout) is None or time.monotonic() > deadline:
            raise ProblemError("the AWS emulator does not come up", f"see {log}")
        time.sleep(0.05)
    return True


def stop(layout: Layout) -> None:
    """Stop the emulator; all that it held is gone."""
    spawn.end(_pid_file(layout), _mark(layout)[1], patience=_STOP_SECONDS)
    shutil.rmtree(layout.emulator, ignore_errors=True)


def _pid_file(layout: Layout) -> Path:
    return layout.emulator / "pid"


def _mark(layout: Layout) -> tuple[str, str]:
    # An option that Python passes over: in a copy of the checkout the original's process is not ours.
    return ("-X", f"strongroom={layout.emulator}")


def _answers(port: int) -> bool:
    # A request, not a mere connection: the kernel accepts those for a stopped process, too.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/moto-api/")
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except OSError:
        return False
    finally:
        connection.close()
