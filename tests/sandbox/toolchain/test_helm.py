"""Where helm comes from."""

import json
import os
from pathlib import Path

import pytest

from sandbox.problem import ProblemError
from sandbox.toolchain import ensure, helm
from sandbox.toolchain.cache import Cache
from tests.sandbox.toolchain.conftest import Program

ENTRY = "helm-3.19.0-*-built"


@pytest.fixture
def cache(tmp_path: Path, said: list[str]) -> Cache:
    directory = tmp_path / "cache"
    directory.mkdir()
    return Cache(directory=directory, say=said.append)


def test_a_helm_3_on_path_is_taken(cache: Cache, on_path: Path, program: Program) -> None:
    own = program("helm", "v3.14.0")
    assert helm.find(cache, str(on_path)) == own


@pytest.mark.parametrize(
    ("output", "reason"), [("v3.13.3", "3.13.3"), ("v4.0.0", "4.0.0"), ("", "it does not run")]
)
def test_another_is_said_and_passed_over(
    output: str, reason: str, cache: Cache, on_path: Path, program: Program, said: list[str]
) -> None:
    program("helm", output)
    with pytest.raises(ProblemError, match=r"there is no helm 3 here.*install helm 3 .* or Go"):
        helm.find(cache, str(on_path))
    assert said == [f"{on_path / 'helm'} is not used: {reason}, wanted >= 3.14 < 4"]


def test_it_is_built_once_from_its_module_without_cgo(
    cache: Cache, on_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "go.sum").write_text("others\n")
    go = program("go")
    known = "h1:krVyCGa8fa/wzTZgqw0DUiXuRT5BPdeqE/sQXujQ22k="
    module = json.dumps({"Path": "helm.sh/helm/v3", "Sum": known, "Dir": str(source)})
    go.write_text(
        "#!/bin/sh\n"
        f'echo "$CGO_ENABLED $*" >> {tmp_path / "called"}\n'
        'if [ "$1" = env ]; then echo go1.26.0; exit 0; fi\n'
        f"if [ \"$1\" = mod ]; then echo '{module}'; exit 0; fi\n"
        'while [ "$1" != -o ]; do shift; done\n'
        'printf \'#!/bin/sh\\necho v3.19.0\\n\' > "$2"; chmod 755 "$2"\n'
    )
    monkeypatch.setenv("PATH", f"{on_path}{os.pathsep}{os.environ['PATH']}")
    for _ in range(2):
        [entry] = {helm.find(cache, str(on_path)).parent}
        assert entry.match(ENTRY)
        assert sorted(each.name for each in entry.iterdir()) == ["helm", "sha256.json"]
    called = (tmp_path / "called").read_text().splitlines()
    built = [each for each in called if " build " in each]
    assert len(built) == 1
    assert built[0].startswith("0 build -mod=mod -trimpath")
    assert built[0].endswith("helm.sh/helm/v3/cmd/helm")


def test_a_module_that_is_not_the_known_one_is_refused(
    cache: Cache, on_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = program("go")
    go.write_text(
        '#!/bin/sh\nif [ "$1" = env ]; then echo go1.26.0; exit 0; fi\n'
        'echo \'{"Path": "helm.sh/helm/v3", "Sum": "h1:another=", "Dir": "/"}\'\n'
    )
    monkeypatch.setenv("PATH", f"{on_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ProblemError, match=r"another helm\.sh/helm/v3 .* or install helm 3"):
        helm.find(cache, str(on_path))


@pytest.mark.usefixtures("no_network")
def test_only_a_stack_with_releases_has_one(
    on_path: Path,
    program: Program,
    tmp_path: Path,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("pulumi-language-python", "pulumi-language-python-exec"):
        program(name)
    program("pulumi", "v3.272.0")
    own = program("helm", "v3.19.0")
    monkeypatch.setenv("PATH", f"{on_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    without = ensure(tmp_path / "cache", said.append)
    assert without.helm is None
    assert not (without.bin / "helm").exists()
    tools = ensure(tmp_path / "cache", said.append, releases=True)
    assert tools.helm == own
    assert (tools.bin / "helm").resolve() == own
