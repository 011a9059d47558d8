"""Our language host runs real programs under the real engine, as Pulumi's own does."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import psutil
import pytest
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from components.server import spawn
from sandbox.layout import cache_directory
from sandbox.toolchain import Toolchain, ensure
from tests.real.project import Project

pytestmark = pytest.mark.real

_PROGRAM = """
import os
import sys
import time
from pathlib import Path

import pulumi
from components.thing import Thing

config = pulumi.Config()
kind = config.get("kind")
if kind == "error":
    raise ValueError("broken on purpose")
if kind == "told":
    print("mend the settings", file=sys.stderr)
    sys.exit(32)
if kind == "wait":
    Path("pid").write_text(str(os.getpid()))
    time.sleep(600)
print("said by the program")
thing = Thing("thing", config.require_secret("password"))
pulumi.export("kept", thing.kept)
pulumi.export("context", {
    "stack": pulumi.get_stack(),
    "project": pulumi.get_project(),
    "organization": pulumi.get_organization(),
    "preview": pulumi.runtime.is_dry_run(),
    "root": pulumi.get_root_directory(),
})
"""
_COMPONENT = """
import os
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult


class _Provider(ResourceProvider):
    def create(self, props: dict[str, Any]) -> CreateResult:
        Path("made").write_text(__name__)
        return CreateResult("thing", {"kept": props["kept"]})

    def diff(self, _id: str, old: dict[str, Any], new: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=old["kept"] != new["kept"])

    def update(self, _id: str, _old: dict[str, Any], new: dict[str, Any]) -> UpdateResult:
        return UpdateResult({"kept": new["kept"]})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        Path("made").unlink()


class Thing(Resource):
    kept: pulumi.Output[str]

    def __init__(self, name: str, kept: pulumi.Input[str]) -> None:
        super().__init__(_Provider(), name, {"kept": kept})
