"""An acl as a value, and the text that Vault reads.

Source: https://developer.hashicorp.com/vault/docs/concepts/policies
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Capability = Literal["create", "read", "update", "delete", "list", "sudo", "deny"]

# The order in which people are used to reading them.
_ORDER: tuple[Capability, ...] = ("create", "read", "update", "delete", "list", "sudo", "deny")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What may be done at one path; `+` and a final `*` as Vault understands them."""

    path: str
    capabilities: frozenset[Capability]

    def __post_init__(self) -> None:
        if not self.path or self.path.startswith("/"):
            raise ValueError(f"path must be relative and not empty: {self.path!r}")
        if not self.capabilities:
            raise ValueError(f"capabilities must not be empty: {self.path}")


def rule(path: str, *capabilities: Capability) -> Rule:
    """Write `rule("kv/data/shop/*", "read")`."""
    return Rule(path=path, capabilities=frozenset(capabilities))


def render(rules: Iterable[Rule]) -> str:
    """Give the acl's HCL: sorted by path, one rule a path, so that equal acls are equal texts.

    Rules for one path are united; a `deny` among them swallows the rest, as it does in Vault.
    """
    united: dict[str, frozenset[Capability]] = {}
    for each in rules:
        united[each.path] = united.get(each.path, frozenset()) | each.capabilities
    return "\n".join(_block(path, capabilities) for path, capabilities in sorted(united.items()))


def _block(path: str, capabilities: frozenset[Capability]) -> str:
    kept: Iterable[Capability] = ("deny",) if "deny" in capabilities else capabilities
    listed = ", ".join(f'"{word}"' for word in _ORDER if word in kept)
    # json.dumps quotes as HCL does.
    return f"path {json.dumps(path)} {{\n  capabilities = [{listed}]\n}}\n"
