"""What is wrong between catalogue files, and between parts of one: names declared twice, names that lead nowhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.model import Adopted, SecretFile, Service, Team
from mistakes import Mistake
from mistakes.document import Document, Path, show
from mistakes.explain import closest


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file; neither service nor team where not even its name is right. Wrong parts are left out."""

    document: Document
    service: Service | None = None
    team: Team | None = None
    adopted: Adopted | None = None


def link_mistakes(entries: Sequence[Entry], *, complete: bool) -> list[Mistake]:
    """Check every reference between files.

    Without `complete` (some file couldn't be read) no name is called unknown.
    """
    known = {id_ for entry in entries if (id_ := _declared(entry))}
    mistakes = [*_twice(entries), *_buckets(entries), *_members(entries), *_adopted(entries)]
    # Only whole ones say what they have: a part that is wrong by itself was left out.
    whole = {each.service.id: each.service for each in entries if each.service and _whole(each)}
    for entry in entries:
        if entry.service:
            mistakes += _homes(entry.document, entry.service)
            mistakes += _paths(entry.document, entry.service, known)
            mistakes += _shares(entry.document, entry.service, known if complete else None)
            mistakes += _files(entry, entry.service, whole, known if complete else None)
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


def _adopted(entries: Sequence[Entry]) -> Iterator[Mistake]:
    first: dict[tuple[str, str], Document] = {}
    for entry in entries:
        for part in ("mounts", "methods", "acls"):
            for name in getattr(entry.adopted, part, ()):
                before = first.setdefault((part, name), entry.document)
                if before is not entry.document:
                    wrong = f"{show((part, name))} is in {before.file} already"
                    yield entry.document.mistake((part, name), wrong, "keep one of them")


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


def _homes(document: Document, service: Service) -> Iterator[Mistake]:
    for index, cluster in enumerate(service.clusters):
        if cluster in service.clusters[:index]:
            at = ("clusters", index)
            yield document.mistake(at, f"{show(at)} stands twice", "delete it")


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
    own = service.fields.keys()
    whole = _whole(Entry(document=document, service=service))
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


def _files(
    entry: Entry, service: Service, whole: Mapping[str, Service], known: set[str] | None
) -> Iterator[Mistake]:
    document, workload = entry.document, service.workload
    left_out = workload is None and bool(_names(document, "workload"))
    if service.id not in whole or left_out:
        return
    if workload is None or not workload.files:
        yield from _one_name(document, service)
    if workload and not service.files(workload):
        wrong = f"workload has nothing to give: {service.id} has no secrets"
        yield document.mistake(("workload",), wrong, "write secrets or files, or delete it")
    for name, file in workload.files.items() if workload else ():
        at: Path = ("workload", "files", name)
        owner = whole.get(file.owner)
        if owner is not None:
            yield from _file(document, at, file, reader=service, owner=owner)
        elif known is not None and file.owner not in known:
            wrong = f"{show((*at, 'of'))} is {file.owner}, and no file declares it"
            yield document.mistake((*at, "of"), wrong, closest(file.owner, known))


def _file(
    document: Document, at: Path, file: SecretFile, *, reader: Service, owner: Service
) -> Iterator[Mistake]:
    if file.secret not in owner.fields:
        at = (*at, "secret")
        wrong = f"{show(at)} is no path of {owner.id}"
        yield document.mistake(at, wrong, closest(file.secret, owner.fields))
        return
    if reader.id != owner.id and reader.id not in owner.shares.get(file.secret, ()):
        wrong = f"{show(at)} is {owner.id}'s, which does not share it with {reader.id}"
        cure = f"write {{{file.secret}: [{reader.id}]}} into its shares"
        yield document.mistake((*at, "of"), wrong, cure)
    if file.format == "field" and file.field not in owner.fields[file.secret]:
        at = (*at, "field")
        wrong = f"{show(at)} is no field of {owner.id}'s {file.secret}"
        yield document.mistake(at, wrong, closest(file.field, owner.fields[file.secret]))


def _one_name(document: Document, service: Service) -> Iterator[Mistake]:
    # Also without `workload`: `ops workload` gives the files to whoever asks.
    for delivery in ("injector", "csi"):
        taken: dict[str, SecretFile] = {}
        for name, file in service.default_files(delivery):
            before = taken.setdefault(name, file)
            if before is not file:
                grant = file.secret.removeprefix("cloud/")
                at = ("secrets", grant) if grant == file.secret else ("cloud", grant)
                wrong = f"{show(at)} would be file {name} in a pod, as {before.secret} is"
                yield document.mistake(at, wrong, "rename it, or write workload.files")
                return


def _whole(entry: Entry) -> bool:
    """Whether no secret, and no share, was left out for being wrong: otherwise none is called unknown."""
    service = entry.service
    return service is not None and (
        _names(entry.document, "secrets") <= set(service.secrets)
        and _names(entry.document, "cloud") <= set(service.cloud)
        and _names(entry.document, "shares") <= set(service.shares)
    )


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