"""
_PASSWORD = "hunter2-and-more"


@pytest.fixture(scope="module")
def tools() -> Toolchain:
    tools = ensure(cache_directory(), print)
    if not (tools.bin / "language_host.py").exists():
        pytest.skip("Pulumi's own language host is used here")
    return tools


@pytest.fixture
def project(tools: Toolchain, tmp_path: Path) -> Project:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "__init__.py").touch()
    (tmp_path / "components" / "thing.py").write_text(_COMPONENT)
    made = Project.make(tmp_path, tools, _PROGRAM)
    made.set("password", _PASSWORD, "--secret")
    return made


def test_a_stack_is_made_left_alone_changed_and_destroyed(project: Project) -> None:
    preview = project.succeed("preview")
    assert "2 to create" in preview
    assert not (project.directory / "made").exists()

    up = project.succeed("up", "--yes", "--skip-preview")
    assert "2 created" in up
    assert "said by the program" in up
    assert "warning" not in up.lower()
    # No debug log: its directory can't be made.
    assert Path(project.environment["PULUMI_HOME"], "logs").is_file()
    # The provider runs in another process and finds the project's modules by name.
    assert (project.directory / "made").read_text() == "components.thing"
    outputs = json.loads(project.succeed("stack", "output", "--json"))
    assert outputs["context"] == {
        "stack": "dev",
        "project": "tiny",
        "organization": "organization",
        "preview": False,
        "root": str(project.directory),
    }

    assert "2 unchanged" in project.succeed("up", "--yes", "--skip-preview")
    assert "2 unchanged" in project.succeed("preview", "--expect-no-changes")
    project.set("password", "another", "--secret")
    assert "1 updated" in project.succeed("up", "--yes", "--skip-preview")
    assert "unchanged" in project.succeed("refresh", "--yes", "--skip-preview", "--run-program")
    assert "2 deleted" in project.succeed("destroy", "--yes", "--skip-preview", "--run-program")
    assert not (project.directory / "made").exists()


def test_a_secret_of_the_configuration_stays_secret(project: Project) -> None:
    done = project.pulumi("up", "--yes", "--skip-preview", "--show-config", "--diff")
    assert done.returncode == 0
    assert _PASSWORD not in done.stdout + done.stderr
    assert _PASSWORD not in project.state
    shown = project.succeed("stack", "output", "--json", "--show-secrets")
    assert json.loads(shown)["kept"] == _PASSWORD


def test_an_exception_is_one_error_with_its_traceback(project: Project) -> None:
    project.set("kind", "error")
    done = project.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    diagnostics = done.stdout.partition("Diagnostics:")[2]
    assert diagnostics.count("error:") == 1
    assert "__main__.py" in diagnostics
    assert "ValueError: broken on purpose" in diagnostics


def test_a_program_that_has_told_what_is_wrong_ends_without_another_word(project: Project) -> None:
    project.set("kind", "told")
    done = project.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    diagnostics = done.stdout.partition("Diagnostics:")[2]
    assert "mend the settings" in diagnostics
    assert "error" not in diagnostics


def _wait_for(path: Path) -> int:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(path.read_text())


def _wait_until_ended(*pids: int) -> None:
    """Wait for processes that are not ours: init may leave them as zombies for as long as it likes."""
    deadline = time.monotonic() + 60
    while alive := [pid for pid in pids if spawn.lives(pid)]:
        assert time.monotonic() < deadline, f"still running: {alive}"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_an_engine_that_was_stopped(
    number: signal.Signals, project: Project
) -> None:
    project.set("kind", "wait")
    engine = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
        cwd=project.directory,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    program = psutil.Process(_wait_for(project.directory / "pid"))
    started = psutil.Process(engine.pid).children(recursive=True)
    assert program in started
    engine.send_signal(number)
    assert engine.wait(timeout=60) != 0
    _wait_until_ended(*(process.pid for process in started))


@pytest.fixture
def host(tools: Toolchain) -> Iterator[language_pb2_grpc.LanguageRuntimeStub]:
    """A client of a language host of its own."""
    process = subprocess.Popen(
        [tools.bin / "pulumi-language-python", "--tracing", "x", "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    process.stdout.close()


def _info(directory: Path, **options: str) -> language_pb2.ProgramInfo:
    info = language_pb2.ProgramInfo(
        root_directory=str(directory), program_directory=str(directory), entry_point="."
    )
    info.options.update(options)
    return info


def test_it_asks_for_no_package(host: Any, tmp_path: Path) -> None:
    info = _info(tmp_path)
    packages = host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info))
    assert list(packages.packages) == []
    plugins = host.GetRequiredPlugins(language_pb2.GetRequiredPluginsRequest(info=info))
    assert list(plugins.plugins) == []


def test_it_knows_the_interpreter(host: Any, tmp_path: Path) -> None:
    about = host.About(language_pb2.AboutRequest(info=_info(tmp_path)))
    assert about.version == sys.version.split()[0]


def test_a_project_s_virtual_environment_is_used(host: Any, tmp_path: Path) -> None:
    binaries = tmp_path / "venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text("#!/bin/sh\necho Python 3.99.1\n")
    (binaries / "python").chmod(0o755)
    about = host.About(language_pb2.AboutRequest(info=_info(tmp_path, virtualenv="venv")))
    assert about.executable == str(binaries / "python")
    assert about.version == "3.99.1"


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"virtualenv": "lost"}, "is not there"), ({"toolchain": "poetry"}, "no toolchain 'poetry'")],
)
def test_an_interpreter_that_is_not_there_is_refused(
    options: dict[str, str], reason: str, host: Any, tmp_path: Path
) -> None:
    request = language_pb2.RunRequest(info=_info(tmp_path, **options))
    with pytest.raises(grpc.RpcError) as refused:
        host.Run(request)
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert reason in refused.value.details()


def test_a_policy_pack_runs_in_its_own_directory_and_streams(host: Any, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("WORD = 'from its own module'\n")
    (tmp_path / "__main__.py").write_text(
        textwrap.dedent(
            """
            import os, sys, beside
            print(beside.WORD, os.getcwd(), os.environ["GIVEN"])
            print("complaint", file=sys.stderr)
            sys.exit(7)
            """
        )
    )
    request = language_pb2.RunPluginRequest(
        pwd="/",
        args=["--logtostderr", "127.0.0.1:1"],
        env=[*(f"{name}={value}" for name, value in os.environ.items()), "GIVEN=a=b"],
        info=_info(tmp_path),
        kind="analyzer",
    )
    answers = list(host.RunPlugin(request))
    output = b"".join(answer.stdout for answer in answers).decode()
    assert output == f"from its own module {tmp_path} a=b\n"
    assert b"".join(answer.stderr for answer in answers) == b"complaint\n"
    assert answers[-1].exitcode == 7


def test_a_plugin_ends_with_the_call_that_started_it(host: Any, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(
        "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n"
    )
    call = host.RunPlugin(
        language_pb2.RunPluginRequest(pwd="/", info=_info(tmp_path), kind="resource")
    )
    pid = int(next(call).stdout)
    assert spawn.lives(pid)
    call.cancel()
    _wait_until_ended(pid)


def test_dependencies_that_do_not_install_are_said(host: Any, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("./lost\n")
    request = language_pb2.InstallDependenciesRequest(info=_info(tmp_path))
    with pytest.raises(grpc.RpcError) as refused:
        list(host.InstallDependencies(request))
    assert "pip install" in refused.value.details()
