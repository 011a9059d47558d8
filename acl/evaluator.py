"""What a token with these acls may do, decided as the server decides it, with the rule that does.

Source: AllowOperation and CheckAllowedFromNonExactPaths in acl.go of both servers.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from acl import template
from acl.parameters import refusal
from acl.protected import wants_sudo
from acl.rule import Rule, Source, united
from acl.stanza import Acl, Flavour, Stanza
from acl.syntax import AclError
from acl.template import Identity

_LISTING = frozenset({"list", "scan"})
_WITH_PARAMETERS = frozenset({"create", "read", "update", "patch"})


@dataclass(frozen=True, kw_only=True)
class Decision:
    """An answer and what decides it."""

    allowed: bool
    reason: str
    """One line: the rule, or that there is none."""
    sources: tuple[Source, ...] = ()
    mfa_methods: tuple[str, ...] = ()
    """Allowed only with one of these besides."""


class Evaluator:
    """One token's permissions."""

    def __init__(
        self,
        acls: Iterable[Acl],
        *,
        flavour: Flavour,
        identity: Identity | None = None,
        now: datetime | None = None,
    ) -> None:
        """Unite what `acls` say.

        Raises:
            AclError: if a template's value makes a path that the server refuses.

        """
        self._flavour = flavour
        exact: dict[str, Rule] = {}
        prefixes: dict[str, Rule] = {}
        segments: dict[str, Rule] = {}
        now = now or datetime.now(UTC)
        for acl in acls:
            for stanza in acl.stanzas:
                path = _filled(stanza, identity, flavour)
                if path is None or (stanza.expiration and now > stanza.expiration):
                    continue
                meant = stanza if path == stanza.path else replace(stanza, path=path)
                if meant.has_segments:
                    table, key = segments, path
                elif meant.is_prefix:
                    table, key = prefixes, path[:-1]
                else:
                    table, key = exact, path
                table[key] = united(table.get(key), Source(acl=acl.name, stanza=stanza), path)
        self._exact, self._prefixes = exact, prefixes
        # Longest first: the first that fits is the longest that does.
        self._lengths = sorted({len(prefix) for prefix in prefixes}, reverse=True)
        self._segments = sorted(
            (
                (_segments_rank(path), _segments_pattern(path), rule)
                for path, rule in segments.items()
            ),
            key=lambda each: each[0],
            reverse=True,
        )

    @property
    def rules(self) -> Iterable[Rule]:
        """Every rule, in no order."""
        return (
            *self._exact.values(),
            *self._prefixes.values(),
            *(rule for _, _, rule in self._segments),
        )

    def rule(self, path: str, *, listing: bool) -> Rule | None:
        """Give the one rule that decides about `path`; `listing`: about a list of what is below it."""
        if path[:1] == "/":
            path = path.lstrip("/")
        found = self._exact.get(path)
        if found is not None:
            return found
        if not listing or path[-1:] != "/":
            return self._inexact(path)
        without = path[:-1]
        found = self._exact.get(without)
        if found is not None:
            return found
        # The one difference between the two: which of both paths is looked for first.
        first, second = (path, without) if self._flavour == "openbao" else (without, path)
        return self._inexact(first) or self._inexact(second)

    def _inexact(self, path: str) -> Rule | None:
        longest = None
        prefixes = self._prefixes
        for length in self._lengths:
            longest = prefixes.get(path[:length])
            if longest is not None:
                break
        if not self._segments:
            return longest
        rank = None if longest is None else _prefix_rank(longest.path[:-1])
        for other, pattern, rule in self._segments:
            if rank is not None and other < rank:
                break
            if pattern.fullmatch(path):
                return rule
        return longest

    def capabilities(self, path: str) -> frozenset[str]:
        """Give what `sys/capabilities` answers: `deny` alone where nothing may be done."""
        rule = self.rule(path, listing=True)
        if rule is None or not rule.capabilities:
            return frozenset({"deny"})
        return rule.capabilities

    def allows(self, capability: str, path: str) -> bool:
        """Whether a request without parameters may be one of this kind. Quick; `decide` says why."""
        listing = capability in _LISTING
        if listing and path[-1:] != "/":
            path += "/"
        rule = self.rule(path, listing=listing)
        if rule is None or capability not in rule.capabilities:
            return False
        if "sudo" not in rule.capabilities and wants_sudo(path.lstrip("/"), self._flavour):
            return False
        return _restriction(rule, capability, {}, None) is None

    def decide(
        self,
        capability: str,
        path: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        wrap_seconds: float | None = None,
    ) -> Decision:
        """Whether a request may be made, and by which rule.

        A path that is listed ends in a slash, as the server sees to. `sudo` is no request but what some paths
        (`acl.protected`) want besides.
        """
        listing = capability in _LISTING
        if listing and not path.endswith("/"):
            path += "/"
        rule = self.rule(path, listing=listing)
        if rule is None:
            return Decision(allowed=False, reason=f"no rule is about {path}")
        if capability not in rule.capabilities:
            verb = "denies" if "deny" in rule.capabilities else f"doesn't grant {capability}:"
            return _decision(rule, rule.sources, verb, allowed=False)
        granting = tuple(each for each in rule.sources if capability in each.stanza.capabilities)
        why = _restriction(rule, capability, parameters or {}, wrap_seconds)
        if "sudo" not in rule.capabilities and wants_sudo(path.lstrip("/"), self._flavour):
            why = "the server wants sudo here besides"
        if why is not None:
            return _decision(rule, rule.sources, f"refuses, {why}:", allowed=False)
        return _decision(rule, granting, "grants", allowed=True)


