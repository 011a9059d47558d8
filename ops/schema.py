"""`python -m ops schema`: what editors and Pulumi know about our YAML, written from the models.

Pulumi.yaml's `config:` block (the rest of that file is kept), one JSON Schema for each kind of file, the references of
settings and catalogue, the table of what goes together, and that of the policy pack's rules.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from catalog.adopted import AdoptedFile
from catalog.schema import ServiceFile, TeamFile
from ops import combinations, policies, reference
from settings.load import PASSWORD
from settings.model import Settings
from settings.stack import NAMESPACE

Schema = dict[str, Any]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_FILES: dict[str, type[BaseModel]] = {
    "A service": ServiceFile,
    "A team": TeamFile,
    "What was there before": AdoptedFile,
}
_HEAD = """\
config:
  # Written by `python -m ops schema` from settings/model.py. Each description begins with the type; there is no
  # `type:`, and what must be given has the empty default {}: otherwise the engine would refuse a wrong or an
  # absent value by itself, one at a time and without its line, before the program can name every mistake.
"""


def files(root: Path) -> Mapping[Path, str]:
    """Give every generated file's path below `root` and its text."""
    project = Path("Pulumi.yaml")
    schemas = {
        "stack": _stack_schema(),
        "local": _optional(_stack_schema()),
        "cluster": _optional(_stack_schema()),
        "catalog": _catalog_schema(),
    }
    texts = {
        Path("schemas") / f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }
    return {
        project: with_config((root / project).read_text(), config_block()),
        Path("docs/combinations.md"): combinations.text(),
        Path("docs/policies.md"): policies.text(),
        Path("docs/settings.md"): reference.settings(_schema_of(Settings)),
        Path("docs/catalogue.md"): reference.catalogue(
            {title: _schema_of(model) for title, model in _FILES.items()}
        ),
        **texts,
    }


def write(root: Path) -> list[Path]:
    """Write what differs; give its paths."""
    changed = []
    for path, text in files(root).items():
        target = root / path
        if not target.exists() or target.read_text() != text:
            target.parent.mkdir(exist_ok=True)
            target.write_text(text)
            changed.append(path)
    return changed


def config_block() -> str:
    """Give Pulumi.yaml's `config:` block."""
    schema = Settings.model_json_schema(by_alias=True)
    keys = {}
    for name, field in Settings.model_fields.items():
        key = field.alias or name
        kind = schema["properties"][key].get("type", "object")
        default = {} if kind == "object" else field.default
        needed = " Must be given." if field.is_required() else ""
        keys[key] = {"description": f"{kind}: {field.description}{needed}", "default": default}
    block = yaml.safe_dump(keys, sort_keys=False, width=100, allow_unicode=True)
    return _HEAD + "".join(f"  {line}\n" for line in block.splitlines())


def with_config(text: str, block: str) -> str:
    """Replace the `config:` block of a project file, or append it."""
    found = re.search(r"^config:.*\n(?:(?:[ #].*)?\n)*", text, re.MULTILINE)
    if found is None:
        return text.rstrip("\n") + "\n" + block
    return text[: found.start()] + block + text[found.end() :]


def _stack_schema() -> Schema:
    settings = _schema_of(Settings)
    definitions = settings.pop("$defs")
    secure = {
        "type": "object",
        "description": "An encrypted value: run `pulumi config set --secret <key>`.",
        "properties": {"secure": {"type": "string"}},
        "required": ["secure"],
        "additionalProperties": False,
    }
    password = {"$ref": "#/$defs/secure", "description": "The limited account's password."}
    config = {
        "type": "object",
        "properties": {
            **{f"{NAMESPACE}:{key}": value for key, value in settings["properties"].items()},
            f"{NAMESPACE}:{PASSWORD}": password,
        },
        "required": [f"{NAMESPACE}:{key}" for key in settings["required"]],
        # Other keys of ours are the catalogue's secrets; other namespaces are other packages'.
        "patternProperties": {rf"^(?!{NAMESPACE}:)[^:]+:": {}},
        "additionalProperties": {"$ref": "#/$defs/secure"},
    }
    return {
        "$schema": _DRAFT,
        "title": "Pulumi.<stack>.yaml of Strongroom",
        "type": "object",
        "properties": {
            "config": config,
            "environment": {},
            "secretsprovider": {"type": "string"},
            "encryptedkey": {"type": "string"},
            "encryptionsalt": {"type": "string"},
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": {**definitions, "secure": secure},
    }


def _catalog_schema() -> Schema:
    schemas = {model.__name__: _schema_of(model) for model in _FILES.values()}
    definitions: Schema = {}
    for schema in schemas.values():
        definitions |= schema.pop("$defs")
    return {
        "$schema": _DRAFT,
        "title": "A file of Strongroom's catalogue: one service, one team, or what was there before",
        "type": "object",
        "if": {"required": ["team"]},
        "then": {"$ref": "#/$defs/TeamFile"},
        "else": {
            "if": {"required": ["adopted"]},
            "then": {"$ref": "#/$defs/AdoptedFile"},
            "else": {"$ref": "#/$defs/ServiceFile"},
        },
        "$defs": {**definitions, **schemas},
    }


def _schema_of(model: type[BaseModel]) -> Schema:
    tidied = _tidied(model.model_json_schema(by_alias=True))
    assert isinstance(tidied, dict)  # noqa: S101  a schema stays one
    return tidied


def _tidied(value: object, *, names: bool = False) -> object:
    """Without titles made of field names, and with dictionaries' keys held to their pattern.

    `names`: the keys are names of ours and not the schema's own words.
    """
    if isinstance(value, list):
        return [_tidied(each) for each in value]
    if not isinstance(value, dict):
        return value
    tidy = {
        key: _tidied(each, names=key in ("properties", "$defs", "patternProperties") and not names)
        for key, each in value.items()
        if names or key != "title"
    }
    if not names and "patternProperties" in tidy:
        tidy.setdefault("additionalProperties", False)
    return tidy


def _optional(value: Any) -> Any:
    """The same with nothing required: `make up` fills in what only the machine knows."""
    if isinstance(value, list):
        return [_optional(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _optional(each)
        for key, each in value.items()
        if not (key == "required" and isinstance(each, list) and each != ["secure"])
    }
