"""What the running program reads, and how it stops."""

import json
from pathlib import Path
from typing import Any, TypedDict

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mistakes import MistakesError
from mistakes.document import Document
from settings.load import examine, load, stack_secret
from settings.model import Settings
from settings.stack import Stack, of_file
from tests.conftest import STACK as STACK_NAME
from tests.conftest import Declare
from tests.settings.project import Project, edited


class Configuration(TypedDict):
    config: dict[str, str]
    secret_config: dict[str, str]


def of_engine(text: str) -> Configuration:
    """What the engine makes of a stack's file: text, objects as JSON, absent ones as Pulumi.yaml's default."""
    config: dict[str, str] = {"strongroom:custody": "{}", "strongroom:people": "{}"}
    secret: dict[str, str] = {}
    for key, value in yaml.safe_load(text)["config"].items():
        if isinstance(value, dict) and set(value) == {"secure"}:
            secret[key] = "the secret itself"
        else:
            config[key] = value if isinstance(value, str) else json.dumps(value)
    return {"config": config, "secret_config": secret}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", lambda text: lines.extend(text.splitlines()))
    return lines


def test_the_program_reads_what_the_engine_gives(declare: Declare, project: Project) -> None:
    project.write()
    read: list[Any] = []

    declare(lambda: read.extend(load()), **of_engine(project.stack))

    assert read == list(project.read())


def test_a_wrong_program_ends_before_anything_is_declared(
    declare: Declare, project: Project, said: list[str]
) -> None:
    project.stack = edited(project.stack, [("region: eu", "regoin: eu")])
    project.write()
    (project.root / f"Pulumi.{STACK_NAME}.yaml").write_text(project.stack)

    with pytest.raises(SystemExit) as ended:
        declare(load, **of_engine(project.stack))

    # The language host takes this code for: people have been told.
    assert ended.value.code == 32
    assert said == [
        f"Pulumi.{STACK_NAME}.yaml:2: strongroom:cloud.region is missing; write region: eu-central-1, say",
        f"Pulumi.{STACK_NAME}.yaml:4: strongroom:cloud.regoin is unknown; write region",
    ]


def test_a_value_that_was_filled_in_elsewhere_has_no_line(
    declare: Declare, project: Project, said: list[str]
) -> None:
    """As in the embedded environment: the engine reads a file that was made of the one people edit."""
    project.write()
    (project.root / f"Pulumi.{STACK_NAME}.yaml").write_text("config:\n  strongroom:keep: false\n")
    filled = edited(
        project.stack,
        [("Threshold: 3", "Threshold: 9"), ("config:\n", "config:\n  strongroom:keep: 1\n")],
    )

    with pytest.raises(SystemExit):
        declare(load, **of_engine(filled))

    assert said == [
        (
            f"Pulumi.{STACK_NAME}.yaml: strongroom:custody.recoveryThreshold is more than the 5"
            " recoveryShares; write 5 or less"
        ),
        (
            f"Pulumi.{STACK_NAME}.yaml:2: strongroom:keep must be true or false, not a number;"
            " write true or false"
        ),
    ]


def test_a_key_written_twice_is_seen_though_the_engine_shows_one(
    declare: Declare, project: Project, said: list[str]
) -> None:
    project.write()
    (project.root / f"Pulumi.{STACK_NAME}.yaml").write_text(project.stack + "config: {}\n")

    with pytest.raises(SystemExit):
        declare(load, **of_engine(project.stack))

    assert said == [
        f"Pulumi.{STACK_NAME}.yaml:29: config stands on line 1 already; keep one of them"
    ]


def test_the_account_s_password_may_be_a_secret(declare: Declare, project: Project) -> None:
    project.stack = edited(project.stack, [("    passwordFile: password\n", "")])
    project.stack += "  strongroom:accountPassword:\n    secure: v1:ghi\n"
    project.write()
    read: list[Any] = []

    declare(lambda: read.extend(load()), **of_engine(project.stack))

    assert read[0].account.password_file is None


def test_a_stack_secret_stays_secret(declare: Declare) -> None:
    declared = declare(
        lambda: stack_secret("mailPassword"), secret_config={"strongroom:mailPassword": "hunter2"}
    )

    assert declared.result_is_secret
    assert declared.result == "hunter2"


def test_other_packages_keys_are_theirs(declare: Declare, project: Project) -> None:
    project.stack = edited(project.stack, [("config:\n", "config:\n  aws:region: eu-central-1\n")])
    project.write()

    assert project.mistakes() == []
    declare(load, **of_engine(project.stack))


def test_a_configuration_file_elsewhere_gives_values_and_the_stack_s_own_lines(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    project.write()
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(
        edited(
            project.stack,
            [("recoveryThreshold: 3", "recoveryThreshold: 9"), ("    kind: aws\n", "")],
        )
    )

    with pytest.raises(MistakesError) as refused:
        examine(of_file(tmp_path, "dev", elsewhere), tmp_path)

    assert str(refused.value).splitlines() == [
        "Pulumi.dev.yaml:3: strongroom:cloud.kind is missing; write kind: alicloud or aws",
        (
            "Pulumi.dev.yaml:9: strongroom:custody.recoveryThreshold is more than the 5"
            " recoveryShares; write 5 or less"
        ),
    ]


def test_a_stack_without_a_file_is_one_mistake_and_the_catalogue_s(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write()

    with pytest.raises(MistakesError) as refused:
        examine(of_file(tmp_path, "prod"), tmp_path)

    assert str(refused.value) == (
        "Pulumi.prod.yaml: can't be read (No such file or directory); check its path and mode"
    )


FIELDS = [field.alias or name for name, field in Settings.model_fields.items()]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["kind", "ports", "tls", "method", "cidrs", "region", "x"]), inner
        ),
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(FIELDS), st.text(max_size=8)),
        st.one_of(st.text(max_size=12), JSON.map(json.dumps)),
    ),
    st.frozensets(st.sampled_from([*FIELDS, "accountPassword", "mailPassword"])),
)
def test_no_configuration_is_more_than_mistakes(
    values: dict[str, str], secrets: frozenset[str]
) -> None:
    stack = Stack(
        name="dev",
        values=values,
        secrets=secrets,
        document=Document(file="Pulumi.dev.yaml", value=None, lines={}),
    )

    with pytest.raises(MistakesError) as refused:
        examine(stack, Path("/nonexistent"))

    assert all(line.isprintable() for line in str(refused.value).splitlines())
