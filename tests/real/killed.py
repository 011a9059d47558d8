"""Runs a bootstrap in a process of its own that is killed (SIGKILL) at one point of it.

A point is `before <step>`, `after <step>`, or a call in the middle of one: `before put vault-recovery-2`,
`after put strongroom-envelope`, `before envelope.seal`.
"""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from custody import envelope
from custody.aws import Custody
from custody.bootstrap import STEPS, bootstrap
from custody.request import Account, AwsCustody, ClusterAddress, Request
from custody.secret import Secret

_ROOT = Path(__file__).parents[2]


def run_killed(request: Request, point: str) -> str:
    """Run until the point and be killed there; give what the process said.

    Raises:
        AssertionError: if it ended otherwise.

    """
    finished = subprocess.run(
        [sys.executable, "-m", "tests.real.killed", point],
        input=_to_text(request),
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if finished.returncode != -signal.SIGKILL:
        raise AssertionError(f"{point}: {finished.returncode}\n{finished.stderr[-2000:]}")
    return finished.stdout + finished.stderr


def _to_text(request: Request) -> str:
    password = request.account.password.reveal()
    account = {**vars(request.account), "password": None}
    return repr(
        {
            "cluster": asdict(request.cluster),
            "custody": asdict(request.custody),
            "account": account,
            "password": password,
            "directory": str(request.directory),
        }
    )


def _from_text(text: str) -> Request:
    found = ast.literal_eval(text)
    return Request(
        cluster=ClusterAddress(**found["cluster"]),
        custody=AwsCustody(**found["custody"]),
        account=Account(**{**found["account"], "password": Secret(found["password"])}),
        directory=Path(found["directory"]),
        patience_seconds=30.0,
    )


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _deadly(point: str, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `call` so that it kills when called as `point` says: by its name and its object's."""

    def called(*args: Any, **kwargs: Any) -> Any:
        label = " ".join([name, *(each for each in args if isinstance(each, str))])
        if point == f"before {label}":
            _die()
        result = call(*args, **kwargs)
        if point == f"after {label}":
            _die()
        return result

    return called


def _main(point: str) -> None:
    request = _from_text(sys.stdin.read())

    def on_step(step: str, when: str) -> None:
        if point == f"{when} {step}":
            _die()

    if point.partition(" ")[2] not in STEPS:
        for name in ("put", "hide", "erase"):
            setattr(Custody, name, _deadly(point, name, getattr(Custody, name)))
        envelope.seal = _deadly(point, "envelope.seal", envelope.seal)
    bootstrap(request, on_step)


if __name__ == "__main__":
    _main(sys.argv[1])
