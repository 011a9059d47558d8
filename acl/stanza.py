"""An acl as it was read: its `path` blocks, with everything that the server heeds in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Flavour = Literal["vault", "openbao"]
"""The servers differ in which keys and capabilities they know, and in a few ways of deciding."""

_COMMON = frozenset({"create", "read", "update", "delete", "list", "patch", "sudo", "deny"})
CAPABILITIES: Mapping[Flavour, frozenset[str]] = {
    "vault": _COMMON | {"subscribe"},
    "openbao": _COMMON | {"scan"},
}

Parameter = str | bool | int | float | tuple["Parameter", ...]
Parameters = Mapping[str, tuple[Parameter, ...]]
"""Parameter's name in lower case, or `*` -> its values; none: any value."""


@dataclass(frozen=True, kw_only=True)
class Stanza:
    """One `path` block."""

    path: str
    """As written, without a leading slash: with `+`, a final `*` and `{{...}}`."""
    line: int
    capabilities: frozenset[str] = frozenset()
    """`deny` is alone: it swallows the rest of its block."""
    allowed_parameters: Parameters = field(default_factory=dict, hash=False)
    denied_parameters: Parameters = field(default_factory=dict, hash=False)
    required_parameters: tuple[str, ...] = ()
    min_wrapping_seconds: float = 0
    max_wrapping_seconds: float = 0
    """0: no limit."""
    mfa_methods: tuple[str, ...] = ()
    pagination_limit: int = 0
    """openbao: how much one list may give; 0: everything."""
    expiration: datetime | None = None
    """openbao: from when on the block means nothing."""

    @property
    def has_segments(self) -> bool:
        """Whether a `+` begins a segment: then the whole path is matched segment by segment."""
        return self.path == "+" or self.path.startswith("+/") or "/+" in self.path

    @property
    def is_prefix(self) -> bool:
        """Whether everything below is meant, too."""
        return self.path.endswith("*")

    @property
    def is_templated(self) -> bool:
        """Whether it means another path for everybody."""
        return "{{" in self.path


@dataclass(frozen=True, kw_only=True)
class Acl:
    """One acl. Several blocks may be for one path: they are united as blocks of several acls are."""

    name: str
    stanzas: tuple[Stanza, ...] = ()
