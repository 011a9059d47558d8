"""Reads settings and catalogue, checks both whole, and says every mistake of all files at once."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from catalog.expectations import broken_expectations
from catalog.model import HOME, KEY_VALUE, Adopted, Catalog
from catalog.reader import Reading
from catalog.reader import examine as examine_catalog
from components.cloud.alicloud import names as alicloud_names
from components.cloud.aws import names as aws_names
from mistakes import Mistake, MistakesError
from mistakes.document import Path as MistakePath
from mistakes.document import one_line, show
from mistakes.explain import closest, explain
from settings.alicloud import Alicloud
from settings.base import Model
from settings.cloud import Aws, Cloud, Custody
from settings.clusters import OtherCluster
from settings.database import PASSWORD as DATABASE_PASSWORD
from settings.external import External
from settings.helm import Helm, OwnTls
from settings.login import Access, Account, People
from settings.model import Settings
from settings.seal import TransitSeal
from settings.server import Processes, Server
from settings.stack import NAMESPACE, Stack, of_program

if TYPE_CHECKING:
    import pulumi

PASSWORD = "accountPassword"  # noqa: S105  the key's name
SEAL_TOKEN = "sealToken"  # noqa: S105  the key's name
_OURS = (PASSWORD, DATABASE_PASSWORD, SEAL_TOKEN)
_FIELDS = frozenset(field.alias or name for name, field in Settings.model_fields.items())
_TEXTS = ("catalog",)


def load() -> tuple[Settings, Catalog]:
    """Read the running program's configuration and catalogue.

    Raises:
        SystemExit: after the engine was given one line for each mistake; nothing has been declared.

    """
    import pulumi  # noqa: PLC0415  as in settings.stack

    try:
        root = Path.cwd()
        settings, catalog = examine(of_program(root), root)
        _refuse_without_tunnel(settings)
    except (MistakesError, NoTunnelError) as error:
        pulumi.log.error(str(error))
        # pulumi.RunError would be followed by "an unhandled error occurred: Program exited with 1".
        raise SystemExit(_SHOWN) from None
    return settings, catalog


TUNNEL = "STRONGROOM_TUNNEL"
"""The variable that says that the tunnel is open: where it begins, `127.0.0.1:<port>`."""


class NoTunnelError(Exception):
    """Nothing leads to the servers from here; one line with the command that changes it."""


def lacks_tunnel(settings: Settings) -> bool:
    """Whether Vault is reached by the tunnel, and this process was not started within it."""
    server = settings.server
    if not isinstance(server, Helm) or server.address is not None:
        return False
    return os.environ.get(TUNNEL) != f"127.0.0.1:{server.local_port}"


def _refuse_without_tunnel(settings: Settings) -> None:
    # The provider would find nobody only once everything before it had been made.
    if lacks_tunnel(settings):
        raise NoTunnelError(
            "Vault's pods are not reachable from here; run this as `python -m ops tunnel -- pulumi up` (or preview,"
            " refresh, destroy), or set strongroom:server.address"
        )


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
    values = _values(stack)
    settings = _settings(stack, values, mistakes) if stack.readable else None
    reading = _catalog(stack, root, mistakes)
    if stack.readable:
        references = list(_secrets(stack, reading))
        mistakes += references
        mistakes += _unknown_keys(stack, reading, sure=not (reading.mistakes or references))
        # Part by part, so that a mistake in one hides none in another.
        if account := _part(Account, values.get("account")):
            mistakes += _password(stack, account)
        if server := _server(values.get("server")):
            mistakes += _database_password(stack, server)
        if cloud := _cloud(values.get("cloud")):
            mistakes += _names(stack, cloud, reading, external=_is_external(values))
        mistakes += _no_cloud(stack, values, reading)
        mistakes += _homes(values.get("clusters"), reading)
        mistakes += _adopted(stack, values, reading)
        mistakes += _seal_token(stack, values)
        mistakes += _files(stack, values, root)
    if settings and not reading.mistakes:
        flavour = settings.server.flavour
        mistakes += broken_expectations(reading.catalog, reading.expected, flavour)
    if mistakes or settings is None:
        raise MistakesError(mistakes)
    return settings, reading.catalog


def _values(stack: Stack) -> dict[str, Any]:
    texts = {key: stack.values[key] for key in _FIELDS if key in stack.values}
    return {
        key: text if key in _TEXTS else _parsed(text)
        for key, text in texts.items()
        # Pulumi.yaml gives absent objects as {}: without it the engine would refuse them before we can.
        if text not in ("", "{}", "null")
    }


_Part = TypeVar("_Part", bound=Model)


def _part(model: type[_Part], value: object) -> _Part | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


def _cloud(value: object) -> Aws | Alicloud | None:
    adapter: TypeAdapter[Aws | Alicloud] = TypeAdapter(Cloud)
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


def _server(value: object) -> Processes | Helm | External | None:
    adapter: TypeAdapter[Processes | Helm | External] = TypeAdapter(Server)
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None


def _settings(stack: Stack, values: Mapping[str, Any], mistakes: list[Mistake]) -> Settings | None:
    for key in sorted(stack.secrets & _FIELDS):
        wrong = "is a secret, and settings are stored in plain text"
        mistakes.append(stack.mistake((key,), wrong, "write it without --secret"))
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
        missing = stack.mistake(("catalog",), wrong, "make it, or write another")
        mistakes.append(missing)
        return Reading(mistakes=(missing,))
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
        if key in _FIELDS or key in _OURS:
            wrong = f"{key} is the program's own and no service's"
            yield reference.mistake(wrong, "write the key of another stack secret")
        elif key in stack.values and key not in said:
            yield stack.mistake((key,), "is no secret, and the catalogue takes it as one", cure)
        elif key not in stack.values and key not in stack.secrets:
            yield reference.mistake(f"stack {stack.name} has no secret {show((key,))}", cure)
        said.add(key)
    for key in _OURS:
        if key in stack.values:
            yield stack.mistake((key,), "is no secret", _set_secret(stack, key))


def _set_secret(stack: Stack, key: str) -> str:
    return f"run: pulumi config set --stack {stack.name} --secret {one_line(key)}"


def _unknown_keys(stack: Stack, reading: Reading, *, sure: bool) -> Iterator[Mistake]:
    """Keys that nobody reads. Unless `sure`, what is wrong elsewhere may be where a secret should be taken."""
    taken = {reference.key for reference in reading.references}
    present = {*stack.values, *stack.secrets}
    known = {*_FIELDS, *_OURS, *taken}
    for key in sorted(present - known):
        cure = closest(key, known, others=False)
        near = cure.removeprefix("write ")
        if near in known:
            cure = f"write {NAMESPACE}:{near}"
        if key in stack.secrets and near not in known - present:
            if not sure:
                continue
            cure = f"run: pulumi config rm --stack {stack.name} {one_line(key)}"
        elif near in present:
            # In an embedded environment most are there without anybody having written them.
            cure += ", or delete it"
        yield stack.mistake((key,), "is no setting, and no catalogue file takes it", cure)


def _password(stack: Stack, account: Account) -> Iterator[Mistake]:
    given = PASSWORD in stack.secrets or PASSWORD in stack.values
    if account.password_file and given:
        wrong = f"is given, and so is the secret {NAMESPACE}:{PASSWORD}"
        yield stack.mistake(("account", "passwordFile"), wrong, "delete one of them")
    if not account.password_file and not given:
        cure = f"write passwordFile, or {_set_secret(stack, PASSWORD)}"
        yield stack.mistake(("account",), "has no password", cure)


def _database_password(stack: Stack, server: Processes | Helm | External) -> Iterator[Mistake]:
    given = DATABASE_PASSWORD in stack.secrets or DATABASE_PASSWORD in stack.values
    database = None if isinstance(server, External) else server.database
    if database is not None and not given:
        cure = _set_secret(stack, DATABASE_PASSWORD)
        yield stack.mistake(("server", "database"), "has no password", cure)
    if database is None and given:
        wrong = "is the password of a database, and there is no server.database"
        cure = f"run: pulumi config rm --stack {stack.name} {DATABASE_PASSWORD}"
        yield stack.mistake((DATABASE_PASSWORD,), wrong, cure)


def _homes(clusters: object, reading: Reading) -> Iterator[Mistake]:
    """A service lives in clusters that there are; of those, wrong ones count."""
    if clusters is not None and not isinstance(clusters, dict):
        return
    known = {HOME, *(clusters or ())}
    for cluster, mistake in reading.clusters:
        if cluster not in known:
            wrong = f"cluster {cluster} is not one of {NAMESPACE}:clusters"
            yield mistake(wrong, closest(cluster, known))


def _transit_seals(values: Mapping[str, Any]) -> dict[str, TransitSeal]:
    found = {key: _part(TransitSeal, values.get(key)) for key in ("seal", "formerSeal")}
    return {key: seal for key, seal in found.items() if seal is not None}


def _seal_token(stack: Stack, values: Mapping[str, Any]) -> Iterator[Mistake]:
    given = SEAL_TOKEN in stack.secrets or SEAL_TOKEN in stack.values
    for key, seal in _transit_seals(values).items():
        if seal.token_file and given:
            wrong = f"is given, and so is the secret {NAMESPACE}:{SEAL_TOKEN}"
            yield stack.mistake((key, "tokenFile"), wrong, "delete one of them")
        if not seal.token_file and not given:
            cure = f"write tokenFile, or {_set_secret(stack, SEAL_TOKEN)}"
            yield stack.mistake((key,), "has no token", cure)
    if given and not {"seal", "formerSeal"} & values.keys():
        cure = f"run: pulumi config rm --stack {stack.name} {SEAL_TOKEN}"
        yield stack.mistake((SEAL_TOKEN,), "means nothing without seal.kind transit", cure)


_STACK = re.compile(r"[a-z0-9]([a-z0-9-]{0,29}[a-z0-9])?")


def _is_external(values: Mapping[str, Any]) -> bool:
    server = values.get("server")
    return isinstance(server, Mapping) and server.get("kind") == "external"


def _no_cloud(stack: Stack, values: Mapping[str, Any], reading: Reading) -> Iterator[Mistake]:
    """Seal and custody need a cloud; where they are somebody else's, only buckets do."""
    if "cloud" in values or "cloud" in stack.secrets:
        return
    if not _is_external(values):
        cure = f"write {NAMESPACE}:cloud: `key: value` lines below it"
        yield stack.mistake(("cloud",), "is missing", cure)
        return
    for bucket, mistake in reading.buckets.items():
        cure = f"write {NAMESPACE}:cloud, or delete the entry"
        yield mistake(f"bucket {bucket} needs a cloud, and stack {stack.name} names none", cure)