def _decision(rule: Rule, sources: tuple[Source, ...], verb: str, *, allowed: bool) -> Decision:
    shown = "; ".join(map(str, sources))
    return Decision(
        allowed=allowed,
        reason=f"{verb} {shown}" if verb.endswith(":") else f"{shown} {verb} it",
        sources=sources,
        mfa_methods=rule.mfa_methods,
    )


def _filled(stanza: Stanza, identity: Identity | None, flavour: Flavour) -> str | None:
    if not stanza.is_templated:
        return stanza.path
    path = template.fill(stanza.path, identity, flavour)
    if path is not None and "+*" in path:
        raise AclError(stanza.line, f"path {stanza.path!r} becomes {path!r}, which is forbidden")
    return path


def _restriction(
    rule: Rule, capability: str, parameters: Mapping[str, Any], wrap_seconds: float | None
) -> str | None:
    """Say what besides the capability is wanting; None if nothing is."""
    if capability == "sudo":
        return None
    longest, shortest = rule.max_wrapping_seconds, rule.min_wrapping_seconds
    if longest and (wrap_seconds is None or wrap_seconds > longest):
        return f"the answer must be wrapped, for at most {longest:g} s"
    if shortest and (wrap_seconds is None or wrap_seconds < shortest):
        return f"the answer must be wrapped, for at least {shortest:g} s"
    if capability in _WITH_PARAMETERS:
        return refusal(
            parameters,
            required=rule.required_parameters,
            denied=rule.denied_parameters,
            allowed=rule.allowed_parameters,
        )
    if capability in _LISTING and rule.pagination_limit:
        return _pagination(rule, parameters.get("limit"))
    return None


def _pagination(rule: Rule, limit: object) -> str | None:
    most = rule.pagination_limit
    if limit is None:
        wanted = any(name.lower() == "limit" for name in rule.required_parameters)
        return "required parameter limit is missing" if wanted else None
    text = str(limit)
    if text == "max" or (re.fullmatch(r"[0-9]{1,18}", text) and int(text) <= most):
        return None
    return f"at most {most} are listed at once"


# First position of a wildcard, then not a prefix, then fewer wildcards, then longer, then later in the alphabet.
_Rank = tuple[int, bool, int, int, bytes]


def _prefix_rank(prefix: str) -> _Rank:
    encoded = prefix.encode()
    return len(encoded), False, 0, len(encoded), encoded


def _segments_rank(path: str) -> _Rank:
    encoded = path.encode()
    whole = encoded.removesuffix(b"*")
    return (
        encoded.index(b"+"),
        whole == encoded,
        -whole.split(b"/").count(b"+"),
        len(whole),
        whole,
    )


def _segments_pattern(path: str) -> re.Pattern[str]:
    whole = path.removesuffix("*")
    parts = ["[^/]*" if part == "+" else re.escape(part) for part in whole.split("/")]
    return re.compile("/".join(parts) + ("" if whole == path else ".*"), re.DOTALL)
