"""`python -m ops tunnel -- <command>`: a way to a Vault that runs in pods, for as long as the command runs."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ops.child import NOT_RUN, started
from ops.stack import StackError
from reach.certificate import authority
from reach.pods import Pods
from reach.tunnel import tunnel
from settings.helm import Helm
from settings.load import TUNNEL, examine, lacks_tunnel
from settings.stack import of_file


def run_through_tunnel(
    stack: str, config_file: Path | None, command: Sequence[str], *, if_needed: bool = False
) -> int:
    """Open server.localPort to Vault's pods, run `command`, give its exit code.

    The command finds VAULT_ADDR, VAULT_CACERT and VAULT_TLS_SERVER_NAME (and OpenBao's), the CA only once the
    cluster has one. Before init the port leads to pod 0, afterwards to whichever pod leads. Nothing needs to be in
    the cluster yet.

    With `if_needed` the command is run as it is where the servers are no pods, where server.address says that the
    network reaches them, and within another tunnel.

    Raises:
        MistakesError: with every mistake of the stack's file and the catalogue.
        ReachError: if there is no cluster, or the port is taken.
        StackError: if the stack's servers are no pods.

    """
    settings, _ = examine(of_file(Path.cwd(), stack, config_file), Path.cwd())
    server = settings.server
    if if_needed and not lacks_tunnel(settings):
        return _run(command, dict(os.environ))
    if not isinstance(server, Helm):
        raise StackError(f"stack {stack}'s servers are no pods; run the command without a tunnel")
    pods = server.reach
    with (
        tempfile.TemporaryDirectory() as folder,
        tunnel(pods, lambda: authority(pods), server.local_port) as address,
    ):
        return _run(command, {**os.environ, **_variables(address, pods, Path(folder) / "ca.pem")})


def _variables(address: str, pods: Pods, file: Path) -> dict[str, str]:
    variables = {"ADDR": address, "TLS_SERVER_NAME": "127.0.0.1"}
    ca = authority(pods)
    if ca is not None:
        file.write_text(ca)
        variables["CACERT"] = str(file)
    named = {
        f"{name}_{what}": value for what, value in variables.items() for name in ("VAULT", "BAO")
    }
    return {**named, TUNNEL: address.removeprefix("https://")}


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    process = started(command, environment)
    if process is None:
        return NOT_RUN
    with _passed_on(process):
        return process.wait()


@contextmanager
def _passed_on(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Hand signals on to the command; the tunnel ends after it, never before it."""

    def hand_on(number: int, _frame: FrameType | None) -> None:
        # Ctrl-C in a terminal reaches the command by itself; an engine that gets two gives up half-way.
        if number != signal.SIGINT or not _in_foreground():
            process.send_signal(number)

    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, hand_on) for number in wanted}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
