"""Bank-Vaults itself, from its Go module: to see it read what we store."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from custody.request import AwsCustody
from sandbox.layout import cache_directory
from tests.real.cluster import Cluster
from tests.real.emulator import Emulator

MODULE = "github.com/bank-vaults/bank-vaults"
VERSION = "v1.33.1"


def bank_vaults() -> Path | None:
    """Give the program: $BANK_VAULTS, else from the cache, else built (80 s); None without Go to build it.

    The module's own go.sum is laid beside our go.mod, so that it is built from what its authors built it from.
    """
    given = os.environ.get("BANK_VAULTS")
    if given:
        return Path(given)
    home = cache_directory() / f"bank-vaults-{VERSION}"
    program = home / "bank-vaults"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "lock"):
        if not program.exists():
            if shutil.which("go") is None:
                return None
            _build(program)
    return program


def _build(program: Path) -> None:
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "1"}
    with tempfile.TemporaryDirectory() as directory:

        def go(*arguments: str) -> str:
            return subprocess.run(
                ["go", *arguments],
                cwd=directory,
                env=environment,
                check=True,
                capture_output=True,
                text=True,
            ).stdout

        downloaded = json.loads(go("mod", "download", "-json", f"{MODULE}@{VERSION}"))
        sums = (Path(downloaded["Dir"]) / "go.sum").read_text()
        (Path(directory) / "go.sum").write_text(sums)
        (Path(directory) / "go.mod").write_text(
            f"module strongroom.invalid/tools\n\ngo 1.25\n\nrequire {MODULE} {VERSION}\n"
        )
        go("build", "-o", str(Path(directory) / "built"), f"{MODULE}/cmd/bank-vaults")
        # Whole or not at all: the cache is shared.
        moved = program.with_suffix(f".{os.getpid()}")
        shutil.move(Path(directory) / "built", moved)
        moved.replace(program)


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
