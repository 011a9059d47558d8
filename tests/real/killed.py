"""Runs a bootstrap in a process of its own that is killed (SIGKILL) at one point of it.

A point is `before <step>`, `after <step>`, or a call in the middle of one: `before put vault-recovery-2`,
`after put strongroom-envelope`, `before envelope.seal`, `after generate-root`.
"""

import ast
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from custody import envelope, generate_root
from custody.aws import Custody
from custody.bootstrap import STEPS, bootstrap, update
from custody.request import Account, AwsCustody, ClusterAddress, Request
from custody.secret import Secret

_SECONDS = 120
# Each process is forked from one that has all this in memory: a new interpreter would take longer than most runs.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.real.warm"])


def run_killed(
    request: Request, point: str, run: Literal["bootstrap", "update"] = "bootstrap"
) -> str:
    """Run until the point and be killed there; give what the process said.

    Raises:
        AssertionError: if it ended otherwise.

    """
    return killed_at(point, _child, _to_text(request), run)


def killed_at(point: str, child: Callable[..., None], *arguments: Any) -> str:
    """Run `child(point, *arguments)` in a process of its own, which must kill itself; give what it said.

    `child` is a function of a module; what it is given is pickled. It has this process's environment.

    Raises:
        AssertionError: if it ended otherwise.

    """
    with tempfile.NamedTemporaryFile() as said:
        process = _processes.Process(
            target=_in_child, args=(dict(os.environ), said.name, child, point, *arguments)
        )
        process.start()
        process.join(_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            raise AssertionError(f"{point}: still running after {_SECONDS} s")
        output = Path(said.name).read_text()
    if process.exitcode != -signal.SIGKILL:
        raise AssertionError(f"{point}: {process.exitcode}\n{output[-2000:]}")
    return output


def _in_child(
    environment: Mapping[str, str], said: str, child: Callable[..., None], *arguments: Any
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(said, os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(output, standard)
    child(*arguments)


def killing_step(point: str) -> Callable[[str, str], None]:
    """Give what is told of each step, and kills at this one."""

    def on_step(step: str, when: str) -> None:
        if point == f"{when} {step}":
            _die()

    return on_step


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
            "seal": request.seal,
        }
    )


def _from_text(text: str) -> Request:
    found = ast.literal_eval(text)
    return Request(
        cluster=ClusterAddress(**found["cluster"]),
        custody=AwsCustody(**found["custody"]),
        account=Account(**{**found["account"], "password": Secret(found["password"])}),
        directory=Path(found["directory"]),
        seal=found["seal"],
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


def _child(point: str, request_text: str, run: str) -> None:
    request = _from_text(request_text)
    if point.partition(" ")[2] not in STEPS:
        for name in ("put", "hide", "erase"):
            setattr(Custody, name, _deadly(point, name, getattr(Custody, name)))
        envelope.seal = _deadly(point, "envelope.seal", envelope.seal)
        generate_root.generated = _deadly(point, "generate-root", generate_root.generated)
    {"bootstrap": bootstrap, "update": update}[run](request, killing_step(point))
