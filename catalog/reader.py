"""Reads the catalogue's directory whole and says everything that is wrong with it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from catalog.adopted import AdoptedFile
from catalog.links import Entry, link_mistakes
from catalog.model import (
    Adopted,
    AdoptedMethod,
    AdoptedMount,
    Catalog,
    CloudGrant,
    Expectation,
    SecretFile,
    Service,
    Team,
    WorkloadChoice,
)
from catalog.schema import SecretFileEntry, ServiceFile, TeamFile, WorkloadEntry
from mistakes import Mistake, MistakesError
from mistakes.document import Document, one_line
from mistakes.document import read as read_document
from mistakes.explain import closest, explain
from mistakes.shapes import CONFIG_KEY

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A place that takes a stack secret."""

    key: str
    mistake: Callable[[str, str], Mistake]
    """Makes a mistake of what is wrong and what to write, at that place."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A place that says what must or must not be possible."""

    bearer: str
    """As catalog.permissions calls everybody."""
    expectation: Expectation
    mistake: Callable[[str, str], Mistake]
    """Makes a mistake of what is wrong and what to do, at that place."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was found. `catalog` holds only what is right by itself while there are mistakes."""

    catalog: Catalog = field(default_factory=Catalog)
    mistakes: tuple[Mistake, ...] = ()
    references: tuple[Reference, ...] = ()
    """Every secret that is asked for, also by files with mistakes."""
    expected: tuple[Expected, ...] = ()
    """Every `expect:` of services and teams that are right by themselves."""
    buckets: Mapping[str, Callable[[str, str], Mistake]] = field(default_factory=dict)
    """Bucket -> makes a mistake where a service names it."""
    clusters: tuple[tuple[str, Callable[[str, str], Mistake]], ...] = ()
    """Cluster -> makes a mistake where a service says that it lives there."""


def read(directory: Path, shown: str | None = None) -> Catalog:
    """Read a catalogue.

    Raises:
        MistakesError: with every mistake of every file.

    """
    reading = examine(directory, shown or directory.name)
    if reading.mistakes:
        raise MistakesError(reading.mistakes)
    return reading.catalog


def examine(directory: Path, shown: str) -> Reading:
    """Read a catalogue that messages call `shown`. Never raises."""
    mistakes: list[Mistake] = []
    documents: list[Document] = []
    paths = _files(directory, shown, mistakes)
    complete = not mistakes
    for path in paths:
        document = read_document(path, f"{shown}/{one_line(path.name)}")
        mistakes += document.mistakes
        documents.append(document)
    entries = [_entry(document, mistakes) for document in documents if document.readable]
    # A file that can't be read may declare what another one names.
    complete = complete and all(document.readable for document in documents)
    mistakes += link_mistakes(entries, complete=complete)
    services = {each.id: each for entry in entries if (each := entry.service)}
    teams = {entry.team.name: entry.team for entry in entries if entry.team}
    adopted = [entry.adopted for entry in entries if entry.adopted]
    catalog = Catalog(
        services=tuple(services[id_] for id_ in sorted(services)),
        teams=tuple(teams[name] for name in sorted(teams)),
        adopted=Adopted(
            mounts={path: each for one in adopted for path, each in one.mounts.items()},
            methods={path: each for one in adopted for path, each in one.methods.items()},
            acls={name: text for one in adopted for name, text in one.acls.items()},
        ),
    )
    return Reading(
        catalog=catalog,
        mistakes=tuple(mistakes),
        expected=tuple(each for entry in entries for each in _expected(entry)),
        references=tuple(ref for entry in entries for ref in _references(entry.document)),
        buckets={
            grant.bucket: _at(entry.document, ("cloud", name, "bucket"))
            for entry in entries
            if entry.service
            for name, grant in entry.service.cloud.items()
        },
        clusters=tuple(
            (cluster, _at(entry.document, ("clusters", index)))
            for entry in entries
            if entry.service
            for index, cluster in enumerate(entry.service.clusters)
        ),
    )


