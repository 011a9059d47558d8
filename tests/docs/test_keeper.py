"""What docs/seals.md has typed at another Vault, typed there: the token that comes of it is good for servers."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from custody.keeper import prove
from tests.docs.blocks import CHECKOUT
from tests.docs.commands import KEEPER, lines_of
from tests.docs.documents import refused_settings
from tests.real.cluster import bao
from tests.real.fixtures import emulator, own_keeper
from tests.real.keeper import RunningKeeper

__all__ = ["emulator", "own_keeper"]

pytestmark = pytest.mark.real

SEAL = {
    "kind": "transit",
    "address": "https://keeper.example.com:8200",
    "keyName": "strongroom",
    "ca": "keeper-ca.pem",
    "tokenFile": "keeper-token",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a folder whose stack dev says that seal, with the commands' programs on PATH."""
    folder = tmp_path / "checkout"
    for name in sorted(file.name for file in (CHECKOUT / "catalog").glob("*.yaml")):
        (folder / "catalog").mkdir(parents=True, exist_ok=True)
        (folder / "catalog" / name).write_text((CHECKOUT / "catalog" / name).read_text())
    assert refused_settings(folder, {"strongroom:seal": SEAL}) == ""
    (folder / "bin").mkdir()
    (folder / "bin" / "bao").symlink_to(bao())
    return folder


def test_the_page_s_lines_give_servers_a_token_that_does(
    own_keeper: RunningKeeper,
    root: Path,
) -> None:
    lines = lines_of(KEEPER)
    variables = {
        "BAO_ADDR": own_keeper.address,
        "BAO_CACERT": str(own_keeper.cluster.ca_file),
        "BAO_TOKEN": own_keeper.root.reveal(),
        "HOME": str(root),
        "PATH": f"{root / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}/usr/bin:/bin",
        "PYTHONPATH": str(CHECKOUT),
    }

    for line in lines:
        ran = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=root, env=variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, f"{line}: {ran.stderr}"

    assert len(lines) == len(KEEPER) - 1, "one line is two commands"
    token = (root / "keeper-token").read_text().strip()
    prove(replace(own_keeper.keeper(token), mount_path="transit", key_name="strongroom"))
