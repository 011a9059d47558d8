"""`ops roll` while a service reads its secret fifty times a second: for the test, and for bench/roll.py."""

import gc
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from reach.certificate import authority
from reach.pods import Pods
from reach.tunnel import tunnel
from tests.e2e.kubernetes.scratch import ClusterScratch
from tests.real.load import Load, Secret, reading

SERVICE, PATH, FIELD = "shop/orders", "shop/orders/mail", "password"
_QUIET_SECONDS = 3.0
"""Before the roll and after it: what goes wrong then is not the roll's."""
_FOLLOWS_SECONDS = 8.0
"""After the old leader is told to end: its preStop waits five seconds, then it ends with the connections it has."""


@dataclass(frozen=True, kw_only=True)
class Rolled:
    """One roll."""

    code: int
    lines: tuple[tuple[float, str], ...]
    """When each came, and what it says."""
    load: Load
    seconds: float
    """Of the roll."""
    loaded_seconds: float
    """Of the load."""

    @property
    def output(self) -> str:
        """All that was said, each line with the second in which it came."""
        first = self.lines[0][0] if self.lines else 0.0
        return "\n".join(f"{when - first:5.1f} {line}" for when, line in self.lines)

    @property
    def leader_changes(self) -> list[tuple[float, float]]:
        """From each step-down until the old leader has ended, and with it connections that it still forwarded."""
        found = []
        for index, (when, line) in enumerate(self.lines):
            if line.endswith("it steps down"):
                replaced = next(at for at, later in self.lines[index:] if "replacing" in later)
                found.append((when, replaced + _FOLLOWS_SECONDS))
        return found

    @property
    def errors_at_other_times(self) -> list[str]:
        """Errors of reads that no leader's change explains."""
        return [
            f"{each.error} after {each.asked - self.lines[0][0]:.1f} s"
            for each in self.load.errors
            if not any(
                begin <= each.ended and each.asked <= end for begin, end in self.leader_changes
            )
        ]


def rolled_under_load(scratch: ClusterScratch, folder: Path, rate: float = 50.0) -> Rolled:
    """Roll a scratch environment whose pods are outdated, reading meanwhile through a tunnel of our own."""
    pods = Pods(context=None, namespace="vault", names=("vault-0", "vault-1", "vault-2"))
    ca = authority(pods)
    assert ca is not None
    ca_file = folder / "ca.pem"
    ca_file.write_text(ca)
    with _leaving_sockets(), tunnel(pods, lambda: ca, 0) as address:
        secret = Secret(
            address=address, ca_file=str(ca_file), path=PATH,
            token=_logged_in(scratch, address, str(ca_file)),
        )  # fmt: skip
        with secret.reader() as read:
            status, expected = read()
        assert (status, list(expected)) == (200, [FIELD])
        began = time.monotonic()
        with reading(secret, expected, rate) as load:
            time.sleep(_QUIET_SECONDS)
            rolling = time.monotonic()
            code, lines = _roll(scratch)
            seconds = time.monotonic() - rolling
            time.sleep(_QUIET_SECONDS)
        return Rolled(
            code=code, lines=lines, load=load, seconds=seconds,
            loaded_seconds=time.monotonic() - began,
        )  # fmt: skip


@contextmanager
def _leaving_sockets() -> Iterator[None]:
    """Let the Kubernetes library leave what it does not close when a pod ends a port-forward."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def _logged_in(scratch: ClusterScratch, address: str, ca_file: str) -> str:
    asked = scratch.sandbox("token", SERVICE)
    assert asked.code == 0, asked.output
    answer = requests.post(
        f"{address}/v1/auth/kubernetes/login",
        json={"role": f"svc-{SERVICE.replace('/', '.')}", "jwt": asked.output.strip()},
        verify=ca_file,
        timeout=10,
    )
    answer.raise_for_status()
    return str(answer.json()["auth"]["client_token"])


def _roll(scratch: ClusterScratch) -> tuple[int, tuple[tuple[float, str], ...]]:
    with scratch.started_in_shell("python -m ops roll") as process:
        lines = tuple((time.monotonic(), line.rstrip()) for line in process.stdout or ())
    return process.returncode, lines