def seconds(duration: str) -> int:
    """Give the seconds of `30d`, `12h`, `90m` or `45s`."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def _files(directory: Path, shown: str, mistakes: list[Mistake]) -> list[Path]:
    def refuse(file: str, wrong: str, cure: str) -> None:
        mistakes.append(Mistake(file=file, wrong=wrong, cure=cure))

    if not directory.is_dir():
        refuse(shown, "the catalogue is no directory", "make it")
        return []
    try:
        found = sorted(directory.rglob("*.y*ml"))
    except OSError as error:
        refuse(shown, f"the catalogue can't be read ({error.strerror})", "check its mode")
        return []
    files = []
    for path in found:
        if path.parent != directory:
            refuse(
                f"{shown}/{one_line(str(path.relative_to(directory)))}",
                "is in a directory of its own",
                f"move it to {shown}/",
            )
        elif path.suffix != ".yaml":
            refuse(
                f"{shown}/{one_line(path.name)}",
                "isn't called .yaml",
                f"rename it to {one_line(path.stem)}.yaml",
            )
        else:
            files.append(path)
    if not files:
        refuse(shown, "the catalogue is empty", f"write {shown}/<namespace>-<service>.yaml")
    return files


def _entry(document: Document, mistakes: list[Mistake]) -> Entry:
    value = document.value
    if not isinstance(value, dict) or not value:
        wrong = "is no object" if value else "is empty"
        mistakes.append(document.mistake((), wrong, "begin it with `service:` or `team:`"))
        return Entry(document=document)
    if "service" in value and "team" in value:
        last = max(("service", "team"), key=lambda key: document.lines[(key,)])
        wrong = "describes a service and a team"
        mistakes.append(document.mistake((last,), wrong, "write two files"))
        return Entry(document=document)
    if "service" in value:
        service = _validated(ServiceFile, document, mistakes)
        return Entry(document=document, service=_service(service) if service else None)
    if "team" in value:
        team = _validated(TeamFile, document, mistakes)
        return Entry(document=document, team=_team(team) if team else None)
    if "adopted" in value:
        adopted = _validated(AdoptedFile, document, mistakes)
        return Entry(document=document, adopted=_adopted(adopted) if adopted else None)
    first = next(iter(value))
    cure = closest(first, ["service", "team"])
    if cure.startswith("delete"):
        cure = "begin it with `service:` or `team:`"
    mistakes.append(document.mistake((first,), "describes neither a service nor a team", cure))
    return Entry(document=document)


_File = TypeVar("_File", ServiceFile, TeamFile, AdoptedFile)


def _validated(model: type[_File], document: Document, mistakes: list[Mistake]) -> _File | None:
    """Give the file, without the parts that are wrong by themselves: those left can be checked further."""
    value = document.value
    assert isinstance(value, dict)  # noqa: S101  _entry has looked
    try:
        return model.model_validate(value)
    except ValidationError as error:
        mistakes += explain(error, model, document)
        wrong = {each["loc"][0] for each in error.errors(include_url=False)}
    try:
        return model.model_validate({key: part for key, part in value.items() if key not in wrong})
    except ValidationError:
        return None


def _service(file: ServiceFile) -> Service:
    return Service(
        namespace=file.namespace,
        name=file.service,
        secrets={
            path: {name: reference.config for name, reference in fields.items()}
            for path, fields in file.secrets.items()
        },
        cloud={
            name: CloudGrant(
                bucket=grant.bucket, access=grant.access, rotate_seconds=seconds(grant.rotate)
            )
            for name, grant in file.cloud.items()
        },
        shares=file.shares,
        workload=_workload(file.workload, f"{file.namespace}/{file.service}"),
        clusters=file.clusters,
    )


def _workload(entry: WorkloadEntry | None, service: str) -> WorkloadChoice | None:
    if entry is None:
        return None
    return WorkloadChoice(
        delivery=entry.as_,
        mode=entry.mode or "sidecar",
        refresh_seconds=seconds(entry.refresh or "5m"),
        files={name: _secret_file(file, service) for name, file in entry.files.items()},
    )


def _secret_file(entry: SecretFileEntry, service: str) -> SecretFile:
    return SecretFile(
        owner=entry.of or service,
        secret=entry.secret,
        format="field" if entry.field else entry.format or "json",
        field=entry.field or "",
    )


def _team(file: TeamFile) -> Team:
    return Team(
        name=file.team,
        administrator=file.administrator,
        members={person: member.password.config for person, member in file.members.items()},
        services=file.services,
    )


def _adopted(file: AdoptedFile) -> Adopted:
    return Adopted(
        mounts={
            path: AdoptedMount(options=each.options, description=each.description)
            for path, each in file.mounts.items()
        },
        methods={
            path: AdoptedMethod(
                kind=each.kind,
                description=each.description,
                roles={
                    name: role.model_dump(exclude_none=True) for name, role in each.roles.items()
                },
            )
            for path, each in file.methods.items()
        },
        acls=file.acls,
    )


def _at(document: Document, path: tuple[str | int, ...]) -> Callable[[str, str], Mistake]:
    return lambda wrong, cure: document.mistake(path, wrong, cure)


def _expected(entry: Entry) -> Iterator[Expected]:
    """Every line below `expect:` that has its form."""
    if entry.service:
        bearer = entry.service.id
    elif entry.team:
        bearer = f"team:{entry.team.name}"
    else:
        return
    value = entry.document.value
    said = value.get("expect") if isinstance(value, dict) else None
    for key in ("can", "cannot"):
        lines = said.get(key) if isinstance(said, dict) else None
        for index, each in enumerate(lines if isinstance(lines, list) else ()):
            if not isinstance(each, str):
                continue
            capability, _, path = each.partition(" ")
            expectation = Expectation(allowed=key == "can", capability=capability, path=path)
            yield Expected(
                bearer=bearer,
                expectation=expectation,
                mistake=_at(entry.document, ("expect", key, index)),
            )


def _references(document: Document) -> Iterator[Reference]:
    """Every `{config: key}` in a file, whether or not the rest of it is right."""

    def walk(value: object, path: tuple[str | int, ...]) -> Iterator[Reference]:
        if not isinstance(value, dict):
            return
        key = value.get("config")
        if isinstance(key, str) and re.fullmatch(CONFIG_KEY, key):
            yield Reference(key=key, mistake=_at(document, (*path, "config")))
        for name, inner in value.items():
            yield from walk(inner, (*path, name))

    yield from walk(document.value, ())