def _adopted(stack: Stack, values: Mapping[str, Any], reading: Reading) -> Iterator[Mistake]:
    """What was there before, against what the program makes itself."""
    adopted = reading.catalog.adopted
    file = f"{values.get('catalog', 'catalog')}/"
    if adopted != Adopted() and not _is_external(values):
        wrong = "something is adopted, and this stack's Vault is the program's own from the start"
        yield Mistake(file=file, wrong=wrong, cure="delete the files that begin with `adopted:`")
    own = adopted.mounts.get(KEY_VALUE)
    if own is not None and own.options.get("version") != "2":
        wrong = (
            f"mount {KEY_VALUE} is adopted as KV version 1, and services' secrets need version 2"
        )
        cure = f"upgrade it: vault kv enable-versioning {KEY_VALUE}"
        yield Mistake(file=file, wrong=wrong, cure=cure)
    for part, model in _MOUNTED.items():
        said = _part(model, values.get(part, {}))
        if said is not None and said.mount in adopted.methods:
            wrong = f"is {said.mount}, which is adopted and would be configured anew"
            yield stack.mistake((part, "mount"), wrong, f"write another, {said.mount}-2 say")
    if (account := _part(Account, values.get("account"))) and account.name in adopted.acls:
        wrong = f"acl {account.name} is adopted, and is the account's own"
        yield Mistake(file=file, wrong=wrong, cure="delete it there, or write another account.name")


