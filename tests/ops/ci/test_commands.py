"""`python -m ops ci`, as a workflow's jobs call it."""

import json
import subprocess
from pathlib import Path

import pytest

from ops.ci.report import Change, Outcome, Report, read, write
from ops.permissions import Change as PermissionChange
from tests.ops.ci.forges import GITHUB
from tests.ops.ci.reports import large
from tests.ops.command import run
from tests.settings.project import Project

_READY = Report(
    stack="dev",
    outcome=Outcome.CHANGES,
    changes=(Change(operation="create", type="vault:Policy", name="acl", replacing=("a",)),),
    permissions=(PermissionChange(who="a", path="b", capability="read", granted=True, rule="c"),),
)
_SAME = Report(stack="dev", outcome=Outcome.NOTHING)


def _files(folder: Path, *reports: Report) -> list[str]:
    options = []
    for number, report in enumerate(reports):
        write(folder / "reports" / f"{number}.json", report)
        options += ["--from", str(folder / "reports" / f"{number}.json")]
    return options


def test_what_one_job_wrote_another_reads(tmp_path: Path) -> None:
    write(tmp_path / "report.json", _READY)

    assert read(tmp_path / "report.json") == _READY


def test_reports_of_jobs_are_one_comment(tmp_path: Path) -> None:
    prod = Report(stack="prod", outcome=Outcome.NOTHING)

    ran = run(
        tmp_path,
        "ci",
        "comment",
        *_files(tmp_path, _READY, prod),
        STRONGROOM_REVISION="3f2c1ab" * 6,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "## What `3f2c1ab3f2c1` would change" in ran.stdout
    assert "### `dev`: changes" in ran.stdout
    assert "### `prod`: nothing changes" in ran.stdout


@pytest.mark.parametrize("outcome", [each for each in Outcome if each.stops])
def test_an_environment_that_stops_is_exit_code_2(tmp_path: Path, outcome: Outcome) -> None:
    stopped = Report(stack="prod", outcome=outcome)

    ran = run(tmp_path, "ci", "comment", *_files(tmp_path, _READY, stopped))

    assert ran.returncode == 2
    assert f"### `prod`: {outcome.value}" in ran.stdout


def test_an_environment_whose_job_ended_before_is_not_forgotten(tmp_path: Path) -> None:
    ran = run(
        tmp_path, "ci", "comment", *_files(tmp_path, _READY), "--expect", "dev", "--expect", "prod"
    )

    assert ran.returncode == 2
    assert "### `prod`: not looked at" in ran.stdout
    assert "Merging" not in ran.stdout


def test_a_comment_is_posted_and_never_whole(tmp_path: Path) -> None:
    with GITHUB.serving() as forge:
        options = [*_files(tmp_path, large(count=3_000)), "--whole", "--post"]

        ran = run(tmp_path, "ci", "comment", *options, **GITHUB.variables(forge.address))

        assert (ran.returncode, ran.stdout) == (2, f"{forge.address}/x\n")
        assert "Left out to stay under" in forge.comments[0]["body"]


def test_a_file_that_is_no_report_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"stack": "dev"}))

    ran = run(tmp_path, "ci", "comment", "--from", "x.json")

    assert ran.returncode == 1
    assert ran.stderr.startswith("x.json is no report; write it with ")
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--from", "x", "--stack", "dev"], "leave out --stack and --save"),
        (["--stack", "dev", "--stack", "prod", "--save", "x"], "name one --stack"),
        (["--stack", "dev"], "policies is no policy pack"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    project: Project, options: list[str], said: str
) -> None:
    ran = run(project.root, "ci", "comment", *options)

    assert ran.returncode == 1
    assert said in ran.stderr


def test_mistakes_are_saved_for_the_comment_and_exit_code_2(project: Project) -> None:
    project.catalog["orders.yaml"] = "service: Orders\n"
    project.write()

    options = ["--policy-pack", "", "--save", "out/dev.json"]

    ran = run(project.root, "ci", "comment", *options, PULUMI_STACK="dev")

    assert ran.returncode == 2
    assert read(project.root / "out" / "dev.json").outcome is Outcome.MISTAKES


