"""Bank-Vaults itself, from its Go module: to see it read what we store."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from custody.request import AwsCustody
from tests.real.cluster import Cluster
from tests.real.emulator import Emulator
from tests.real.go_program import GoProgram

_PROGRAM = GoProgram(
    name="bank-vaults",
    module="github.com/bank-vaults/bank-vaults",
    version="v1.33.1",
    package="github.com/bank-vaults/bank-vaults/cmd/bank-vaults",
    own_sums=True,
    cgo=True,
)


def bank_vaults() -> Path | None:
    """Give the program: $BANK_VAULTS, else from the cache, else built (80 s); None without Go to build it."""
    given = os.environ.get("BANK_VAULTS")
    return Path(given) if given else _PROGRAM.built()


def run(
    program: Path,
    arguments: Sequence[str],
    *,
    emulator: Emulator,
    place: AwsCustody,
    cluster: Cluster,
) -> subprocess.CompletedProcess[str]:
    """Run one command of it against the place of custody and the servers.

    Its address is the one for generate-root. AWS's SDK takes path-style addresses by itself for an IP.
    """
    return subprocess.run(
        [
            str(program),
            *arguments,
            "--once",
            "--mode=aws-kms-s3",
            f"--aws-kms-key-id={place.custody_key}",
            f"--aws-kms-region={place.region}",
            f"--aws-s3-bucket={place.bucket}",
            f"--aws-s3-region={place.region}",
            f"--aws-s3-prefix={place.prefix}",
        ],
        env={
            "PATH": os.environ["PATH"],
            **emulator.environment,
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "VAULT_ADDR": cluster.address.generate_root_members[0],
            "VAULT_CACERT": str(cluster.ca_file),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