_MOUNTED: Mapping[str, type[Account | Access | People]] = {
    "account": Account, "access": Access, "people": People,
}  # fmt: skip


def _names(
    stack: Stack, cloud: Aws | Alicloud, reading: Reading, *, external: bool
) -> Iterator[Mistake]:
    """Names in the cloud are made of the stack's."""
    names = aws_names if isinstance(cloud, Aws) else alicloud_names
    if not _STACK.fullmatch(stack.name):
        wrong = "the stack's name is part of names in the cloud"
        cure = "name it with at most 31 lower-case letters, digits and hyphens"
        yield Mistake(file=stack.document.file, wrong=wrong, cure=cure)
    if external:
        return
    custody = cloud.bucket or names.custody_bucket(cloud.account_id, stack.name)
    for bucket, mistake in reading.buckets.items():
        if names.application_bucket(cloud.account_id, stack.name, bucket) == custody:
            wrong = f"bucket {bucket} is called {custody}, which holds custody of this Vault's keys"
            yield mistake(wrong, "write another name")


def _files(stack: Stack, values: Mapping[str, Any], root: Path) -> Iterator[Mistake]:
    """Files that are only read while resources are being made must be missed before."""
    files: dict[MistakePath, str | None] = {}
    directories: dict[MistakePath, str] = {}
    if server := _server(values.get("server")):
        files |= _server_files(server)
        if isinstance(server, Processes):
            directories["server", "directory"] = server.directory
    if account := _part(Account, values.get("account")):
        files["account", "passwordFile"] = account.password_file
    if access := _part(Access, values.get("access")):
        files["access", "ca"] = access.ca
        files |= {("access", "keys", index): key for index, key in enumerate(access.keys)}
    files |= _clusters_files(values.get("clusters"))
    for key, seal in _transit_seals(values).items():
        files |= {(key, "ca"): seal.ca, (key, "tokenFile"): seal.token_file}
    if custody := _part(Custody, values.get("custody", {})):
        directories["custody", "directory"] = custody.directory
    yield from _missing(stack, root, files, directories)


