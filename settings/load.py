"""Reads settings and catalogue, checks both whole, and says every mistake of all files at once."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from catalog.model import Catalog
from catalog.reader import Reading
from catalog.reader import examine as examine_catalog
from mistakes import Mistake, MistakesError
from mistakes.document import Path as MistakePath
from mistakes.document import one_line, show
from mistakes.explain import closest, explain
from mistakes.shapes import bucket_problem
from settings.model import Settings
from settings.stack import NAMESPACE, Stack, of_program

if TYPE_CHECKING:
    import pulumi

PASSWORD = "accountPassword"  # noqa: S105  the key's name
_FIELDS = {field.alias or name: name for name, field in Settings.model_fields.items()}
_TEXTS = ("catalog",)


def load() -> tuple[Settings, Catalog]:
    """Read the running program's configuration and catalogue.

    Raises:
        SystemExit: after the engine was given one line for each mistake; nothing has been declared.

    """
    import pulumi  # noqa: PLC0415  as in settings.stack

    try:
        root = Path.cwd()
        return examine(of_program(root), root)
    except MistakesError as error:
        pulumi.log.error(str(error))
        # pulumi.RunError would be followed by "an unhandled error occurred: Program exited with 1".
        raise SystemExit(_SHOWN) from None


_SHOWN = 32
"""Tells the language host that people have been told what is wrong.

