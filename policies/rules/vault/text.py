"""Acls as the server reads them, each text once however many rules ask."""

from functools import lru_cache

from acl.evaluator import Evaluator
from acl.reader import read
from acl.stanza import Acl, Flavour, Stanza
from acl.syntax import AclError

# More than a stack's acls, so that rules over the whole stack read none again.
_KEPT = 65536
# What one server knows and the other refuses.
_OWN = ("subscribe", "control_group", "scan", "pagination_limit", "expiration")


def acl(name: str, text: str, flavour: Flavour | None = None) -> Acl | AclError:
    """Read it, as `flavour` does, or as whichever server can; give the error where none can."""
    if flavour is not None and any(word in text for word in _OWN):
        return _read(name, text, flavour)
    return _of_either(name, text)


@lru_cache(_KEPT)
def _of_either(name: str, text: str) -> Acl | AclError:
    first = _read(name, text, "vault")
    second = _read(name, text, "openbao") if isinstance(first, AclError) else first
    return first if isinstance(second, AclError) else second


def _read(name: str, text: str, flavour: Flavour) -> Acl | AclError:
    try:
        return read(text, name=name, flavour=flavour)
    except AclError as error:
        return error


def grants(found: Acl | AclError) -> list[Stanza]:
    """Give the blocks that let something be done; none of an acl that can't be read, which is a rule of its own."""
    if isinstance(found, AclError):
        return []
    return [each for each in found.stanzas if each.capabilities - {"deny"}]


def denials(found: Acl | AclError) -> list[Stanza]:
    """Give the blocks that deny."""
    if isinstance(found, AclError):
        return []
    return [each for each in found.stanzas if "deny" in each.capabilities]


@lru_cache(_KEPT)
def evaluator(acls: tuple[Acl, ...], flavour: Flavour | None = None) -> Evaluator:
    """Give what a token with these acls may do. What is templated is nobody's here."""
    return Evaluator(acls, flavour=flavour or "vault")
