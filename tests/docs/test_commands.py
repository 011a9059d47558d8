"""Every command that README.md and docs/ name is run by a test, or says what it needs that no test has."""

import ast
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.main import get_command

from catalog.reader import read
from ops.__main__ import app
from ops.declared import Machine
from tests.docs.blocks import CHECKOUT, blocks, of_page
from tests.docs.commands import (
    CHECKS,
    HERE,
    KEEPER,
    LOCAL,
    NEEDS,
    RUN_BY,
    Command,
    commands,
    outputs,
)
from tests.e2e.scratch import Scratch
from tests.ops.command import run

ALL = commands()
RUN_HERE = {each.text: each for each in ALL if each.is_one_of(HERE)}
AS_ON_THE_PAGE = pytest.mark.parametrize(
    "given", RUN_HERE.values(), ids=[each.name for each in RUN_HERE.values()]
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the checkout as one who followed its pages has it: secrets set, on a branch with a change."""
    root = Scratch.make(tmp_path_factory.mktemp("copy")).path
    keys = {*read(root / "catalog").config_keys(), "accountPassword"}
    secure = {f"strongroom:{key}": {"secure": "v1:abc"} for key in keys}
    for stack in ("local", "dev", "prod"):
        file = root / f"Pulumi.{stack}.yaml"
        config = yaml.safe_load(file.read_text())["config"]
        if stack == "local":
            # As `make up` does.
            config = Machine(folder=tmp_path_factory.mktemp("machine")).filled_in(config)
            del config["strongroom:account"]["passwordFile"]
        file.write_text(yaml.safe_dump({"config": {**config, **secure}}))
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*author, "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
    orders = root / "catalog" / "shop-orders.yaml"
    entry = yaml.safe_load(orders.read_text())
    entry["shares"] = {"mail": ["shop/billing", "blog/web"]}
    orders.write_text(yaml.safe_dump(entry))
    return root


def test_no_command_is_new() -> None:
    new = [f"{each.place}: {each.text}" for each in ALL if not each.is_covered]

    assert new == [], (
        "say in tests/docs/commands.py which test runs it, or write `<!-- needs: cloud -->`"
        " (or what else) before its block"
    )


def _ran(root: Path, given: Command) -> "subprocess.CompletedProcess[str]":
    words = shlex.split(given.name)
    if words[:3] != ["python", "-m", "ops"]:
        return subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    # Where no stack is named, the page has set it before.
    variables = {} if "--stack" in words else {"PULUMI_STACK": "dev"}
    return run(root, *words[3:], **variables)


@AS_ON_THE_PAGE
def test_on_a_followed_page_it_works(copy: Path, given: Command) -> None:
    ran = _ran(copy, given)

    assert ran.returncode == 0, f"{given.place}: {ran.stderr}"
    assert ran.stdout.strip() != ""
    if " diff " in given.name:
        assert "+ blog/web read kv/shop/orders/mail" in ran.stdout


@pytest.mark.parametrize(
    ("given", "answer"), outputs(), ids=[given.place for given, _ in outputs()]
)
def test_what_a_page_says_it_prints_it_prints(copy: Path, given: Command, answer: str) -> None:
    assert answer in _ran(copy, given).stdout.splitlines(), given.place


@pytest.mark.parametrize("test", sorted({*RUN_BY.values()}), ids=lambda test: test[0])
def test_what_is_said_to_run_a_command_does(test: tuple[str, ...]) -> None:
    place, *words = test
    file, _, name = place.partition("::")
    source = (CHECKOUT / file).read_text()
    text = _with_helpers(source, name)

    assert words != []
    for word in words:
        assert word in text, place


def _with_helpers(source: str, name: str) -> str:
    """Give what is called so in a module, with what it uses of the same module's."""
    named = {
        each.name: ast.get_source_segment(source, each) or ""
        for each in ast.parse(source).body
        if isinstance(each, (ast.FunctionDef, ast.ClassDef))
    }
    found, new = [], {name}
    while new:
        texts = [named.pop(each) for each in sorted(new)]
        found += texts
        new = {each for each in named if any(re.search(rf"\b{each}\b", text) for text in texts)}
    return "\n".join(found)


OPS = [each for each in ALL if each.name.startswith("python -m ops ")]


@pytest.mark.parametrize("given", OPS, ids=[each.name for each in OPS])
def test_its_options_are_there(given: Command) -> None:
    """Wherever it runs: parsed as it would be, and not run."""
    words = shlex.split(given.name)[3:]
    if "--stack" not in words and words[0] in {"check", "tunnel", "transit-acl"}:
        words[1:1] = ["--stack", "dev"]
    _parsed(words)


def test_an_option_that_is_not_there_is_refused() -> None:
    with pytest.raises(Exception, match="--hurry"):
        _parsed(["roll", "--hurry"])
    with pytest.raises(Exception, match="rol"):
        _parsed(["rol"])


def _parsed(words: list[str]) -> None:
    command: Any = get_command(app)
    context = None
    while isinstance(command, typer.core.TyperGroup):
        context = command.make_context("ops", words.copy(), parent=context)
        _, command, words = command.resolve_command(context, words)
    command.make_context("ops", words, parent=context)


MAKE = sorted({each.name for each in ALL if each.name.startswith("make ")})


@pytest.mark.parametrize("command", MAKE)
def test_make_knows_its_target(copy: Path, command: str) -> None:
    ran = subprocess.run(
        ["make", "-n", *command.split()[1:]], cwd=copy, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    stack = re.search(r"STACK=(\w+)", command)
    if re.match("make (up|preview|down)", command):
        assert f"--stack {stack[1] if stack else 'local'}" in ran.stdout


def test_every_way_is_still_taken() -> None:
    """A line of a table that no page needs any more is deleted with the page's."""
    unused = [
        each
        for each in (*HERE, *LOCAL, *KEEPER, *RUN_BY, *NEEDS, *CHECKS)
        if not any(re.match(each, command.name) for command in ALL)
    ]

    assert set(unused) <= OPTIONAL


OPTIONAL = {
    # What pages may say in place of what they say now.
    r"make down( STACK=local)?$",
    r"make (status|logs)( STACK=local)?$",
    r"make (preview|down) STACK=cluster$",
    r"python -m ops schema$",
    r"python -m ops root -- ",
}


PAGE = """\
Text.

    make up     # a comment
    FOO=1 .venv/bin/python -m ops new | bao read x > file

<!-- needs: cloud -->

```bash
terraform \\
  apply && rm -rf '/a && b'
```
"""


def test_blocks_are_found_with_their_lines_and_marks() -> None:
    indented, fenced = of_page("a.md", PAGE)

    assert (indented.place, indented.language, indented.mark) == ("a.md:3", "shell", None)
    assert (fenced.place, fenced.language, fenced.mark) == ("a.md:9", "shell", "cloud")


def test_commands_are_taken_apart_and_a_new_one_is_covered_by_its_mark_alone() -> None:
    found = commands(list(of_page("a.md", PAGE)))

    assert [(each.place, each.name, each.is_covered) for each in found] == [
        ("a.md:3", "make up", True),
        ("a.md:4", "python -m ops new", False),
        ("a.md:4", "bao read x", False),
        ("a.md:9", "terraform apply", True),
        ("a.md:9", "rm -rf '/a && b'", True),
    ]


def test_no_page_is_without_commands_to_look_at() -> None:
    assert len(ALL) > 50
    assert len(blocks("shell")) > 30
    assert len(RUN_HERE) > 10
