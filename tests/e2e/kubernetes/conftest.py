import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.kubernetes.scratch import IMAGES, ClusterScratch
from tests.e2e.kubernetes.volumes import renew_released_volumes
from tests.real import chart


@pytest.fixture(scope="session", autouse=True)
def _means() -> None:
    """Say in one line what is missing."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names no throw-away cluster: nothing that needs one was run")
    if chart.directory() is None:
        pytest.skip("there is no vault-helm chart here (VAULT_HELM_CHART): nothing was run")


@pytest.fixture(scope="package", params=["openbao", "vault"])
def flavour(request: pytest.FixtureRequest) -> str:
    """Whose servers."""
    return str(request.param)


@pytest.fixture(scope="package")
def scratch(flavour: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterScratch]:
    """Give one copy for all tests of a flavour, which build on one another in their order."""
    path: Path = tmp_path_factory.mktemp(flavour)
    made = ClusterScratch(ClusterScratch.make(path).path)
    made.configure(lambda server: server.update(IMAGES[flavour], flavour=flavour))
    # Five minutes unless it is said: too long to wait for.
    made.entry("shop/orders", lambda entry: entry["workload"].update(refresh="10s"))
    renew_released_volumes()
    try:
        yield made
    finally:
        ran = made.sandbox("down")
        renew_released_volumes()
        if os.environ.get("KEEP_SCRATCH") is None:
            shutil.rmtree(path, ignore_errors=True)
        assert ran.code == 0, ran.output
