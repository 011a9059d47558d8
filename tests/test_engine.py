import gc
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
from pulumi_vault import Policy, UserpassAuthBackendUser, jwt, kubernetes, kv

from engine import REFUSED, REPEATABLE, SKIP_CHECKPOINTS, quicken
from sandbox.layout import cache_directory
from sandbox.toolchain import ensure
from tests.real.project import Project

CHECKOUT = Path(__file__).parents[1]
_PROGRAM = """
from pathlib import Path

import pulumi
from engine import refuse_unrecorded
from pulumi.dynamic import CreateResult, Resource, ResourceProvider, UpdateResult


class Provider(ResourceProvider):
    def create(self, props):
        Path("made").write_text(props["kept"])
        return CreateResult("thing", props)

    def update(self, _id, _old, new):
        Path("made").write_text(new["kept"])
        return UpdateResult(new)

    def delete(self, _id, _props):
        Path("made").unlink()


class Thing(Resource):
    pass


refuse_unrecorded()
config = pulumi.Config()
component = pulumi.ComponentResource("tiny:index:Group", "group")
if config.get("kept"):
    opts = pulumi.ResourceOptions(parent=component)
    Thing(Provider(), "thing", {"kept": config.require("kept")}, opts)
"""


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    yield
    gc.enable()


def test_the_collector_rests_and_debug_lines_cost_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRONGROOM_DEBUG", raising=False)
    before = pulumi.log.debug

    quicken()

    assert not gc.isenabled()
    assert pulumi.log.debug is not before


def test_debug_lines_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRONGROOM_DEBUG", "1")
    before = pulumi.log.debug

    quicken()

    assert pulumi.log.debug is before


def test_only_what_is_written_over_needs_no_record() -> None:
    assert set(REPEATABLE) == {
        kind.pulumi_type  # type: ignore[union-attr]  # set on every resource class
        for kind in (
            Policy,
            UserpassAuthBackendUser,
            jwt.AuthBackendRole,
            kubernetes.AuthBackendRole,
            kv.SecretV2,
        )
    }


@pytest.mark.real
def test_the_engine_makes_nothing_that_it_would_not_record(tmp_path: Path) -> None:
    made = Project.make(tmp_path, ensure(cache_directory(), print), _PROGRAM)
    project = Project(
        directory=tmp_path, environment={**made.environment, "PYTHONPATH": str(CHECKOUT)}
    )
    up, unrecorded = ("up", "--yes", "--skip-preview"), {SKIP_CHECKPOINTS: "true"}
    made_file = tmp_path / "made"

    # A component and a provider are lines of the state.
    project.succeed(*up, extra=unrecorded)
    project.set("kept", "first")
    refused = project.pulumi(*up, extra=unrecorded)
    assert refused.returncode != 0
    assert f"thing {REFUSED}; run again without {SKIP_CHECKPOINTS}" in refused.stdout
    assert not made_file.exists()

    project.succeed(*up)
    assert made_file.read_text() == "first"
    assert "unchanged" in project.succeed(*up, extra=unrecorded)

    project.set("kept", "second")
    assert project.pulumi(*up, extra=unrecorded).returncode != 0
    assert made_file.read_text() == "first"
    project.succeed(*up)
    assert made_file.read_text() == "second"
