"""Reads an acl's text as the server does. What it would refuse, or can't be read surely, is an error by line.

Source: ParseACLPolicy in openbao/vault/policy/policy.go and hashicorp/vault/policy.go.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from acl import template
from acl.stanza import CAPABILITIES, Acl, Flavour, Parameter, Parameters, Stanza
from acl.syntax import AclError, Item, Object, Value, is_json, parse

_READ_LIST = ("read", "list")
_WRITE = ("create", "read", "update", "delete", "list")
_LEGACY: Mapping[str, tuple[str, ...]] = {
    "deny": ("deny",),
    "read": _READ_LIST,
    "write": _WRITE,
    "sudo": (*_WRITE, "sudo"),
}
_KEYS = frozenset(
    {
        "comment", "policy", "capabilities", "allowed_parameters", "denied_parameters",
        "required_parameters", "min_wrapping_ttl", "max_wrapping_ttl", "mfa_methods",
    }
)  # fmt: skip
_OWN_KEYS: Mapping[Flavour, frozenset[str]] = {
    "vault": frozenset({"subscribe_event_types"}),
    "openbao": frozenset({"pagination_limit", "expiration"}),
}
_NOT_UNDERSTOOD: Mapping[Flavour, frozenset[str]] = {
    # Enterprise: others must consent, which no acl says.
    "vault": frozenset({"control_group"}),
    # What is listed then depends on a Go template.
    "openbao": frozenset({"list_scan_response_keys_filter_path"}),
}


def read(text: str, *, name: str, flavour: Flavour) -> Acl:
    """Read the acl that is called `name`.

    Raises:
        AclError: with the line of what can't be read.

    """
    top = parse(text)
    stanzas = []
    for item in top.items:
        if item.keys[0] == "path":
            paths = _json_paths(item) if is_json(text) else [_hcl_path(item)]
            stanzas += [_Block(at, flavour, json=is_json(text)).stanza() for at in paths]
        elif item.keys != ("name",) or not isinstance(item.value, str):
            raise AclError(item.line, f"{item.keys[0]!r} isn't known here; write path blocks")
    return Acl(name=name, stanzas=tuple(stanzas))


def _hcl_path(item: Item) -> Item:
    if len(item.keys) != len(("path", "label")):
        raise AclError(item.line, 'a path block begins with path "..." {')
    return Item(keys=item.keys[1:], value=item.value, line=item.line)


def _json_paths(item: Item) -> Iterator[Item]:
    """`{"path": {"a": {...}}}`, or a list of such objects."""
    for each in item.value if isinstance(item.value, list) else [item.value]:
        if not isinstance(each, Object) or not each.items:
            raise AclError(item.line, "path holds objects, by path")
        for inner in each.items:
            block = inner.value
            if not isinstance(block, Object):
                raise AclError(inner.line, f"path {inner.keys[0]!r} is no object")
            if block.items and all(isinstance(part.value, Object) for part in block.items):
                # The server would take the inner names for more of the path's keys.
                raise AclError(inner.line, f"path {inner.keys[0]!r} has no capabilities")
            yield inner


class _Block:
    """One path block."""

    def __init__(self, item: Item, flavour: Flavour, *, json: bool) -> None:
        assert isinstance(item.value, Object)  # noqa: S101  the grammar, or _json_paths, has looked
        self._path, self._line, self._flavour, self._json = item.keys[0], item.line, flavour, json
        self._parts: dict[str, Item] = {}
        for part in item.value.items:
            [key] = part.keys if len(part.keys) == 1 else [" ".join(part.keys)]
            if key in _NOT_UNDERSTOOD[flavour]:
                raise AclError(part.line, f"{key} isn't understood")
            if key not in _KEYS | _OWN_KEYS[flavour]:
                raise AclError(part.line, f"{key!r} isn't known in a path block")
            if key in self._parts:
                # Vault refuses it, OpenBao unites some and takes the last of others.
                raise AclError(part.line, f"{key} stands twice")
            self._parts[key] = part

    def stanza(self) -> Stanza:
        """Give it whole."""
        path = self._path.removeprefix("/")
        if "+*" in path:
            raise AclError(self._line, f"path {path!r} has +*, which is forbidden")
        if not template.is_balanced(path):
            raise AclError(self._line, f"path {path!r} has unbalanced braces")
        if template.depends_on_time(path):
            raise AclError(self._line, f"path {path!r} depends on the time, which isn't understood")
        capabilities = self._capabilities()
        shortest, longest = self._seconds("min_wrapping_ttl"), self._seconds("max_wrapping_ttl")
        if 0 < longest < shortest:
            raise AclError(self._line, "max_wrapping_ttl is less than min_wrapping_ttl")
        parts = {
            "allowed_parameters": self._parameters("allowed_parameters"),
            "denied_parameters": self._parameters("denied_parameters"),
            "required_parameters": self._texts("required_parameters"),
            "min_wrapping_seconds": shortest,
            "max_wrapping_seconds": longest,
            "mfa_methods": self._texts("mfa_methods"),
            "pagination_limit": self._limit(),
        }
        self._texts("subscribe_event_types")
        return Stanza(
            path=path,
            line=self._line,
            capabilities=capabilities,
            expiration=self._expiration(),
            # A denied path keeps nothing else.
            **({} if "deny" in capabilities else parts),  # type: ignore[arg-type]
        )

    def _capabilities(self) -> frozenset[str]:
        words = self._texts("capabilities")
        legacy = self._parts.get("policy")
        # An empty one means nothing to the server.
        if legacy is not None and legacy.value != "":
            if not isinstance(legacy.value, str) or legacy.value not in _LEGACY:
                raise AclError(legacy.line, f"policy is none of {', '.join(sorted(_LEGACY))}")
            words = ("deny",) if legacy.value == "deny" else (*words, *_LEGACY[legacy.value])
        for word in words:
            if word == "deny":
                # What stands after it isn't looked at.
                return frozenset({"deny"})
            if word not in CAPABILITIES[self._flavour]:
                line = self._parts["capabilities"].line
                raise AclError(line, f"capability {word!r} isn't known")
        return frozenset(words)

    def _texts(self, key: str) -> tuple[str, ...]:
        part = self._parts.get(key)
        if part is None:
            return ()
        if not isinstance(part.value, list):
            raise AclError(part.line, f"{key} is no list of texts")
        texts = tuple(each for each in part.value if isinstance(each, str))
        if len(texts) != len(part.value):
            raise AclError(part.line, f"{key} is no list of texts")
        return texts

    def _parameters(self, key: str) -> Parameters:
        part = self._parts.get(key)
        if part is None:
            return {}
        if not isinstance(part.value, Object):
            raise AclError(part.line, f"{key} is no object of lists")
        found: dict[str, tuple[Parameter, ...]] = {}
        for each in part.value.items:
            if len(each.keys) != 1 or not isinstance(each.value, list):
                raise AclError(each.line, f"{key} is no object of lists")
            # The server compares without regard to case.
            name = each.keys[0].lower()
            if name in found:
                raise AclError(each.line, f"{key} has {name!r} twice")
            found[name] = tuple(self._parameter(value, each.line) for value in each.value)
        return found

    def _parameter(self, value: Value, line: int) -> Parameter:
        if isinstance(value, Object):
            raise AclError(line, "a parameter's value is an object, which isn't understood")
        if self._json and isinstance(value, bool | list):
            # In a JSON list the server drops true and false in silence, and takes inner lists apart.
            raise AclError(line, "a list in JSON holds a boolean or a list; write it as HCL")
        if isinstance(value, list):
            return tuple(self._parameter(each, line) for each in value)
        return value

    def _seconds(self, key: str) -> float:
        part = self._parts.get(key)
        if part is None:
            return 0
        found = _seconds(part.value)
        if found is None:
            raise AclError(part.line, f"{key} is no duration, such as 90s")
        return found

    def _limit(self) -> int:
        part = self._parts.get("pagination_limit")
        if part is None:
            return 0
        if isinstance(part.value, bool) or not isinstance(part.value, int) or part.value < 0:
            raise AclError(part.line, "pagination_limit is no number")
        return part.value

    def _expiration(self) -> datetime | None:
        part = self._parts.get("expiration")
        if part is None or part.value == "":
            return None
        text = part.value if isinstance(part.value, str) else ""
        if re.fullmatch(r"[0-9]{1,11}", text):
            return datetime.fromtimestamp(int(text), UTC)
        if re.fullmatch(_RFC3339, text):
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                pass
        raise AclError(part.line, "expiration is no time, such as 2030-01-31T12:00:00Z")


_RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def _seconds(value: Value) -> float | None:
    """Read a duration as the server does: a number of seconds, `90s`, `1h30m`, `2d`; no negative one."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if not isinstance(value, str):
        return None
    if re.fullmatch(r"[0-9]{1,9}d?", value):
        return int(value.removesuffix("d")) * (86400 if value.endswith("d") else 1)
    if value and not re.fullmatch(r"([0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m|h))+", value):
        return None
    parts = re.findall(r"([0-9.]+)(ms|s|m|h)", value)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
