"""The helm binary: what it is told, and what it says in one line. Values go to its standard input only."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sandbox.plugins.errors import RefusedError
from sandbox.plugins.kind import Values
from sandbox.plugins.kubernetes.kubeconfig import Kubeconfig
from sandbox.plugins.kubernetes.refusal import unquoted, without

# Of the person's own settings, only where charts and repositories are kept.
_KEPT = ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_REGISTRY_CONFIG",
         "HELM_REPOSITORY_CACHE", "HELM_REPOSITORY_CONFIG")  # fmt: skip
_GRACE_SECONDS = 60.0
_LOOK_SECONDS = 0.2
_NOT_FOUND = "release: not found"


class HelmError(RefusedError):
    """What helm said when it failed."""


class Helm:
    """Runs helm against one cluster. Safe to use from many threads."""

    def __init__(self, kubeconfig: Kubeconfig, cancelled: threading.Event) -> None:
        self._kubeconfig = kubeconfig
        self._cancelled = cancelled
        self._running: set[subprocess.Popen[str]] = set()

    def close(self) -> None:
        """Interrupt what runs: helm then records that its release failed."""
        for each in list(self._running):
            each.send_signal(signal.SIGINT)

    def found(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Give a release: `info` and `config` as helm tells them, `metadata` of its chart; None if there is none."""
        try:
            release = json.loads(self.run("status", name, namespace=namespace, more=("-o", "json")))
            metadata = self.run("get", "metadata", name, namespace=namespace, more=("-o", "json"))
        except HelmError as error:
            if _NOT_FOUND in str(error):
                return None
            raise
        return {**release, "metadata": json.loads(metadata)}

    def run(
        self,
        *command: str,
        namespace: str,
        more: tuple[str, ...] = (),
        values: Values | None = None,
        seconds: float = 0.0,
    ) -> str:
        """Run `helm <command> <more>`; give what it prints.

        `seconds` is how long helm itself may wait; Ctrl-C ends what waits, and nothing else.

        Raises:
            HelmError: with helm's own reason, without any text out of `values`.

        """
        binary = shutil.which("helm")
        if binary is None:
            raise RefusedError("there is no helm on PATH: install helm 3, or run this by `make up`")
        arguments = [binary, *command, "--namespace", namespace, *more]
        if self._kubeconfig.context:
            arguments += ["--kube-context", self._kubeconfig.context]
        if values is not None:
            arguments += ["--values", "-"]
        process = subprocess.Popen(
            arguments, env=self._environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            # Ctrl-C comes through the engine, once.
            start_new_session=True,
        )  # fmt: skip
        self._running.add(process)
        try:
            said, wrong = self._ended(process, values, seconds)
        finally:
            self._running.discard(process)
        if process.returncode != 0:
            reason = without(unquoted(_reason(wrong)), values or {})
            raise HelmError(f"helm {command[0]} {namespace}/{command[-1]}: {reason}")
        return said

    def _ended(
        self, process: "subprocess.Popen[str]", values: Values | None, seconds: float
    ) -> tuple[str, str]:
        fed: str | None = None if values is None else json.dumps(values)
        until = time.monotonic() + seconds + _GRACE_SECONDS
        told = False
        while True:
            try:
                return process.communicate(input=fed, timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                # What was given once must not be given again.
                fed = None
            # What only reads is short, and needed to record what was cancelled.
            cancelled = seconds > 0 and self._cancelled.is_set()
            if not told and (cancelled or time.monotonic() > until):
                told = True
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)

    def _environment(self) -> Mapping[str, str]:
        foreign = ("HELM_", "PULUMI_")
        kept = {n: v for n, v in os.environ.items() if not n.startswith(foreign) or n in _KEPT}
        joined = self._kubeconfig.joined
        return {**kept, "KUBECONFIG": joined} if joined else kept


def _reason(wrong: str) -> str:
    """Take helm's reason out of its warnings."""
    found = re.search(r"^Error: (.*)", wrong, re.MULTILINE | re.DOTALL)
    return " ".join((found[1] if found else wrong).split()) or "it gives no reason"
