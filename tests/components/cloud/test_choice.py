"""Which cloud is declared, and what is said where its packages are missing."""

import pulumi
import pytest

from components.cloud import choice
from custody import store
from custody.errors import CustodyError
from tests.components.cloud.alicloud.world import arguments
from tests.real.alicloud.account import PLACE


@pytest.fixture
def _missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (choice, store):
        monkeypatch.setattr(module, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("_missing")
def test_packages_that_are_missing_are_named_with_what_installs_them() -> None:
    with pytest.raises(pulumi.RunError, match="run `make alicloud`"):
        choice.cloud("cloud", arguments())
    with pytest.raises(CustodyError, match="run `make alicloud`"):
        store.custody_at(PLACE)
