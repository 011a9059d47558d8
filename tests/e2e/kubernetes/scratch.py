"""A scratch copy whose stack `cluster` is up on a real cluster, and that cluster as kubectl sees it."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client
from urllib3.exceptions import MaxRetryError

from reach.pods import core
from sandbox.environment import own_environment
from tests.e2e.scratch import Ran, Scratch, plain_shell
from tests.real import chart

SECONDS = 300.0
# What `lab.py` loads and registries serve.
IMAGES = {
    "openbao": {"image": {"tag": "2.6.2"}},
    "vault": {"image": {"tag": "1.19.0"}},
}


@dataclass(frozen=True)
class ClusterScratch(Scratch):
    """Commands run in the copy, for stack `cluster`."""

    def sandbox(self, *arguments: str, extra: Mapping[str, str] | None = None) -> Ran:
        """Run `python -m sandbox --stack cluster ...`, which is what make runs, with the chart that is here."""
        command = (sys.executable, "-m", "sandbox", "--stack", "cluster", *arguments)
        return self.run(*command, extra={**with_chart(), **(extra or {})})

    def sourced(
        self, script: str, input_: str | None = None, extra: Mapping[str, str] | None = None
    ) -> Ran:
        """Run a shell script after `. .sandbox-cluster/env`."""
        return self.run(
            "bash", "-c", f". .sandbox-cluster/env; {script}",
            extra={**plain_shell(), **(extra or {})}, input_=input_,
        )  # fmt: skip

    def started(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `python -m sandbox --stack cluster ...` and go on."""
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--stack", "cluster", *arguments],
            cwd=self.path, env={**own_environment(), **with_chart()}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def started_in_shell(self, script: str) -> "subprocess.Popen[str]":
        """Start a shell script after `. .sandbox-cluster/env` and go on."""
        return subprocess.Popen(
            ["bash", "-c", f". .sandbox-cluster/env; {script}"],
            cwd=self.path, env={**own_environment(), **plain_shell()}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def sandbox_file(self, name: str) -> Path:
        """Give a file of `.sandbox-cluster/`."""
        return self.path / ".sandbox-cluster" / name

    def configure(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the tracked settings of the servers."""
        file = self.path / "Pulumi.cluster.yaml"
        _rewritten(file, lambda document: change(document["config"]["strongroom:server"]))

    def entry(self, service: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a service's catalogue file."""
        _rewritten(self.path / "catalog" / f"{service.replace('/', '-')}.yaml", change)

    def ops(self, *arguments: str) -> Ran:
        """Run `python -m ops ...` in the sourced shell."""
        return self.sourced(f"python -m ops {' '.join(arguments)}")


def with_chart() -> dict[str, str]:
    """Give the variable with which a person hands over the chart, which `own_environment` has none of."""
    found = chart.directory()
    return {} if found is None else {"VAULT_HELM_CHART": str(found)}


def _rewritten(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = yaml.safe_load(file.read_text())
    change(document)
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def read_as(scratch: ClusterScratch, service: str, path: str, script: str = "") -> Ran:
    """Log in as a service by its own token and read one path, through the tunnel."""
    token = scratch.sandbox("token", service)
    assert token.code == 0, token.output
    role = f"svc-{service.replace('/', '.')}"
    return scratch.sourced(
        "python -m ops tunnel -- sh -c '"
        f"export BAO_TOKEN=$(bao write -field=token auth/kubernetes/login role={role} jwt=-)"
        f" && bao kv get -format=json {path} {script}'",
        input_=token.output.strip(),
    )


def printed_in(pod: str, *command: str, namespace: str = "vault", container: str = "vault") -> str:
    """Run a command in a container; give what it printed."""
    exec_ = ("kubectl", "-n", namespace, "exec", pod, "-c", container, "--", *command)
    return subprocess.run(exec_, capture_output=True, text=True, check=True).stdout.strip()


def pods(namespace: str, selector: str = "component=server") -> list[client.V1Pod]:
    """Give the pods that are not being deleted, by name."""
    found = core(None).list_namespaced_pod(namespace, label_selector=selector).items
    return sorted(
        (each for each in found if each.metadata.deletion_timestamp is None),
        key=lambda each: str(each.metadata.name),
    )


def ready(namespace: str, selector: str = "component=server") -> int:
    """Give how many pods are ready."""
    return sum(
        any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or [])
        for pod in pods(namespace, selector)
    )


def api_server_answers() -> bool:
    """Whether it does, also about what the kubelet says."""
    with suppress(client.ApiException, MaxRetryError, OSError):
        return bool(core(None).list_node().items)
    return False


def until(what: str, holds: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait until it holds; fail with `what` otherwise."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it does not hold that {what}"
        time.sleep(0.5)


def shown(service: str) -> dict[str, str]:
    """What an application shows: `<file> <field>` -> `<bytes> <SHA-256>`, from its latest lines."""
    namespace, _, name = service.partition("/")
    [pod] = pods(namespace, f"app={name}")
    log = core(None).read_namespaced_pod_log(pod.metadata.name, namespace, container=name)
    lines = (line.split() for line in log.splitlines())
    return {f"{file} {field}": f"{size} {digest}" for file, field, size, digest in lines}