def _missing(
    stack: Stack,
    root: Path,
    files: Mapping[MistakePath, str | None],
    directories: Mapping[MistakePath, str],
) -> Iterator[Mistake]:
    # os.path: pathlib raises for a name that is too long.
    for path, file in files.items():
        if file is not None and not os.path.isfile(root / file):  # noqa: PTH113
            wrong = f"names {one_line(file)}, which is no file"
            yield stack.mistake(path, wrong, "make it, or write another")
    for path, directory in directories.items():
        place = root / directory
        if os.path.exists(place) and not os.path.isdir(place):  # noqa: PTH110, PTH112
            wrong = f"names {one_line(directory)}, which is no directory"
            yield stack.mistake(path, wrong, "write another")


def _clusters_files(clusters: object) -> dict[MistakePath, str | None]:
    files: dict[MistakePath, str | None] = {}
    for name, value in clusters.items() if isinstance(clusters, dict) else ():
        if cluster := _part(OtherCluster, value):
            files |= _cluster_files(name, cluster)
    return files


def _cluster_files(name: str, cluster: OtherCluster) -> dict[MistakePath, str | None]:
    at = ("clusters", name)
    files: dict[MistakePath, str | None] = {
        (*at, "ca"): cluster.ca,
        (*at, "access", "ca"): cluster.access.ca,
        **{(*at, "access", "keys", i): key for i, key in enumerate(cluster.access.keys)},
    }
    if cluster.chart is not None and cluster.chart.directory is not None:
        files[*at, "chart", "directory"] = f"{cluster.chart.directory}/Chart.yaml"
    return files


def _server_files(server: Processes | Helm | External) -> dict[MistakePath, str | None]:
    if isinstance(server, External):
        return {("server", "ca"): server.ca}
    tls = server.tls
    database: dict[MistakePath, str | None] = {
        ("server", "database", "ca"): None if server.database is None else server.database.ca
    }
    if isinstance(server, Processes):
        return database | {
            ("server", "tls", name): getattr(tls, name) for name in ("certificate", "key", "ca")
        }
    chart = server.chart.directory
    return database | {
        ("server", "tls", "ca"): None if isinstance(tls, OwnTls) else tls.ca,
        ("server", "chart", "directory"): chart and f"{chart}/Chart.yaml",
    }
