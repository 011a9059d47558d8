"""A real Prometheus (Debian's), told what its operator would make of a ServiceMonitor and of rules."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from custody.vault import wait_until
from tests.real.debian import ensure
from tests.sandbox.plugins.conftest import free_ports

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a query gave for one series."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    """Running; reads everything each second."""

    address: str

    def ask(self, expression: str) -> list[Sample]:
        """Give the samples of an instant query."""
        return [
            Sample(labels=each["metric"], value=float(each["value"][1]))
            for each in self._get("query", query=expression)["result"]
        ]

    def errors(self) -> dict[str, str]:
        """Give what went wrong at the last look: pod -> message."""
        targets = self._get("targets")["activeTargets"]
        return {each["labels"]["pod"]: each["lastError"] for each in targets}

    def _get(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.address}/api/v1/{path}", params=parameters, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


def scrape_config(
    spec: Document, *, job: str, namespace: str, pods: Mapping[str, str], token_file: Path, ca: Path
) -> Document:
    """Give what the operator makes of a ServiceMonitor's one endpoint. `pods`: name -> `host:port`."""
    [endpoint] = spec["endpoints"]
    return {
        "job_name": "monitor",
        "scheme": endpoint["scheme"],
        "metrics_path": endpoint["path"],
        "params": endpoint["params"],
        "honor_labels": endpoint["honorLabels"],
        "follow_redirects": endpoint["followRedirects"],
        "authorization": {"type": "Bearer", "credentials_file": str(token_file)},
        "tls_config": {"ca_file": str(ca)},
        "static_configs": [
            {"targets": [address], "labels": {"job": job, "namespace": namespace, "pod": pod}}
            for pod, address in pods.items()
        ],
    }


@contextmanager
def running_prometheus(folder: Path, scrapes: Sequence[Document]) -> Iterator[Prometheus]:
    """Start one; stop it at the end."""
    program = ensure("prometheus", "prometheus")
    assert program is not None
    folder.mkdir()
    document = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": list(scrapes),
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(document))
    port = free_ports(1)
    command = [
        program, f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    prometheus = Prometheus(address=f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: _ready(prometheus.address), 30.0, pause=0.1)
        yield prometheus
    finally:
        process.terminate()
        process.wait(30)


def _ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/-/ready", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False
