import socket
from pathlib import Path

import pytest

from tests.real.fixtures import (
    emulator,
    own_keeper,
    owned,
    place,
    shared_owned,
    signed_in,
    three_nodes,
    three_shamir,
)
from tests.settings.project import Project

__all__ = [
    "emulator",
    "own_keeper",
    "owned",
    "place",
    "shared_owned",
    "signed_in",
    "three_nodes",
    "three_shamir",
]


@pytest.fixture
def free_port() -> int:
    """Give a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give a folder with a right stack and catalogue."""
    project = Project(tmp_path)
    project.write()
    return project
