"""Identity templates in an acl's paths: `secret/{{identity.entity.id}}/*` means another path for everybody.

Source: sdk/helper/identitytpl/templating.go of both servers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from acl.stanza import Flavour

_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_BLOCKED: Mapping[Flavour, tuple[str, ...]] = {"openbao": ("/", "*", "+"), "vault": ()}


@dataclass(frozen=True, kw_only=True)
class Alias:
    """How one login method knows somebody."""

    accessor: str
    """The accessor of the login method's mount: `auth_kubernetes_1a2b3c4d`."""
    id: str = ""
    name: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """kubernetes: service_account_name, service_account_namespace, ..."""
    custom_metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group that somebody is in."""

    id: str
    name: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who asks, as Vault knows him: one entity."""

    id: str
    name: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[Alias, ...] = ()
    groups: tuple[Group, ...] = ()


def is_balanced(path: str) -> bool:
    """Whether the server takes the path: every `{{` is closed, none stands in another."""
    before, *pieces = path.split("{{")
    return "}}" not in before and all(piece.count("}}") == 1 for piece in pieces)


def depends_on_time(path: str) -> bool:
    """Whether the path means another one every second."""
    return any(found[1].strip().startswith("time.") for found in _TEMPLATE.finditer(path))


def fill(path: str, identity: Identity | None, flavour: Flavour) -> str | None:
    """Give the path that a templated one means for `identity`.

    None where a template has no value for him: then the whole block means nothing. OpenBao lets no value add a
    segment or a wildcard.
    """
    filled, position = "", 0
    for found in _TEMPLATE.finditer(path):
        value = _value(found[1].strip(), identity)
        if value is None or any(blocked in value for blocked in _BLOCKED[flavour]):
            return None
        filled += path[position : found.start()] + value
        position = found.end()
    return filled + path[position:]


def _value(selector: str, identity: Identity | None) -> str | None:
    if identity is None:
        return None
    if selector.startswith("identity.entity."):
        return _of_entity(selector.removeprefix("identity.entity."), identity)
    if selector.startswith("identity.groups."):
        return _of_groups(selector.removeprefix("identity.groups."), identity)
    return None


def _of_entity(selector: str, identity: Identity) -> str | None:
    if not selector.startswith("aliases."):
        return _of(identity, selector)
    accessor, _, selector = selector.removeprefix("aliases.").partition(".")
    alias = next((each for each in identity.aliases if each.accessor == accessor), None)
    return None if alias is None else _of(alias, selector)


def _of_groups(selector: str, identity: Identity) -> str | None:
    kind, _, rest = selector.partition(".")
    key, _, selector = rest.partition(".")
    if kind not in ("ids", "names"):
        return None
    attribute = kind.removesuffix("s")
    group = next((each for each in identity.groups if getattr(each, attribute) == key), None)
    return None if group is None else _of(group, selector)


def _of(thing: Identity | Alias | Group, selector: str) -> str | None:
    if selector in ("id", "name"):
        # An empty one is none to the server.
        return getattr(thing, selector) or None
    kind, dot, key = selector.partition(".")
    if not dot or kind not in ("metadata", "custom_metadata"):
        return None
    table: Mapping[str, str] = getattr(thing, kind, {})
    return table.get(key)
