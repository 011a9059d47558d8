"""`python -m ops can`, `matrix`, `diff`: who may do what, from catalogue and settings alone; no server, no engine."""

import bisect
import io
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from acl.account import Method, account_acl
from acl.evaluator import Evaluator
from acl.stanza import Flavour
from catalog.permissions import CAPABILITIES, Answer, Permissions
from catalog.reader import read
from mistakes import MistakesError
from mistakes.explain import closest
from mistakes.shapes import Label, MountName
from ops.part import part_of, wrong_part
from ops.stack import StackError, selected
from settings.clusters import OtherCluster, mount_of
from settings.login import Access, Account, People
from settings.shape import shape_with
from settings.stack import Stack, of_file


def permissions(
    root: Path, stack: str | None = None, config_file: Path | None = None
) -> Permissions:
    """Read what an environment grants.

    As with `ops workload`, only what is needed is read: other mistakes in the stack's file are `ops check`'s concern.

    Raises:
        MistakesError: with every mistake of the catalogue, or if the stack's file can't be read.
        StackError: if what is needed of the stack's file can't be understood.

    """
    said = of_file(root, stack or selected(root), config_file)
    if not said.readable:
        raise MistakesError(said.mistakes)
    directory = said.values.get("catalog", "catalog")
    server = part_of(said, "server")
    # Where servers are pods, the flavour may be left out.
    flavour: Flavour = _of(said, "server", Flavour, server.get("flavour", "vault"))
    name, account_mount = (
        _of(
            said,
            "account",
            kind,
            part_of(said, "account").get(key, Account.model_fields[key].default),
        )
        for key, kind in (("name", Label), ("mount", MountName))
    )
    access, people = part_of(said, "access"), part_of(said, "people")
    catalog = read(root / directory, directory)
    clusters = {
        name: _of(said, "clusters", OtherCluster, cluster)
        for name, cluster in part_of(said, "clusters").items()
    }
    methods: dict[str, Method] = {
        _mount(said, "access", access, Access): access.get("method", "kubernetes"),
        _mount(said, "people", people, People): "userpass",
        **{mount_of(name, cluster): cluster.access.method for name, cluster in clusters.items()},
    }
    shape = shape_with(methods, catalog)
    return Permissions(
        catalog=catalog,
        flavour=flavour,
        account={name: account_acl(shape, name=name, mount=account_mount)},
    )


def _mount(said: Stack, part: str, value: dict[str, Any], model: type[Access | People]) -> str:
    mount: str = _of(said, part, MountName, value.get("mount", model.model_fields["mount"].default))
    return mount


def _of(said: Stack, part: str, kind: Any, value: object) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError:
        raise wrong_part(said, part) from None


def can(found: Permissions, who: str, capability: str, path: str) -> Answer:
    """Answer one question.

    Raises:
        StackError: if there is nobody of this name, or no such capability.

    """
    if capability not in CAPABILITIES:
        raise StackError(f"there is no {capability}; write one of {', '.join(CAPABILITIES)}")
    return found.answer(bearer(found, who), capability, path)


def bearer(found: Permissions, who: str) -> str:
    """Give the full name of somebody; `ada` is enough where nobody else is called so.

    Raises:
        StackError: if there is nobody of this name, or several are.

    """
    if who in found.bearers:
        return who
    named = [each for each in found.bearers if each.partition(":")[2] == who]
    if len(named) == 1:
        return named[0]
    if named:
        raise StackError(f"{who} may be several; write {' or '.join(named)}")
    cure = closest(who, found.bearers).removeprefix("delete it, or ")
    raise StackError(f"nobody is called {who}; {cure}")


@dataclass(frozen=True, kw_only=True, order=True)
class Grant:
    """One line of the matrix: what one may do at one path."""

    who: str
    path: str
    """A secret as people write it; outside the secrets' mount a path of the API, `+` and `*` as in the acl."""
    capabilities: tuple[str, ...]
    rule: str
    """The blocks that decide, by acl and line."""


