import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.scratch import Scratch
from tests.e2e.watch import Watch


@pytest.fixture(scope="module", autouse=True)
def watch() -> Iterator[Watch]:
    """Watch all processes while a module's tests run."""
    with Watch() as watching:
        yield watching


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """Give one copy for the tests of a module, which build on one another in their order."""
    path: Path = tmp_path_factory.mktemp("scratch")
    made = Scratch.make(path)
    try:
        yield made
    finally:
        ran = made.sandbox("down")
        if os.environ.get("KEEP_SCRATCH") is None:
            shutil.rmtree(path, ignore_errors=True)
        assert ran.code == 0, ran.output
