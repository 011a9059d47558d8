"""The real engine lets the program name every mistake: it refuses none of them first, and shows ours once."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from sandbox.layout import cache_directory
from sandbox.toolchain import ensure
from tests.settings.project import Project, edited

pytestmark = pytest.mark.real

CHECKOUT = Path(__file__).parents[2]
PROGRAM = (
    "from settings.load import load\nsettings, catalog = load()\nprint(settings.cloud.region)\n"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Engine:
    """A scratch stack `dev` of a right project and a program that reads it."""

    def __init__(self, root: Path) -> None:
        tools = ensure(cache_directory(), print)
        (root / "__main__.py").write_text(PROGRAM)
        project = (CHECKOUT / "Pulumi.yaml").read_text()
        without = re.sub(r"^  options:\n    virtualenv: .venv\n", "", project, flags=re.MULTILINE)
        (root / "Pulumi.yaml").write_text(without)
        (root / "state").mkdir()
        self.root = root
        self.environment = {
            **os.environ,
            **tools.environment,
            "PATH": f"{tools.bin}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(root),
            "PYTHONPATH": str(CHECKOUT),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_STACK": "dev",
        }
        self.environment.pop("PULUMI_OPTION_CONFIG_FILE", None)
        assert self.run("stack", "init", "dev").returncode == 0

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def preview(self, project: Project, secrets: tuple[str, ...]) -> tuple[int, list[str]]:
        salt = (self.root / "Pulumi.dev.yaml").read_text()
        project.write()
        with (self.root / "Pulumi.dev.yaml").open("a") as file:
            file.write(next(line for line in salt.splitlines() if "encryptionsalt" in line) + "\n")
        for key in secrets:
            assert self.run("config", "set", "--secret", key, "hunter2").returncode == 0
        done = self.run("preview")
        return done.returncode, [line.strip() for line in _COLOUR.sub("", done.stdout).splitlines()]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


def without_secrets(stack: str) -> str:
    return stack[: stack.index("  strongroom:mailPassword")]


def test_a_right_stack_reaches_the_program(engine: Engine) -> None:
    project = Project(engine.root)
    project.stack = without_secrets(project.stack)

    code, lines = engine.preview(project, ("mailPassword", "adaPassword"))

    assert code == 0
    assert "eu-central-1" in lines


def test_every_mistake_is_said_by_the_program_and_none_by_the_engine(engine: Engine) -> None:
    project = Project(engine.root)
    account = "  strongroom:account:\n    cidrs: [10.0.0.0/8]\n    passwordFile: password\n"
    project.stack = edited(
        without_secrets(project.stack),
        [
            ("config:\n", "config:\n  strongroom:keep: maybe\n  strongroom:people: ada\n"),
            ('"123456789012"', "123456789012"),
            (account, ""),
        ],
    )

    code, lines = engine.preview(project, ("mailPassword",))

    assert code != 0
    diagnostics = lines[lines.index("Diagnostics:") + 1 : lines.index("Resources:")]
    said = [line.removeprefix("error: ") for line in diagnostics if ";" in line]
    assert said == [
        "Pulumi.dev.yaml: strongroom:account is missing; write strongroom:account: with cidrs below it",
        "Pulumi.dev.yaml:2: strongroom:keep must be true or false, not text; write true or false",
        (
            "Pulumi.dev.yaml:3: strongroom:people must be an object, not text;"
            " write `key: value` lines below it"
        ),
        (
            "Pulumi.dev.yaml:7: strongroom:cloud.accountId must be text, and YAML reads a number;"
            " write it in quotes"
        ),
        (
            "catalog/keepers.yaml:4: stack dev has no secret adaPassword;"
            " run: pulumi config set --stack dev --secret adaPassword"
        ),
    ]
    assert not [line for line in lines if "unhandled" in line or "Traceback" in line]
    assert "hunter2" not in "\n".join(lines)
