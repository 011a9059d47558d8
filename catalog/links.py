"""What is wrong between catalogue files, and between parts of one: names declared twice, names that lead nowhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.model import Service, Team
from mistakes import Mistake
from mistakes.document import Document, Path, show
from mistakes.explain import closest


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file; neither service nor team where not even its name is right. Wrong parts are left out."""

    document: Document
    service: Service | None = None
    team: Team | None = None


def link_mistakes(entries: Sequence[Entry], *, complete: bool) -> list[Mistake]:
    """Check every reference between files.

    Without `complete` (some file couldn't be read) no name is called unknown.
    """
    known = {id_ for entry in entries if (id_ := _declared(entry))}
    mistakes = [*_twice(entries), *_buckets(entries), *_members(entries)]
    for entry in entries:
        if entry.service:
            mistakes += _paths(entry.document, entry.service, known)
            mistakes += _shares(entry.document, entry.service, known if complete else None)
        if entry.team:
            mistakes += _team(entry.document, entry.team, known if complete else None)
    return mistakes


def _declared(entry: Entry) -> str | None:
    # Also of a file with mistakes: who refers to it is right.
    value = entry.document.value
    if not isinstance(value, dict):
        return None
    return f"{value.get('namespace')}/{value.get('service')}" if "service" in value else None


def _twice(entries: Sequence[Entry]) -> Iterator[Mistake]:
    first: dict[str, Document] = {}
    for entry in entries:
        if entry.service:
            name, path = f"service {entry.service.id}", ("service",)
        elif entry.team:
            name, path = f"team {entry.team.name}", ("team",)
        else:
            continue
        before = first.setdefault(name, entry.document)
        if before is not entry.document:
            wrong = f"{name} is declared in {before.file}:{before.line(path)} already"
            yield entry.document.mistake(path, wrong, "keep one of them")


def _buckets(entries: Sequence[Entry]) -> Iterator[Mistake]:
    # Whoever names another's bucket would read it without the owner's word: that is what shares is for.
    owners: dict[str, tuple[str, str]] = {}
    for entry in entries:
        if not entry.service:
            continue
        id_ = entry.service.id
        for name, grant in entry.service.cloud.items():
            owner, at = owners.setdefault(grant.bucket, (id_, name))
            if owner != id_:
                wrong = f"bucket {grant.bucket} is {owner}'s already"
                cure = f"let {owner} share cloud/{at}, or write another bucket"
                yield entry.document.mistake(("cloud", name, "bucket"), wrong, cure)


def _members(entries: Sequence[Entry]) -> Iterator[Mistake]:
    passwords: dict[str, tuple[str, str]] = {}
    for entry in entries:
        if not entry.team:
            continue
        for person, key in entry.team.members.items():
            before, team = passwords.setdefault(person, (key, entry.team.name))
            if before != key:
                wrong = f"{person} has another password here than in team {team}"
                yield entry.document.mistake(
                    ("members", person, "password", "config"), wrong, f"write {before}"
                )


def _paths(document: Document, service: Service, known: set[str]) -> Iterator[Mistake]:
    for path in service.secrets:
        at = ("secrets", path)
        parts = path.split("/")
        if parts[0] == "cloud":
            wrong = f"{show(at)} is reserved: access keys are written to cloud/"
            yield document.mistake(at, wrong, "write another name")
        elif "/".join(parts[:2]) in known:
            inner = "/".join(parts[2:]) or "mail"
            wrong = f"{show(at)} names a service, and paths are below {service.id}/ already"
            yield document.mistake(at, wrong, f"write {inner}, say")


def _shares(document: Document, service: Service, known: set[str] | None) -> Iterator[Mistake]:
    own = {*service.secrets, *(f"cloud/{name}" for name in service.cloud)}
    # A part that is wrong by itself was left out: then no path is called unknown.
    whole = _names(document, "secrets") | _names(document, "cloud") <= {
        *service.secrets,
        *service.cloud,
    }
    for path, readers in service.shares.items():
        at: Path = ("shares", path)
        if whole and path not in own:
            wrong = f"{show(at)} is no path of {service.id}"
            yield document.mistake(at, wrong, closest(path, own))
        for index, reader in enumerate(readers):
            at = ("shares", path, index)
            if reader == service.id:
                wrong = f"{show(at)} is {service.id} itself, which reads all its paths"
                yield document.mistake(at, wrong, "delete it")
            elif reader in readers[:index]:
                yield document.mistake(at, f"{show(at)} stands twice", "delete it")
            elif known is not None and reader not in known:
                wrong = f"{show(at)} is {reader}, and no file declares it"
                yield document.mistake(at, wrong, closest(reader, known))


def _names(document: Document, part: str) -> set[str]:
    value = document.value.get(part) if isinstance(document.value, dict) else None
    return set(value) if isinstance(value, dict) else set()


def _team(document: Document, team: Team, known: set[str] | None) -> Iterator[Mistake]:
    if team.administrator and team.services:
        wrong = "services mean nothing: administrators reach every service"
        yield document.mistake(("services",), wrong, "delete them")
    for service in team.services:
        if known is not None and service not in known:
            at = ("services", service)
            wrong = f"{show(at)} is declared by no file"
            yield document.mistake(at, wrong, closest(service, known))
