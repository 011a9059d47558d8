"""The pipelines' files: what they use is pinned, what they may do is little, what they call is there."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ops.command import CHECKOUT, run

_GITHUB = CHECKOUT / ".github"
_WORKFLOWS = sorted((_GITHUB / "workflows").glob("*.yml"))
_ACTIONS = sorted((_GITHUB / "actions").glob("*/action.yml"))
_GITLAB = CHECKOUT / ".gitlab-ci.yml"
_BIN = Path(sys.executable).parent
_USES = re.compile(r"^\s*(?:- )?uses: (\S+)(?: # (.*))?$", re.MULTILINE)


def _read(file: Path) -> dict[str, Any]:
    # As YAML 1.1 has it, `on` is true; no other key of these files is read otherwise.
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def _uses() -> Iterator[tuple[Path, str, str | None]]:
    for file in (*_WORKFLOWS, *_ACTIONS):
        for name, version in _USES.findall(file.read_text()):
            yield file, name, version or None


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in _WORKFLOWS:
        for name, job in _read(file)["jobs"].items():
            yield f"{file.name}: {name}", job


def test_every_action_is_pinned_by_a_commit_and_says_which_version_it_is() -> None:
    found = list(_uses())

    assert len(found) > 20
    for file, name, version in found:
        if name.startswith("./"):
            assert (CHECKOUT / name).exists(), f"{file.name}: {name}"
            continue
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name), f"{file.name}: {name}"
        assert re.fullmatch(r"v\d+\.\d+\.\d+", version or ""), f"{file.name}: {name}"


def test_an_action_is_of_one_version_everywhere() -> None:
    versions: dict[str, set[tuple[str, str | None]]] = {}
    for _, name, version in _uses():
        action, _, commit = name.partition("@")
        versions.setdefault(action, set()).add((commit, version))

    assert {action: found for action, found in versions.items() if len(found) > 1} == {}


def test_every_use_is_seen() -> None:
    for file in (*_WORKFLOWS, *_ACTIONS):
        text = file.read_text()
        assert len(_USES.findall(text)) == len(re.findall(r"\buses:", text)), file.name


def test_no_secret_is_stored() -> None:
    for file in (*_WORKFLOWS, *_ACTIONS):
        assert not re.search(r"\$\{\{[^}]*\bsecrets\b", file.read_text()), file.name
        assert "secrets: inherit" not in file.read_text(), file.name


def test_a_workflow_may_nothing_and_a_job_what_it_says_of_why() -> None:
    for file in _WORKFLOWS:
        assert _read(file)["permissions"] == {}, file.name
    for name, job in _jobs():
        assert job["permissions"]["contents"] == "read", name
        written = {each for each, level in job["permissions"].items() if level == "write"}
        # Who takes a cloud's role writes nothing here, and the other way round.
        assert len(written) <= 1, name
        assert written <= {"id-token", "pull-requests", "issues"}, name


def test_what_a_fork_brings_gets_no_credentials() -> None:
    for file in _WORKFLOWS:
        assert "pull_request_target" not in file.read_text()
        assert "workflow_run" not in file.read_text()
    preview = _read(_GITHUB / "workflows" / "preview.yml")["jobs"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    for name, job in preview.items():
        writes = "write" in job["permissions"].values()
        assert writes == (own in job.get("if", "")), name
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in _GITLAB.read_text()


def test_no_checkout_keeps_the_token() -> None:
    checkouts = [
        step
        for _, job in _jobs()
        for step in job.get("steps", [])
        if step.get("uses", "").startswith("actions/checkout@")
    ]

    assert len(checkouts) > 5
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_stacks_and_their_clouds_are_those_of_the_tree() -> None:
    named = set()
    for file in _WORKFLOWS:
        text = file.read_text()
        named |= set(re.findall(r"stack: (\w+)\n\s+cloud: (\w+)", text))
    assert named == {("dev", "aws"), ("prod", "alicloud")}
    for stack, cloud in named:
        config = _read(CHECKOUT / f"Pulumi.{stack}.yaml")["config"]
        assert config["strongroom:cloud"]["kind"] == cloud
    expected = set(re.findall(r"--expect (\w+)", "".join(each.read_text() for each in _WORKFLOWS)))
    assert expected == {stack for stack, _ in named}


def test_environments_come_in_order_and_one_that_fails_stops_the_next() -> None:
    jobs = _read(_GITHUB / "workflows" / "deploy.yml")["jobs"]
    one = _read(_GITHUB / "workflows" / "deploy-one.yml")["jobs"]

    assert (jobs["dev"]["needs"], jobs["prod"]["needs"]) == ("check", "dev")
    assert one["up"]["needs"] == "plan"
    # The environment whose reviewers approve, and the one that may only look.
    assert one["up"]["environment"]["name"] == "${{ inputs.stack }}"
    assert one["plan"]["environment"]["name"] == "${{ inputs.stack }}-preview"
    assert not any("if" in job for job in (*jobs.values(), *one.values()))


def _commands() -> list[str]:
    texts = [file.read_text() for file in (*_WORKFLOWS, *_ACTIONS, _GITLAB)]
    return sorted(
        {each.strip() for text in texts for each in re.findall(r"python -m ops .*", text)}
    )


@pytest.mark.parametrize("command", _commands())
def test_what_is_called_has_the_options_that_it_is_called_with(command: str) -> None:
    words = shlex.split(re.split(r" (?:>>|\|\|) ", command)[0])
    names = [word for word in words[3:] if word.startswith("--")]

    told = run(CHECKOUT, *words[3:5], "--help", COLUMNS="300", NO_COLOR="1").stdout

    assert names
    for name in names:
        assert f"{name} " in told, name


def test_there_are_commands_to_look_at() -> None:
    assert len(_commands()) >= 7


def test_what_make_is_asked_for_is_there() -> None:
    rules = set(re.findall(r"^([\w ]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    known = {name for each in rules for name in each.split()}
    asked = re.findall(
        r"\bmake ((?:[a-z]+ ?)+)",
        "".join(file.read_text() for file in (*_WORKFLOWS, *_ACTIONS, _GITLAB)),
    )

    assert {name for each in asked for name in each.split()} <= known
    assert asked


def _copy(path: Path, old: str, new: str, file: str) -> Path:
    copied = path / ".github"
    shutil.copytree(_GITHUB, copied)
    workflow = copied / "workflows" / file
    text = workflow.read_text()
    assert old in text
    workflow.write_text(text.replace(old, new, 1))
    return copied


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ('"$STACK" --against', "${{ github.head_ref }} --against", "template-injection"),
        ("  pull_request:", "  pull_request_target:", "dangerous-triggers"),
    ],
)
def test_what_make_check_runs_refuses_what_it_is_there_for(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    [line] = re.findall(r"\$\(BIN\)/zizmor (.*) \.github\n", (CHECKOUT / "Makefile").read_text())
    copied = _copy(tmp_path, old, new, "preview.yml")

    ran = subprocess.run(
        [_BIN / "zizmor", *line.split(), copied], capture_output=True, text=True, check=False
    )

    assert ran.returncode != 0
    assert said in ran.stdout


def test_what_github_would_not_read_is_refused(tmp_path: Path) -> None:
    copied = _copy(tmp_path, "runs-on: ubuntu-24.04", "run-on: ubuntu-24.04", "preview.yml")
    command = ["--builtin-schema", "vendor.github-workflows"]

    ran = subprocess.run(
        [_BIN / "check-jsonschema", *command, copied / "workflows" / "preview.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "run-on" in ran.stdout
