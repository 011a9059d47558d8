"""One stack's configuration: as the engine hands it to the running program, or straight from its file."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from mistakes import Mistake
from mistakes.document import Document, Path, read, show
from mistakes.explain import closest

NAMESPACE = "strongroom"
_ELSEWHERE = "PULUMI_OPTION_CONFIG_FILE"
"""Names the file that the engine reads instead of `Pulumi.<stack>.yaml`."""
_TOP = ("config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Keys are without `strongroom:`."""

    name: str
    values: Mapping[str, str]
    """The engine's text: objects and lists as JSON. No secret is in it."""
    secrets: frozenset[str]
    """Keys with a secret value."""
    document: Document
    """Where lines are looked up, by path from the key on: `("cloud", "region")`."""
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with the file's own form."""
    readable: bool = True
    """False where the file couldn't be read: then nothing is called missing."""

    def mistake(self, path: Path, wrong: str, cure: str) -> Mistake:
        """Make a mistake that stands at a path, such as `("cloud", "region")`."""
        return self.document.mistake(path, f"{NAMESPACE}:{show(path)} {wrong}", cure)


def of_program(root: FilePath) -> Stack:
    """Take what the engine handed over. Lines come from the file beside Pulumi.yaml.

    PULUMI_OPTION_CONFIG_FILE may have moved the file that the engine read; people edit the one in `root`.
    """
    import pulumi  # noqa: PLC0415  `ops check` needs no engine, and is quick without it
    from pulumi.runtime import config  # noqa: PLC0415

    stack = pulumi.get_stack()
    document = _tracked(root, stack)
    everything = {**config.get_config_env(), **config.CONFIG.get()}
    of_environment = config.get_config_secret_keys_env()
    full = {
        key.removeprefix(f"{NAMESPACE}:"): key
        for key in everything
        if key.startswith(f"{NAMESPACE}:")
    }
    secrets = {
        key for key, name in full.items() if config.is_config_secret(name) or name in of_environment
    }
    return Stack(
        name=stack,
        values={key: str(everything[full[key]]) for key in full.keys() - secrets},
        secrets=frozenset(secrets),
        document=_from_keys(document),
        mistakes=(*document.mistakes, *_outdated(root, document, os.environ.get(_ELSEWHERE))),
    )


def of_file(root: FilePath, name: str, config_file: FilePath | None = None) -> Stack:
    """Take what the engine would hand over, from `config_file` or the stack's own in `root`."""
    tracked = _tracked(root, name)
    outdated = [*_outdated(root, tracked, config_file)]
    if config_file is None:
        document = read(root / tracked.file, tracked.file)
    else:
        document = read(config_file, str(config_file))
        # Lines where people edit, if there is such a file.
        tracked = tracked if (root / tracked.file).exists() else document
    values: dict[str, str] = {}
    secrets = set()
    top = document.value if isinstance(document.value, dict) else {}
    config = top.get("config")
    for full, value in (config if isinstance(config, dict) else {}).items():
        key = full.removeprefix(f"{NAMESPACE}:")
        if key == full:
            continue
        if _holds_secret(value):
            secrets.add(key)
        else:
            values[key] = _text(value)
    return Stack(
        name=name,
        values=values,
        secrets=frozenset(secrets),
        document=_from_keys(tracked),
        mistakes=(*document.mistakes, *tracked.mistakes, *_form(document), *outdated),
        readable=isinstance(config, dict),
    )


def _tracked(root: FilePath, name: str) -> Document:
    file = f"Pulumi.{name}.yaml"
    if not (root / file).exists():
        return Document(file=file, value=None, lines={})
    return read(root / file, file)


def _outdated(
    root: FilePath, tracked: Document, config_file: str | FilePath | None
) -> Iterator[Mistake]:
    """Say where what is read was made of the file that people edit, before they edited it.

    The sandbox makes one of the same name for a shell to read; whoever names any other file means that one.
    """
    if config_file is None:
        return
    made, edited = FilePath(config_file), root / tracked.file
    if made.name != tracked.file or not (made.exists() and edited.exists()):
        return
    if edited.stat().st_mtime_ns > made.stat().st_mtime_ns:
        wrong = f"was edited after {made} was made of it, which is read here"
        yield Mistake(file=tracked.file, wrong=wrong, cure="run make preview, or make up, first")


def _from_keys(document: Document) -> Document:
    lines: dict[Path, int] = {}
    for path, line in document.lines.items():
        if len(path) > 1 and path[0] == "config":
            lines[str(path[1]).removeprefix(f"{NAMESPACE}:"), *path[2:]] = line
    return replace(document, lines=lines)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def _holds_secret(value: object) -> bool:
    if isinstance(value, list):
        return any(_holds_secret(each) for each in value)
    if not isinstance(value, dict):
        return False
    return set(value) == {"secure"} or any(_holds_secret(each) for each in value.values())


def _form(document: Document) -> Iterator[Mistake]:
    """What the engine would refuse, or pass over in silence."""
    if not document.readable:
        return
    if not isinstance(document.value, dict):
        yield document.mistake((), "holds no configuration", "begin it with `config:`")
        return
    for key in document.value:
        if key not in _TOP:
            yield document.mistake((key,), f"{key} is unknown", closest(key, _TOP))
    config = document.value.get("config")
    if not isinstance(config, dict):
        yield document.mistake(
            ("config",), "config holds no keys", "write `strongroom:` keys below"
        )
        return
    for full in config:
        namespace, colon, name = full.partition(":")
        if not (namespace and colon and name):
            wrong = f"{full} has no namespace"
            yield document.mistake(
                ("config", full), wrong, f"write {NAMESPACE}:{name or namespace}"
            )
