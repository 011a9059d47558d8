"""What `ensure` puts together for one interpreter."""

import os
import sys
from pathlib import Path

import pytest

from sandbox.toolchain import Toolchain, ensure
from tests.sandbox.toolchain.conftest import Program


@pytest.fixture
def official_pulumi(on_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Pulumi with its own language host, on PATH."""
    for name in ("pulumi-language-python", "pulumi-language-python-exec"):
        program(name)
    monkeypatch.setenv("PATH", f"{on_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return program("pulumi", "v3.272.0")


@pytest.fixture
def tools(official_pulumi: Path, tmp_path: Path, said: list[str], no_network: None) -> Toolchain:
    del official_pulumi, no_network  # what PATH holds, and that nothing else is reached
    return ensure(tmp_path / "cache", said.append)


def test_a_pulumi_of_the_person_s_own_is_run_with_its_own_language_host(
    tools: Toolchain, official_pulumi: Path
) -> None:
    assert tools.pulumi == tools.bin / "pulumi"
    assert tools.pulumi.resolve() == official_pulumi
    host = tools.bin / "pulumi-language-python"
    assert host.resolve() == official_pulumi.parent / "pulumi-language-python"
    assert (tools.bin / "bao").resolve() == tools.bao.resolve()


def test_without_official_plugins_it_says_so_and_pulumi_asks_no_network(
    tools: Toolchain, said: list[str]
) -> None:
    assert not tools.official_plugins
    assert said == [
        f"the official provider plugins can't be downloaded: stand-ins, in {tools.pulumi_home}"
    ]
    assert tools.environment["PULUMI_HOME"] == str(tools.pulumi_home)
    assert tools.environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    assert Path(tools.environment["PULUMI_PYTHON_CMD"]).parent == Path(sys.executable).parent


def test_the_second_time_is_the_same_and_silent(
    tools: Toolchain, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said.clear()
    # A shell that has sourced `.sandbox/env`. The virtual environment has a `bao`, which is not a person's own.
    assert tools.scripts == Path(sys.executable).parent
    assert (tools.scripts / "bao").exists()
    sourced = (str(tools.bin), str(tools.scripts), os.environ["PATH"])
    monkeypatch.setenv("PATH", os.pathsep.join(sourced))
    assert ensure(tmp_path / "cache", said.append) == tools
    assert said == []


def test_a_lost_or_foreign_file_is_put_back(
    tools: Toolchain, tmp_path: Path, said: list[str], official_pulumi: Path
) -> None:
    tools.pulumi.unlink()
    (tools.bin / "bao").unlink()
    (tools.bin / "bao").write_text("something else")
    ensure(tmp_path / "cache", said.append)
    assert tools.pulumi.resolve() == official_pulumi
    assert (tools.bin / "bao").resolve() == tools.bao.resolve()


def test_official_plugins_that_are_there_are_used_without_network(
    official_pulumi: Path, tmp_path: Path, said: list[str], no_network: None
) -> None:
    del official_pulumi, no_network
    from sandbox.toolchain import official  # noqa: PLC0415  beside its only use

    for name, version in official.plugins():
        plugin = tmp_path / "cache" / "home" / "plugins" / f"resource-{name}-v{version}"
        plugin.mkdir(parents=True)
    tools = ensure(tmp_path / "cache", said.append)
    assert tools.official_plugins
    assert tools.pulumi_home == tmp_path / "cache" / "home"
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in tools.environment
    assert said == []
