"""`python -m ops can`, `matrix` and `diff`, as a person runs them."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.ops.command import run, started
from tests.settings.project import BILLING, HELM, Project


def _git(root: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=root, check=True, capture_output=True)


def test_a_question_is_answered_with_the_rule_and_exit_code(project: Project) -> None:
    question = ("can", "shop/orders", "read", "kv/shop/orders/mail", "--stack", "dev")

    done = started(project.root, *question)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == 'yes: svc-shop.orders:1 path "kv/data/shop/orders/*" [read] grants it\n'


def test_no_is_exit_code_2(project: Project) -> None:
    done = run(project.root, "can", "ada", "update", "sys/policies/acl/x", "--stack", "dev")

    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("no: doesn't grant update: team-")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (("shop/order", "read", "a"), "nobody is called shop/order; write shop/orders\n"),
        (
            ("shop/orders", "write", "a"),
            "there is no write; write one of create, read, update, patch, delete, list, sudo\n",
        ),
    ],
)
def test_who_and_what_must_exist(project: Project, question: tuple[str, ...], said: str) -> None:
    done = run(project.root, "can", *question, "--stack", "dev")

    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_neither_secrets_nor_files_are_needed(project: Project) -> None:
    project.stack = HELM.replace("  strongroom:mailPassword:\n    secure: v1:abc\n", "")
    project.write()
    (project.root / "pem").unlink()

    done = run(
        project.root,
        "can",
        "account:strongroom",
        "update",
        "sys/policies/acl/svc-x",
        "--stack",
        "dev",
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert 'path "sys/policies/acl/svc-*"' in done.stdout


def test_a_wrong_setting_that_is_needed_is_said(project: Project) -> None:
    project.stack = project.stack.replace("flavour: openbao", "flavour: consul")
    project.write()

    done = run(project.root, "matrix", "--stack", "dev")

    assert done.returncode == 1
    assert done.stderr.startswith(
        "strongroom:server in Pulumi.dev.yaml is wrong; `python -m ops check"
    )


def test_the_matrix_has_everybody_s_secrets_and_rules(project: Project) -> None:
    done = run(project.root, "matrix", "--format", "json", "--stack", "dev")
    rows = [
        (each["who"], each["path"], each["capabilities"], each["rule"])
        for each in json.loads(done.stdout)
    ]

    assert ("shop/orders", "kv/shop/orders/mail", ["read"], "svc-shop.orders:1") in rows
    assert ("shop/billing", "kv/shop/orders/mail", ["read"], "svc-shop.billing:5") in rows
    assert (
        "shop/billing",
        "kv/metadata/shop/billing/*",
        ["read", "list"],
        "svc-shop.billing:9",
    ) in rows
    assert {who for who, *_ in rows} >= {"person:ada", "account:strongroom"}
    assert not any("renew-self" in path for _, path, *_ in rows)


def test_the_table_is_aligned(project: Project) -> None:
    lines = run(project.root, "matrix", "--stack", "dev").stdout.splitlines()

    assert lines[0].split() == ["who", "may", "path", "rule"]
    [line] = [each for each in lines if each.startswith("shop/orders ") and "/mail" in each]
    assert line.index("kv/shop") == lines[0].index("path")


def test_what_a_change_grants_and_takes_away_is_said(project: Project) -> None:
    _git(project.root, "init", "-q")
    _git(project.root, "add", "-A")
    _git(project.root, "commit", "-qm", "one")
    same = run(project.root, "diff", "HEAD", "--stack", "dev")
    project.catalog["orders.yaml"] = project.catalog["orders.yaml"].replace(
        "[shop/billing]", "[shop/web]"
    )
    project.catalog["web.yaml"] = BILLING.replace("billing", "web")
    project.write()

    done = run(project.root, "diff", "HEAD", "--stack", "dev")

    assert same.stdout == "no permission differs from HEAD\n"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "- shop/billing read kv/shop/orders/mail (svc-shop.billing:5)",
        "+ shop/web list kv/metadata/shop/web/* (svc-shop.web:9)",
        "+ shop/web read kv/metadata/shop/web/* (svc-shop.web:9)",
        "+ shop/web read kv/shop/orders/mail (svc-shop.web:1)",
    ]


@pytest.mark.parametrize("reference", ["nope", "--output=stolen"])
def test_a_reference_that_git_does_not_know_is_one_line(project: Project, reference: str) -> None:
    _git(project.root, "init", "-q")

    done = run(project.root, "diff", "--stack", "dev", "--", reference)

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"Pulumi.dev.yaml can't be read at {reference}: ")
    assert not (project.root / "stolen").exists()
