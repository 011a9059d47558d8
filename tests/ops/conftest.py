from pathlib import Path

import pytest

from tests.real.fixtures import emulator, owned, place, shared_owned, signed_in, three_nodes
from tests.settings.project import Project

__all__ = ["emulator", "owned", "place", "shared_owned", "signed_in", "three_nodes"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give a folder with a right stack and catalogue."""
    project = Project(tmp_path)
    project.write()
    return project