def grants(found: Permissions, secrets: tuple[str, ...] | None = None) -> Iterator[Grant]:
    """Give every line; what `default` gives to everybody is left out. `secrets`: these instead of the catalogue's."""
    paths = tuple(found.secrets()) if secrets is None else secrets
    asked = sorted((found.api_path("read", path), path) for path in paths)
    order = {word: index for index, word in enumerate(CAPABILITIES)}
    for who in found.bearers:
        evaluator = found.evaluator(who)
        for api, path in _within_reach(evaluator, asked):
            rule = evaluator.rule(api, listing=False)
            if rule is not None and rule.capabilities and "deny" not in rule.capabilities:
                words = tuple(sorted(rule.capabilities, key=lambda word: order.get(word, 99)))
                yield Grant(who=who, path=path, capabilities=words, rule=_blocks(rule.sources))
        for rule in evaluator.rules:
            of_secrets = rule.path.startswith(f"{found.key_value}/data/")
            sources = tuple(each for each in rule.sources if each.acl != "default")
            if sources and not of_secrets and rule.capabilities:
                words = tuple(sorted(rule.capabilities, key=lambda word: order.get(word, 99)))
                yield Grant(who=who, path=rule.path, capabilities=words, rule=_blocks(sources))


def _within_reach(
    evaluator: Evaluator, asked: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Leave out what no rule can be about: nearly everything, for nearly everybody. `asked` is sorted."""
    reached: set[int] = set()
    for rule in evaluator.rules:
        literal = re.split(r"[+*]", rule.path, maxsplit=1)[0]
        first = bisect.bisect_left(asked, (literal, ""))
        last = bisect.bisect_left(asked, (f"{literal}\U0010ffff", ""))
        reached.update(range(first, last))
    return (asked[index] for index in sorted(reached))


def _blocks(sources: tuple[Any, ...]) -> str:
    return ", ".join(f"{each.acl}:{each.stanza.line}" for each in sources)


@dataclass(frozen=True, kw_only=True, order=True)
class Change:
    """One permission that is granted, or taken away."""

    who: str
    path: str
    capability: str
    granted: bool
    rule: str
    """Which grants it now, or did before."""

    def __str__(self) -> str:
        sign = "+" if self.granted else "-"
        return f"{sign} {self.who} {self.capability} {self.path} ({self.rule})"


def changes(before: Permissions, after: Permissions) -> list[Change]:
    """Compare two, at every secret that either has."""
    secrets = tuple(dict.fromkeys((*before.secrets(), *after.secrets())))

    def table(found: Permissions) -> dict[tuple[str, str, str], str]:
        return {
            (each.who, each.path, word): each.rule
            for each in grants(found, secrets)
            for word in each.capabilities
        }

    old, new = table(before), table(after)
    return sorted(
        Change(who=who, path=path, capability=word, granted=key in new, rule=(new | old)[key])
        for key in old.keys() ^ new.keys()
        for who, path, word in [key]
    )


def of_reference(root: Path, reference: str, stack: str | None) -> Permissions:
    """Read what an environment granted at a git reference, by this program's rules.

    Raises:
        MistakesError: with the mistakes of that catalogue.
        StackError: if git doesn't know the reference, or the stack had no file.

    """
    name = stack or selected(root)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        file = f"Pulumi.{name}.yaml"
        _extract(root, reference, file, place)
        directory = of_file(place, name).values.get("catalog", "catalog")
        _extract(root, reference, directory, place)
        return permissions(place, name)


def _extract(root: Path, reference: str, path: str, place: Path) -> None:
    # Never an option: git would take a reference that begins with a hyphen for one.
    command = ["git", "archive", "--format=tar", "--end-of-options", reference, f"./{path}"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise StackError(
            f"{path} can't be read at {reference}: {said[-1] if said else 'git failed'}"
        )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(place, filter="data")
