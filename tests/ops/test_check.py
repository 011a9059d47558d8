"""`python -m ops check`, as a person runs it."""

import os
import subprocess
import sys

from tests.ops.command import CHECKOUT, run, started
from tests.settings.project import Project, edited


def test_a_right_project_is_one_line(project: Project) -> None:
    done = started(project.root, "check", "--stack", "dev")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "dev: 2 services and 1 teams, no mistake\n"


def test_a_wrong_one_is_a_line_for_each_mistake_and_exit_1(project: Project) -> None:
    project.stack = edited(project.stack, [("kind: aws", "kind: gcp"), ("[bao]", "[]")])
    project.write()

    done = run(project.root, "check", "--stack", "dev")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "Pulumi.dev.yaml:3: strongroom:cloud.kind has a value that isn't known here; write alicloud or aws",
        "Pulumi.dev.yaml:13: strongroom:server.command is empty; write a list, such as [bao]",
    ]


def test_pulumi_s_own_variables_are_heeded(project: Project) -> None:
    moved = project.root / "elsewhere.yaml"
    (project.root / "Pulumi.dev.yaml").rename(moved)

    done = run(
        project.root, "check", PULUMI_STACK="dev", PULUMI_OPTION_CONFIG_FILE="elsewhere.yaml"
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_what_was_made_of_a_file_that_was_edited_since_is_not_taken_for_it(
    project: Project,
) -> None:
    made = project.root / "made" / "Pulumi.dev.yaml"
    made.parent.mkdir()
    edited = project.root / made.name
    made.write_bytes(edited.read_bytes())
    where = {"PULUMI_STACK": "dev", "PULUMI_OPTION_CONFIG_FILE": str(made)}
    assert run(project.root, "check", **where).returncode == 0

    later = made.stat().st_mtime_ns + 1
    os.utime(edited, ns=(later, later))
    done = run(project.root, "check", **where)

    assert (done.returncode, done.stderr) == (
        1,
        (
            f"Pulumi.dev.yaml: was edited after {made} was made of it, which is read here;"
            " run make preview, or make up, first\n"
        ),
    )


def test_no_engine_is_loaded() -> None:
    script = "import sys, ops.check; sys.exit('pulumi' in sys.modules)"

    done = run(CHECKOUT / "tests", "check", "--help")
    loaded = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, check=False)

    assert done.returncode == 0
    assert loaded.returncode == 0


def test_the_example_of_an_aws_account_lacks_only_what_is_nobody_s_to_check_in() -> None:
    done = run(CHECKOUT, "check", "--stack", "dev")

    lacking = [line for line in done.stderr.splitlines() if "has no secret" not in line]
    assert [line.split(": ", 1)[1] for line in lacking] == [
        (
            "strongroom:account has no password; write passwordFile, or run: pulumi config set"
            " --stack dev --secret accountPassword"
        )
    ]


def test_the_commands_are_listed() -> None:
    done = run(CHECKOUT, "--help")

    assert done.returncode == 0
    for command in ("check", "schema", "root", "drift", "can", "matrix", "diff"):
        assert f" {command} " in done.stdout
