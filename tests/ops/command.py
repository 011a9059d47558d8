"""`python -m ops`, run in this process: a start of Python costs more than all that a command does."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

from ops import __main__ as ops

CHECKOUT = Path(__file__).parents[2]


def run(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it in this folder, with these variables besides the test's own, less Pulumi's."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(root),
        mock.patch.dict(os.environ, _variables(environment), clear=True),
        mock.patch.object(sys, "argv", ["ops", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code: object = 0
        try:
            ops.main()
        except SystemExit as ended:
            code = ended.code
    assert code is None or isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code or 0, out.getvalue(), err.getvalue())


def started(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start it as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "ops", *arguments],
        cwd=root,
        env=_variables({"PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1"}),
        capture_output=True,
        text=True,
        check=False,
    )


def _variables(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    return {**kept, **more}
