"""Who may do what in Vault, from the catalogue alone: the acls that the program writes, evaluated as the server does.

Everybody is called `shop/orders` (a service), `team:shop`, `person:ada`, or `account:strongroom` (the program).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from acl.default import default_acl
from acl.evaluator import Decision, Evaluator
from acl.reader import read
from acl.stanza import Acl, Flavour
from acl.template import Identity
from catalog.acls import acl_texts
from catalog.model import KEY_VALUE, Catalog

CAPABILITIES = ("create", "read", "update", "patch", "delete", "list", "sudo")
_API = (
    "data",
    "metadata",
    "delete",
    "undelete",
    "destroy",
    "subkeys",
    "detailed-metadata",
    "config",
)
# Everybody who logs in is an entity. Nobody knows before what it is called: such a path is asked for as the acl has it.
_SOMEBODY = Identity(id="{{identity.entity.id}}", name="{{identity.entity.name}}")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server would say, and why."""

    allowed: bool
    path: str
    """The path of the API that the question comes to: `kv/data/shop/orders/mail`."""
    decision: Decision


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """One catalogue's, in one environment."""

    catalog: Catalog
    flavour: Flavour
    account: Mapping[str, str] = field(default_factory=dict)
    """Name of the limited account -> its acl's text."""
    key_value: str = KEY_VALUE

    @cached_property
    def bearers(self) -> Mapping[str, tuple[str, ...]]:
        """Everybody -> the names of the acls that he has, besides `default`."""
        people: dict[str, list[str]] = {}
        for team in self.catalog.teams:
            for person in team.members:
                people.setdefault(f"person:{person}", []).append(f"team-{team.name}")
        return {
            **{service.id: (service.role,) for service in self.catalog.services},
            **{f"team:{team.name}": (f"team-{team.name}",) for team in self.catalog.teams},
            **{person: tuple(names) for person, names in sorted(people.items())},
            **{f"account:{name}": (name,) for name in self.account},
        }

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Name of an acl -> its text, as the program writes it."""
        return {**acl_texts(self.catalog, self.key_value), **self.account}

    def evaluator(self, bearer: str) -> Evaluator:
        """Give the permissions of one.

        Raises:
            KeyError: if there is nobody of this name.

        """
        known = self._evaluators.get(bearer)
        if known is None:
            acls = [self._acl(name) for name in self.bearers[bearer]]
            known = Evaluator([*acls, self._default], flavour=self.flavour, identity=_SOMEBODY)
            self._evaluators[bearer] = known
        return known

    @cached_property
    def _evaluators(self) -> dict[str, Evaluator]:
        return {}

    @cached_property
    def _acls(self) -> dict[str, Acl]:
        return {}

    @cached_property
    def _default(self) -> Acl:
        return default_acl(self.flavour)

    def _acl(self, name: str) -> Acl:
        if name not in self._acls:
            self._acls[name] = read(self.texts[name], name=name, flavour=self.flavour)
        return self._acls[name]

    def answer(self, bearer: str, capability: str, path: str) -> Answer:
        """Say whether the bearer may, and by which rule. `path` is as people write it, or the API's."""
        asked = self.api_path(capability, path)
        decision = self.evaluator(bearer).decide(capability, asked)
        return Answer(allowed=decision.allowed, path=asked, decision=decision)

    def api_path(self, capability: str, path: str) -> str:
        """`kv/shop/orders/mail` is `kv/data/shop/orders/mail`, to be listed `kv/metadata/shop/orders/mail/`.

        Source: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
        """
        path = path.strip("/") + ("/" if path.endswith("/") or capability == "list" else "")
        mount, slash, below = path.partition("/")
        word = below.split("/", 1)[0]
        if mount != self.key_value or not slash or (word in _API and word not in self._namespaces):
            return path
        return f"{mount}/{'metadata' if capability == 'list' else 'data'}/{below}"

    @cached_property
    def _namespaces(self) -> frozenset[str]:
        return frozenset(service.namespace for service in self.catalog.services)

    def secrets(self) -> Iterator[str]:
        """Every secret that the program writes: `kv/shop/orders/mail`."""
        for service in self.catalog.services:
            for path in service.fields:
                yield f"{self.key_value}/{service.id}/{path}"
