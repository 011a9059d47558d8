"""Vault as a stack will make it: who bears which acls, which secrets lie where, who reaches what.

Nothing is compared with everything: secrets are looked up by the beginning of a grant's path, and whoever bears the
same acls is asked about once. What a template (`{{identity.entity.id}}`) grants is everybody's own: nothing here.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from acl.evaluator import Evaluator
from acl.stanza import Acl, Flavour, Stanza
from acl.syntax import AclError
from policies.framework.properties import UnknownError
from policies.framework.resource import Resource, Stack
from policies.rules.vault import text
from policies.rules.vault.acls import ACCOUNTS, ACL
from policies.rules.vault.bearers import JWT, KINDS, KUBERNETES, acls_of, bearer
from policies.rules.vault.mounts import MOUNT, is_key_value
from policies.rules.vault.patterns import literal

SECRET = "vault:kv/secretV2:SecretV2"  # noqa: S105  a type
TYPES = (ACL, *ACCOUNTS, *KINDS, MOUNT, SECRET)
"""What it is drawn from. Every rule that asks for it names exactly these, so that it is drawn once."""

BUILT_IN = ("default", "root")
_SUBJECT = "system:serviceaccount:"
_FEW = 3


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """Somebody who logs in."""

    name: str
    """`kubernetes/svc-shop.orders`, `people/ada`."""
    acls: tuple[str, ...]
    resource: Resource
    service: str | None = None
    """`shop/orders`, where it is bound to that one ServiceAccount."""
    is_machine: bool = False


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret that the program writes."""

    path: str
    """The API's: `kv/data/shop/orders/mail`."""
    name: str
    """Below its mount: `shop/orders/mail`."""
    resource: Resource


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One stack's Vault."""

    flavour: Flavour | None
    acls: Mapping[str, Acl | AclError | None]
    """By name; None: its text is not known yet."""
    written: Mapping[str, list[Resource]]
    """Name of an acl -> the resources that write it."""
    bearers: tuple[Bearer, ...]
    secrets: tuple[Secret, ...]
    key_value: frozenset[str]
    """Paths of key-value mounts."""
    unknown: tuple[UnknownError, ...]
    """What it would need to be whole."""
    _evaluators: dict[tuple[str, ...], Evaluator] = field(default_factory=dict)
    _reached: dict[tuple[str, ...], frozenset[str]] = field(default_factory=dict)

    def borne(self, bearer: Bearer) -> tuple[Acl, ...]:
        """Give the acls that are there and can be read; what a server has by itself grants nothing of ours."""
        found = (self.acls.get(name) for name in bearer.acls)
        return tuple(each for each in found if isinstance(each, Acl))

    def is_whole(self, bearer: Bearer) -> bool:
        """Whether all that a bearer may do is known: otherwise nothing can be said of what he may not."""
        return all(name in BUILT_IN or isinstance(self.acls.get(name), Acl) for name in bearer.acls)

    def evaluator(self, bearer: Bearer) -> Evaluator:
        """Give what he may do."""
        if bearer.acls not in self._evaluators:
            self._evaluators[bearer.acls] = text.evaluator(self.borne(bearer), self.flavour)
        return self._evaluators[bearer.acls]

    def grants(self, bearer: Bearer) -> Iterator[tuple[Acl, Stanza]]:
        """Give each block of his acls that grants something."""
        for acl in self.borne(bearer):
            for each in text.grants(acl):
                yield acl, each

    def reads(self, bearer: Bearer) -> frozenset[str]:
        """Give the paths of all secrets that he can read, of those that the program writes."""
        if bearer.acls not in self._reached:
            evaluator = self.evaluator(bearer)
            found = {
                path
                for _, grant in self.grants(bearer)
                if "read" in grant.capabilities
                for path in self._below(literal(grant.path))
                if evaluator.allows("read", path)
            }
            self._reached[bearer.acls] = frozenset(found)
        return self._reached[bearer.acls]

    @cached_property
    def _paths(self) -> list[str]:
        return sorted({secret.path for secret in self.secrets})

    def _below(self, beginning: str) -> Iterator[str]:
        for index in range(bisect_left(self._paths, beginning), len(self._paths)):
            if not self._paths[index].startswith(beginning):
                return
            yield self._paths[index]


