"""A real statsd_exporter, told what the program would tell it."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from custody.vault import wait_until
from tests.real.go_program import GoProgram
from tests.sandbox.plugins.conftest import free_ports

STATSD_EXPORTER = GoProgram(
    name="statsd_exporter",
    module="github.com/prometheus/statsd_exporter",
    version="v0.31.0",
    package="github.com/prometheus/statsd_exporter",
    own_sums=True,
)


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """Running; takes packets at a UDP port of 127.0.0.1."""

    port: int
    metrics: str
    """Where it tells them."""

    def text(self) -> str:
        """Give what it tells now."""
        answer = requests.get(self.metrics, timeout=10)
        assert answer.status_code == 200
        return answer.text


@contextmanager
def running_exporter(folder: Path, mapping: dict[str, Any]) -> Iterator[Exporter]:
    """Start one; stop it at the end."""
    program = STATSD_EXPORTER.built()
    if program is None:
        pytest.skip("statsd_exporter can't be built: there is no Go")
    folder.mkdir()
    (folder / "statsd.yaml").write_text(json.dumps(mapping, indent=2))
    port, web = free_ports(1), free_ports(1)
    command = [
        str(program), f"--statsd.mapping-config={folder}/statsd.yaml", f"--statsd.listen-udp=127.0.0.1:{port}",
        "--statsd.listen-tcp=", f"--web.listen-address=127.0.0.1:{web}",
    ]  # fmt: skip
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    exporter = Exporter(port=port, metrics=f"http://127.0.0.1:{web}/metrics")
    try:
        assert wait_until(lambda: _answers(exporter), 20.0, pause=0.1), (folder / "log").read_text()
        yield exporter
    finally:
        process.terminate()
        process.wait(30)


def _answers(exporter: Exporter) -> bool:
    try:
        return bool(exporter.text())
    except requests.ConnectionError:
        return False
