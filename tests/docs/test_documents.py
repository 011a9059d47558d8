"""What README.md and docs/ show of settings, catalogue, policies and acls is read by what reads it for real."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from acl.reader import read as read_acl
from ops.diagram import PAGE
from policies.framework import exceptions, tuning
from policies.rules import RULES
from tests.docs.blocks import CHECKOUT, Block, blocks, every, of_page
from tests.docs.documents import (
    is_catalogue,
    is_server,
    is_settings,
    refused_entry,
    refused_settings,
)

OTHERS = {"podMetadata": "of Prometheus' operator's Prometheus, which is not ours to read"}
"""First key of a YAML document -> whose it is."""


def _documents(block: Block) -> list[dict[str, Any]]:
    """Give a block's documents: where a key stands again, another way to say it begins."""
    texts: list[list[str]] = [[]]
    keys: set[str] = set()
    for line in block.text.splitlines():
        key = re.split(r":(?:\s|$)", line)[0]
        if line[:1].strip() and line[0] not in "#-":
            if key in keys:
                texts.append([])
                keys = set()
            keys.add(key)
        texts[-1].append(line)
    found = [yaml.safe_load("\n".join(lines).replace(", ...}", "}")) for lines in texts]
    assert all(isinstance(each, dict) for each in found), block.place
    return found


SHOWN = [
    (block, document)
    for block in blocks("yaml")
    if block.mark is None
    for document in _documents(block)
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(
        CHECKOUT / "catalog", tmp_path / "catalog", ignore=shutil.ignore_patterns("*.py*")
    )
    return tmp_path


def _refused(root: Path, said: dict[str, Any]) -> str:
    if is_settings(said):
        return refused_settings(root, said)
    if is_catalogue(said):
        return refused_entry(root, said)
    if is_server(said):
        return refused_settings(root, {"strongroom:server": said})
    if set(said) == {"exceptions"}:
        file = root / "exceptions.yaml"
        file.write_text(yaml.safe_dump(said))
        read = exceptions.read(file, {rule.name for rule in RULES})
        return "\n".join(read.mistakes)
    if set(said) == {"rules"}:
        file = root / "tuning.yaml"
        file.write_text(yaml.safe_dump(said))
        return "\n".join(tuning.read(file, RULES).mistakes)
    return "" if next(iter(said)) in OTHERS else "nothing here reads it; see OTHERS"


@pytest.mark.parametrize(("block", "said"), SHOWN, ids=[block.place for block, _ in SHOWN])
def test_yaml_is_read_without_a_mistake(root: Path, block: Block, said: dict[str, Any]) -> None:
    assert _refused(root, said) == "", block.place


_REST = "resource: b, reason: long enough it is, expires: 2099-01-01"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("strongroom:server: {flavours: openbao}", "strongroom:server.flavours is unknown"),
        ("strongroom:seal: {kind: transit}", "strongroom:seal.address is missing"),
        ("service: a\nnamespace: b\nsecret: {}", "nothing here reads it"),
        ("shares: {post: [shop/billing]}", "post"),
        ("exposure: {kind: public}", "strongroom:server.exposure"),
        (f"exceptions: [{{rule: none, stacks: [a], {_REST}}}]", "no rule none"),
        ("rules: {key-rotates: {days: 1}}", "key-rotates has no setting days"),
        ("hello: 1", "nothing here reads it"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(root: Path, wrong: str, why: str) -> None:
    assert why in _refused(root, yaml.safe_load(wrong))


def test_a_key_that_stands_again_begins_another_document() -> None:
    (block,) = of_page("a.md", "    a: {b: 1}    # one\n    a:\n      b: 2\n    c: 3\n")

    assert _documents(block) == [{"a": {"b": 1}}, {"a": {"b": 2}, "c": 3}]


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.place)
def test_json_is_a_trust_policy_or_the_pack_s_configuration(block: Block) -> None:
    value = json.loads(block.text)

    if "Statement" in value:
        (statement,) = value["Statement"]
        assert statement["Action"].startswith("sts:AssumeRole")
        assert "*" not in json.dumps(statement["Condition"])
        return
    rules = {rule.name: rule for rule in RULES}
    for name, tuned in value.items():
        rule = rules[name]
        if isinstance(tuned, dict):
            assert tuned.keys() <= {*rule.settings, "enforcementLevel"}
        else:
            assert tuned in {"mandatory", "advisory", "disabled"} or rule.remedy is not None


@pytest.mark.parametrize("block", blocks("hcl"), ids=lambda block: block.place)
def test_an_acl_is_one(block: Block) -> None:
    assert len(read_acl(block.text, name="shown", flavour="vault").stanzas) > 0


@pytest.mark.parametrize("block", blocks("mermaid"), ids=lambda block: block.place)
def test_a_diagram_is_one_of_the_program_s_own(block: Block) -> None:
    assert block.text in (CHECKOUT / PAGE).read_text(), "take it from docs/diagrams.md"


def test_every_block_is_of_a_language_that_is_looked_at() -> None:
    known = {"yaml", "json", "hcl", "shell", "mermaid", "text"}
    assert [block.place for block in every() if block.language not in known] == []
    # `text` is for pictures and what programs print.
    shown = [block for block in every() if block.language == "text" and not block.mark]
    assert [
        each.place for each in shown if "python -m " in each.text or "\npulumi " in each.text
    ] == []


def test_there_is_something_to_read() -> None:
    assert len(SHOWN) > 10
    assert len(blocks("json")) > 2
    assert len(blocks("hcl")) > 0