def few(names: Iterable[str]) -> str:
    """Name the first of them, in order, and say that there are more."""
    ordered = sorted(names)
    return ", ".join(ordered[:_FEW]) + (", ..." if len(ordered) > _FEW else "")


def picture(stack: Stack) -> Picture:
    """Draw it, or give it as another rule had it drawn; what isn't known yet is remembered by the rule that asks."""
    drawn = stack.once(_drawn)
    stack.unknown.extend(drawn.unknown)
    return drawn


def _drawn(stack: Stack) -> Picture:
    unknown: list[UnknownError] = []
    flavour = _flavour(stack.of(*ACCOUNTS), unknown)
    acls: dict[str, Acl | AclError | None] = {}
    written: dict[str, list[Resource]] = {}
    bearers: list[Bearer] = []
    secrets: list[Secret] = []
    mounts: set[str] = set()
    for each in stack.resources:
        try:
            if each.type == ACL:
                _add_acl(each, "policy", flavour, acls, written, unknown)
            elif each.type in ACCOUNTS:
                _add_acl(each, "acl", flavour, acls, written, unknown)
                name = str(each.at("name"))
                bearers.append(
                    Bearer(name=f"{each.at('mount')}/{name}", acls=(name,), resource=each)
                )
            elif each.type in KINDS:
                bearers.append(_bearer(each))
            elif each.type == SECRET:
                mount, name = str(each.at("mount")).strip("/"), str(each.at("name"))
                secrets.append(Secret(path=f"{mount}/data/{name}", name=name, resource=each))
            elif is_key_value(each):
                mounts.add(str(each.at("path")).strip("/"))
        except UnknownError as error:
            unknown.append(error)
    return Picture(
        flavour=flavour,
        acls=acls,
        written=written,
        bearers=tuple(bearers),
        secrets=tuple(secrets),
        key_value=frozenset(mounts),
        unknown=tuple(unknown),
    )


def _flavour(accounts: Iterable[Resource], unknown: list[UnknownError]) -> Flavour | None:
    for each in accounts:
        try:
            found = each.at("flavour")
        except UnknownError as error:
            unknown.append(error)
        else:
            return "openbao" if found == "openbao" else "vault"
    return None


def _add_acl(
    each: Resource,
    field_: str,
    flavour: Flavour | None,
    acls: dict[str, Acl | AclError | None],
    written: dict[str, list[Resource]],
    unknown: list[UnknownError],
) -> None:
    name = str(each.at("name", each.name))
    written.setdefault(name, []).append(each)
    acls[name] = None
    try:
        acls[name] = text.acl(name, str(each.at(field_, "")), flavour)
    except UnknownError as error:
        unknown.append(error)


def _bearer(each: Resource) -> Bearer:
    return Bearer(
        name=bearer(each),
        acls=tuple(acls_of(each)),
        resource=each,
        service=_service(each),
        is_machine=KINDS[each.type].is_machine,
    )


def _service(role: Resource) -> str | None:
    """Give the one ServiceAccount that it is bound to."""
    if role.type == JWT:
        subject = str(role.at("boundSubject", ""))
        if subject.startswith(_SUBJECT):
            return subject.removeprefix(_SUBJECT).replace(":", "/")
    if role.type == KUBERNETES:
        names = list(role.at("boundServiceAccountNames", ()))
        namespaces = list(role.at("boundServiceAccountNamespaces", ()))
        if len(names) == len(namespaces) == 1:
            return f"{namespaces[0]}/{names[0]}"
    return None
