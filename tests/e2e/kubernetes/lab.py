"""A real one-node cluster for these tests, where the machine has the means: `python -m tests.e2e.kubernetes.lab`.

Prints `export KUBECONFIG=...` for a shell to evaluate. Elsewhere KUBECONFIG names a throw-away cluster (kind, k3d)
and this is not needed.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.real.cluster import bao
from tests.real.go_program import GoProgram

LAB = Path(__file__).parents[4] / "shared" / "lab" / "cluster"
STATE = Path(os.environ.get("LAB_DIR", "/var/lib/vault-lab"))

VAULT = GoProgram(
    name="vault",
    module="github.com/hashicorp/vault",
    # 1.20 and 1.21 do not build from their modules alone.
    version="v1.19.0",
    package="github.com/hashicorp/vault",
    replace=(
        ("github.com/99designs/keyring", "github.com/Jeffail/keyring v1.2.3"),
        ("github.com/ma314smith/signedxml v1.1.1", "github.com/moov-io/signedxml v1.1.1"),
    ),
)
INJECTOR = GoProgram(
    name="vault-k8s",
    module="github.com/hashicorp/vault-k8s",
    version="v1.6.2",
    package="github.com/hashicorp/vault-k8s",
    own_sums=True,
)
# Tags of the images that these programs are published as, so that a cluster with a registry runs the same.
VAULT_IMAGE = f"hashicorp/vault:{VAULT.version.removeprefix('v')}"
INJECTOR_IMAGE = f"hashicorp/vault-k8s:{INJECTOR.version.removeprefix('v')}"
OPENBAO_IMAGE = "openbao/openbao:2.6.2"
SHELL_IMAGE = "busybox:1.37"


def say(line: str) -> None:
    """To the person: what is printed to standard output is evaluated by a shell."""
    sys.stderr.write(f"{line}\n")


def cluster(*arguments: str) -> str:
    """Run the lab's own program.

    Raises:
        SystemExit: with what it said, if it fails.

    """
    done = subprocess.run(
        [sys.executable, str(LAB), *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"lab cluster {arguments[0]} failed: {done.stdout[-2000:]}")
    return done.stdout


def up() -> Path:
    """Start the cluster anew unless it runs, load the images; give its kubeconfig."""
    # What an ended session left behind is no cluster: its processes are gone, its mounts may not be.
    if not _runs():
        cluster("down")
        began = time.monotonic()
        say("starting the cluster (the first time it is built: some minutes)")
        cluster("up")
        say(f"the cluster is up: {time.monotonic() - began:.0f} s")
    cluster("image-vault", bao(), OPENBAO_IMAGE)
    cluster("image-shell", SHELL_IMAGE)
    cluster("image", str(_built(INJECTOR)), INJECTOR_IMAGE, "/bin/vault-k8s")
    cluster("image-vault", str(_built(VAULT)), VAULT_IMAGE)
    say("images loaded")
    return STATE / "admin.kubeconfig"


def restart_api_server(away_seconds: float) -> None:
    """Kill the API server, wait, start it as it was, and go on.

    Raises:
        FileNotFoundError: if KUBECONFIG names another cluster than the lab's.

    """
    pid_file = STATE / "apiserver.pid"
    pid = int(pid_file.read_text())
    command = [each.decode() for each in _proc(pid, "cmdline").split(b"\0") if each]
    environment = dict(
        each.decode().split("=", 1) for each in _proc(pid, "environ").split(b"\0") if each
    )
    os.kill(pid, signal.SIGKILL)
    time.sleep(away_seconds)
    with (STATE / "apiserver.log").open("ab") as log:
        again = subprocess.Popen(
            command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    pid_file.write_text(str(again.pid))
    # It outlives this process; Python would warn that it still runs.
    again.returncode = 0


def _proc(pid: int, name: str) -> bytes:
    return Path(f"/proc/{pid}/{name}").read_bytes()


def _built(program: GoProgram) -> Path:
    began = time.monotonic()
    found = program.built()
    if found is None:
        raise SystemExit(f"{program.name} can't be built: there is no Go")
    say(f"{program.name} {program.version}: {time.monotonic() - began:.0f} s")
    return found


def _runs() -> bool:
    return (STATE / "admin.kubeconfig").exists() and " Ready " in cluster("status")


if __name__ == "__main__":
    if not LAB.exists():
        raise SystemExit("there is no lab here; set KUBECONFIG to a throw-away cluster instead")
    sys.stdout.write(f"export KUBECONFIG={up()}\n")