def test_a_comment_says_when_more_was_looked_at_than_a_commit(project: Project) -> None:
    project.catalog["orders.yaml"] = "service: Orders\n"
    project.write()
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        subprocess.run(["git", *author, *command], cwd=project.root, check=True)
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.check_output(head, cwd=project.root, text=True).strip()

    def title(*options: str, revision: str = "") -> str:
        own = {"STRONGROOM_REVISION": revision, "CI_COMMIT_SHORT_SHA": "", "PULUMI_STACK": "dev"}
        said = run(project.root, "ci", "comment", *options, **own).stdout
        return said.splitlines()[1]

    here = ["--policy-pack", ""]
    assert title(*here) == f"## What `{commit}` would change"
    (project.root / "catalog" / "new.yaml").write_text("service: New\n")
    assert title(*here) == f"## What `{commit}` and what is not committed would change"
    # A pipeline knows better; and what another job looked at is not what lies here.
    assert title(*here, revision="3f2c1ab") == "## What `3f2c1ab` would change"
    assert title(*_files(project.root, _READY)) == f"## What `{commit}` would change"


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([_SAME], 0),
        ([_READY], 2),
        ([Report(stack="dev", outcome=Outcome.NOTHING, values=("kv/a: changed",))], 2),
        ([_SAME, Report(stack="prod", outcome=Outcome.FAILED)], 1),
        ([_READY, Report(stack="prod", outcome=Outcome.MISSING)], 1),
    ],
)
def test_drift_s_exit_code_says_what_was_found(
    tmp_path: Path, reports: list[Report], code: int
) -> None:
    assert run(tmp_path, "ci", "drift", *_files(tmp_path, *reports)).returncode == code


def test_drift_opens_one_issue_and_closes_it(tmp_path: Path) -> None:
    drifted = Report(
        stack="dev",
        outcome=Outcome.CHANGES,
        changes=(
            Change(operation="update", type="vault:Policy", name="by-hand", outside=True),
            Change(operation="create", type="vault:Policy", name="waiting"),
        ),
        values=("kv/shop/orders/mail: changed",),
    )
    with GITHUB.serving() as forge:
        for reports, code in (([drifted], 2), ([drifted], 2), ([_SAME], 0)):
            ran = run(
                tmp_path,
                "ci",
                "drift",
                *_files(tmp_path, *reports),
                "--post",
                **GITHUB.variables(forge.address),
            )
            assert (ran.returncode, ran.stdout) == (code, f"{forge.address}/x\n")
            body = forge.issues[0]["body"]
            if code:
                assert forge.issues[0]["title"] == "Drift: dev"
                assert forge.issues[0]["state"] == "open"
                assert "| `dev` | 1 | 1 | 1 |" in body
                outside, _, waiting = body.partition("#### Declared and not deployed")
                assert "`by-hand`" in outside
                assert "`waiting`" in waiting
                assert "kv/shop/orders/mail: changed" in outside
                assert "--repair" in body
        assert [each["state"] for each in forge.issues] == ["closed"]
        assert "| `dev` |  |  |  | as declared |" in body


def test_an_environment_that_could_not_be_looked_at_keeps_the_issue_open(tmp_path: Path) -> None:
    with GITHUB.serving() as forge:
        unseen = [*_files(tmp_path, _SAME), "--expect", "prod", "--post"]

        ran = run(tmp_path, "ci", "drift", *unseen, **GITHUB.variables(forge.address))

        assert ran.returncode == 1
        assert [(each["title"], each["state"]) for each in forge.issues] == [
            ("Drift: prod", "open")
        ]
        assert "What could not be looked at may have drifted, too" in forge.issues[0]["body"]


def test_of_ten_thousand_drifts_the_issue_is_short_enough(tmp_path: Path) -> None:
    ran = run(tmp_path, "ci", "drift", *_files(tmp_path, large()))

    assert ran.returncode == 1
    assert len(ran.stdout) < 65_000
    assert "kv/shop/0: changed" in ran.stdout
    assert "Left out" in ran.stdout