Source: PYTHON_PROCESS_EXITED_AFTER_SHOWING_USER_ACTIONABLE_MESSAGE_CODE in pulumi-language-python-exec.
"""


def stack_secret(key: str) -> "pulumi.Output[str]":
    """Give a stack secret of namespace `strongroom`, marked secret."""
    import pulumi  # noqa: PLC0415  as in settings.stack

    return pulumi.Config(NAMESPACE).require_secret(key)


def examine(stack: Stack, root: Path) -> tuple[Settings, Catalog]:
    """Check one stack whole; relative paths are relative to `root`.

    Raises:
        MistakesError: with every mistake of the stack's file and the catalogue's.

    """
    mistakes = list(stack.mistakes)
    settings = _settings(stack, mistakes) if stack.readable else None
    reading = _catalog(stack, root, mistakes)
    if stack.readable:
        mistakes += _secrets(stack, reading)
        mistakes += _unknown_keys(stack, reading)
    if settings:
        mistakes += _password(stack, settings)
        mistakes += _custody_bucket(stack, settings, reading)
        mistakes += _files(stack, settings, root)
    if mistakes or settings is None:
        raise MistakesError(mistakes)
    return settings, reading.catalog


def _settings(stack: Stack, mistakes: list[Mistake]) -> Settings | None:
    values: dict[str, Any] = {}
    for key in _FIELDS:
        if key in stack.secrets:
            wrong = "is a secret, and settings are stored in plain text"
            mistakes.append(stack.mistake((key,), wrong, "write it without --secret"))
        text = stack.values.get(key)
        # Pulumi.yaml gives absent objects as {}: without it the engine would refuse them before we can.
        if text not in (None, "", "{}", "null"):
            values[key] = text if key in _TEXTS else _parsed(text)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        mistakes += [
            each
            for each in explain(error, Settings, stack.document, prefix=f"{NAMESPACE}:")
            # Already said: it isn't missing, it is secret.
            if not any(each.wrong == f"{NAMESPACE}:{key} is missing" for key in stack.secrets)
        ]
        return None


def _catalog(stack: Stack, root: Path, mistakes: list[Mistake]) -> Reading:
    directory = stack.values.get("catalog") or Settings.model_fields["catalog"].default
    # os.path: pathlib raises for a name that is too long.
    if not os.path.isdir(root / directory):  # noqa: PTH112
        wrong = f"names {one_line(directory)}, which is no directory"
        mistakes.append(stack.mistake(("catalog",), wrong, "make it, or write another"))
        return Reading()
    reading = examine_catalog(root / directory, directory)
    mistakes += reading.mistakes
    return reading


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _secrets(stack: Stack, reading: Reading) -> Iterator[Mistake]:
    """Every secret that the catalogue asks for must be there, and be one."""
    said = set()
    for reference in reading.references:
        key = reference.key
        cure = _set_secret(stack, key)
        if key in _FIELDS or key == PASSWORD:
            wrong = f"{key} is the program's own and no service's"
            yield reference.mistake(wrong, "write the key of another stack secret")
        elif key in stack.values and key not in said:
            yield stack.mistake((key,), "is no secret, and the catalogue takes it as one", cure)
        elif key not in stack.values and key not in stack.secrets:
            yield reference.mistake(f"stack {stack.name} has no secret {show((key,))}", cure)
        said.add(key)
    if PASSWORD in stack.values:
        cure = _set_secret(stack, PASSWORD)
        yield stack.mistake((PASSWORD,), "is no secret", cure)


def _set_secret(stack: Stack, key: str) -> str:
    return f"run: pulumi config set --stack {stack.name} --secret {one_line(key)}"


def _unknown_keys(stack: Stack, reading: Reading) -> Iterator[Mistake]:
    known = {*_FIELDS, PASSWORD, *(reference.key for reference in reading.references)}
    for key in sorted({*stack.values, *stack.secrets} - known):
        # A file that couldn't be read may well ask for it.
        if key in stack.secrets and not reading.complete:
            continue
        near = closest(key, known)
        cure = f"write {NAMESPACE}:{near[6:]}" if near.startswith("write ") else "delete it"
        yield stack.mistake((key,), "is no setting, and no catalogue file takes it", cure)


def _password(stack: Stack, settings: Settings) -> Iterator[Mistake]:
    given = PASSWORD in stack.secrets or PASSWORD in stack.values
    if settings.account.password_file and given:
        wrong = f"is given, and so is the secret {NAMESPACE}:{PASSWORD}"
        yield stack.mistake(("account", "passwordFile"), wrong, "delete one of them")
    if not settings.account.password_file and not given:
        cure = f"write passwordFile, or {_set_secret(stack, PASSWORD)}"
        yield stack.mistake(("account",), "has no password", cure)


def _custody_bucket(stack: Stack, settings: Settings, reading: Reading) -> Iterator[Mistake]:
    bucket = settings.cloud.custody_bucket(stack.name)
    if problem := bucket_problem(bucket):
        wrong = f"is absent, and {bucket} is no bucket name of S3's ({problem})"
        yield stack.mistake(("cloud", "bucket"), wrong, "write bucket: and a name")
    if bucket in reading.buckets:
        wrong = f"bucket {bucket} holds custody of this Vault's keys"
        yield reading.buckets[bucket](wrong, "write a bucket of the service's own")


def _files(stack: Stack, settings: Settings, root: Path) -> Iterator[Mistake]:
    """What is only read while resources are being made should fail before."""
    tls = settings.server.tls
    files: dict[MistakePath, str | None] = {
        ("server", "tls", "certificate"): tls.certificate,
        ("server", "tls", "key"): tls.key,
        ("server", "tls", "ca"): tls.ca,
        ("account", "passwordFile"): settings.account.password_file,
        ("access", "ca"): settings.access.ca,
        **{("access", "keys", i): key for i, key in enumerate(settings.access.keys)},
    }
    for path, file in files.items():
        if file is not None and not (root / file).is_file():
            yield stack.mistake(
                path, f"names {file}, which is no file", "make it, or write another"
            )
    directories: dict[MistakePath, str] = {
        ("server", "directory"): settings.server.directory,
        ("custody", "directory"): settings.custody.directory,
    }
    for path, directory in directories.items():
        place = root / directory
        if os.path.exists(place) and not os.path.isdir(place):  # noqa: PTH110, PTH112  likewise
            yield stack.mistake(path, f"names {directory}, which is no directory", "write another")
