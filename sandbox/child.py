"""A child process that is asked to stop, never abandoned."""

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def shown(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    line: Callable[[str], None],
    say: Callable[[str], None],
) -> int:
    """Run `command`, hand on each line that it prints; give its exit code.

    Ctrl-C (SIGTERM and SIGHUP too, see `endings_interrupt`) is passed on once and the child's end awaited: an
    engine that is killed instead leaves its lock behind, and resources that no state knows.

    Raises:
        KeyboardInterrupt: after the child has ended, if it was interrupted.

    """
    interrupted = False
    with subprocess.Popen(
        list(command),
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
        # The terminal's Ctrl-C reaches us alone, so that the child gets one and not two.
        start_new_session=True,
    ) as process:
        while True:
            try:
                for each in process.stdout or ():
                    line(each)
                code = process.wait()
                break
            except KeyboardInterrupt:
                interrupted = True
                say("stopping: waiting for what is under way to be finished and recorded")
                process.send_signal(signal.SIGINT)
    if interrupted:
        raise KeyboardInterrupt
    return code


def endings_interrupt() -> None:
    """Let SIGTERM and SIGHUP end us as Ctrl-C does."""
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.default_int_handler)
