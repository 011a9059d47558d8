"""Where Pulumi's engine comes from: PATH, then the cache, then the official download, then a build."""

import os
from pathlib import Path
from typing import Any, Self

import pulumi.automation
import pytest

from sandbox.problem import ProblemError
from sandbox.toolchain import engine, official
from sandbox.toolchain.cache import Cache
from tests.sandbox.toolchain.conftest import Program


@pytest.fixture
def cache(tmp_path: Path, said: list[str]) -> Cache:
    directory = tmp_path / "cache"
    directory.mkdir()
    return Cache(directory=directory, say=said.append)


@pytest.fixture
def installed(program: Program) -> Program:
    """Puts a whole Pulumi of some version on PATH."""

    def install(version: str) -> Path:
        program("pulumi-language-python")
        program("pulumi-language-python-exec")
        return program("pulumi", version)

    return install


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the official download answer, as far as the standard library shows."""

    class Answer:
        status = 200

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is open."""

    monkeypatch.setattr("urllib.request.urlopen", lambda *_args, **_options: Answer())


def test_a_supported_pulumi_on_path_comes_first(
    cache: Cache, on_path: Path, installed: Program, said: list[str]
) -> None:
    pulumi_on_path = installed("v3.260.1")
    found = engine.find(cache, str(on_path))
    assert found == engine.Engine(pulumi=pulumi_on_path, hosted=True)
    assert said == []


def test_a_link_on_path_leads_to_where_the_language_host_lies(
    cache: Cache, tmp_path: Path, on_path: Path, installed: Program
) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "pulumi").symlink_to(installed("v3.300.0"))
    assert engine.find(cache, str(links)).pulumi == on_path / "pulumi"


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("output", "reason"),
    [("v3.249.9", "3.249.9"), ("v4.0.0", "4.0.0"), ("", "it does not run"), ("?", "not run")],
)
def test_an_unsupported_pulumi_on_path_is_said_and_passed_over(
    output: str, reason: str, cache: Cache, on_path: Path, installed: Program, said: list[str]
) -> None:
    installed(output)
    with pytest.raises(ProblemError, match="there is no Pulumi here"):
        engine.find(cache, str(on_path))
    assert len(said) == 1
    assert reason in said[0]


@pytest.mark.usefixtures("no_network")
def test_a_pulumi_without_its_language_host_is_said_and_passed_over(
    cache: Cache, on_path: Path, program: Program, said: list[str]
) -> None:
    program("pulumi", "v3.260.0")
    with pytest.raises(ProblemError):
        engine.find(cache, str(on_path))
    assert "no pulumi-language-python lies beside it" in said[0]


@pytest.mark.usefixtures("no_network")
def test_without_go_and_pulumi_one_line_says_what_to_install(cache: Cache, on_path: Path) -> None:
    with pytest.raises(ProblemError) as problem:
        engine.find(cache, str(on_path))
    line = str(problem.value)
    assert "\n" not in line
    assert "install Pulumi >= 3.250" in line
    assert "or Go >= 1.25" in line


@pytest.mark.usefixtures("no_network")
def test_an_old_go_is_as_none(cache: Cache, on_path: Path, program: Program) -> None:
    program("go", "go1.24.9")
    with pytest.raises(ProblemError, match=r"Go >= 1\.25"):
        engine.find(cache, str(on_path))


@pytest.mark.usefixtures("network")
def test_the_official_download_comes_before_a_build_and_is_cached(
    cache: Cache,
    on_path: Path,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    said: list[str],
) -> None:
    program("go", "go1.26.0")
    roots: list[str] = []

    def install(root: str) -> None:
        roots.append(root)
        binaries = Path(root) / "bin"
        binaries.mkdir(parents=True)
        for name in ("pulumi", "pulumi-language-python", "pulumi-language-go"):
            program(name, "v3.272.0", binaries)

    monkeypatch.setattr(pulumi.automation.PulumiCommand, "install", install)
    found = engine.find(cache, str(on_path))
    assert found.hosted
    assert found.pulumi.is_relative_to(cache.directory)
    assert engine.find(cache, str(on_path)) == found
    assert len(roots) == 1
    kept = sorted(path.name for path in found.pulumi.parent.iterdir())
    assert kept == ["pulumi", "pulumi-language-python", "sha256.json"]
    assert said == []


@pytest.mark.usefixtures("network")
def test_a_failed_download_is_said(
    cache: Cache, on_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    def install(**_: Any) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(pulumi.automation.PulumiCommand, "install", install)
    with pytest.raises(ProblemError):
        engine.find(cache, str(on_path))
    assert said == ["Pulumi's official download failed (ConnectionResetError): it is built"]
    assert [path.name for path in cache.directory.iterdir()] == ["locks"]


@pytest.mark.usefixtures("no_network")
def test_a_build_that_fails_says_why_in_one_line(
    cache: Cache, on_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = program("go")
    go.write_text(
        '#!/bin/sh\nif [ "$1" = env ]; then echo go1.26.0; exit 0; fi\n'
        'echo \'{"Path": "m", "Error": "proxy:  forbidden"}\'; exit 1\n'
    )
    monkeypatch.setenv("PATH", f"{on_path}:{os.environ['PATH']}")
    with pytest.raises(ProblemError) as problem:
        engine.find(cache, str(on_path))
    assert "`go mod` says: proxy: forbidden; set GOPROXY" in str(problem.value)
    assert [path.name for path in cache.directory.iterdir()] == ["locks"]


@pytest.mark.usefixtures("no_network")
def test_a_module_that_is_not_the_known_one_is_refused(
    cache: Cache, on_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = program("go")
    go.write_text(
        '#!/bin/sh\nif [ "$1" = env ]; then echo go1.26.0; exit 0; fi\n'
        'echo \'{"Path": "github.com/pulumi/pulumi/pkg/v3", "Sum": "h1:another=", "Dir": "/"}\'\n'
        'echo \'{"Path": "github.com/pulumi/pulumi/sdk/v3", "Sum": "h1:another=", "Dir": "/"}\'\n'
    )
    monkeypatch.setenv("PATH", f"{on_path}:{os.environ['PATH']}")
    with pytest.raises(ProblemError, match="the Go proxy serves another"):
        engine.find(cache, str(on_path))


@pytest.mark.usefixtures("no_network")
def test_a_refusing_network_is_not_reachable() -> None:
    assert not official.reachable()


def test_the_plugins_of_the_installed_sdks_are_known() -> None:
    assert {name for name, _ in official.plugins()} >= {"aws", "vault"}


def test_a_half_downloaded_plugin_is_missing(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    for name, version in official.plugins():
        (plugins / f"resource-{name}-v{version}").mkdir(parents=True)
    assert official.missing_plugins(tmp_path) == []
    name, version = official.plugins()[0]
    (plugins / f"resource-{name}-v{version}.partial").touch()
    assert official.missing_plugins(tmp_path) == [(name, version)]
