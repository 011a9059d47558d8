"""`python -m ops root -- <command>`: a root token for one command, revoked whatever happens."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from components.server.address import reached_cluster
from custody.request import place_of
from custody.root import minted
from custody.vault import Cluster
from ops.child import NOT_RUN, started
from ops.stack import OWNED, resources, the_only


def run_as_root(stack: str | None, command: Sequence[str]) -> int:
    """Mint a root token from the recovery keys, run `command` with it, revoke it; give the exit code.

    The token is in the command's environment only (VAULT_TOKEN, BAO_TOKEN), never in an argument.

    Raises:
        CustodyError: if it can't be minted or, after the command, not be revoked.
        StackError: if the state doesn't say where the cluster is.

    """
    owned = the_only(resources(stack), OWNED)
    with reached_cluster(owned.outputs) as cluster, tempfile.TemporaryDirectory() as folder:
        ca = Path(folder) / "ca.pem"
        ca.write_text(cluster.ca_certificate)
        # It also lets SIGTERM and SIGHUP unwind, for as long as the token lives.
        with minted(cluster, place_of(owned.outputs["custody"])) as token:
            # The node that leads: any other one may be down.
            address = Cluster(cluster).active(token).url
            kept = {n: v for n, v in os.environ.items() if not n.startswith(("VAULT_", "BAO_"))}
            environment = {
                **kept,
                "VAULT_ADDR": address, "VAULT_CACERT": str(ca),
                "BAO_ADDR": address, "BAO_CACERT": str(ca),
                "VAULT_TOKEN": token.reveal(), "BAO_TOKEN": token.reveal(),
            }  # fmt: skip
            return _run(command, environment)


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    process = started(command, environment)
    if process is None:
        return NOT_RUN
    try:
        return process.wait()
    except BaseException:
        # Nothing may go on with the token once we leave.
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
