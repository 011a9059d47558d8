"""What all acls of one token say of one path, united as the server unites them.

Source: NewACL in acl.go of both servers.
"""

from dataclasses import dataclass, field

from acl.stanza import Parameters, Stanza


@dataclass(frozen=True, kw_only=True)
class Source:
    """One block of one acl."""

    acl: str
    stanza: Stanza

    def __str__(self) -> str:
        words = ", ".join(sorted(self.stanza.capabilities)) or "nothing"
        return f'{self.acl}:{self.stanza.line} path "{self.stanza.path}" [{words}]'


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Everything that all acls of a token say of one path, united."""

    path: str
    """As it stands in the acls, templates filled in."""
    sources: tuple[Source, ...]
    capabilities: frozenset[str]
    allowed_parameters: Parameters = field(default_factory=dict)
    denied_parameters: Parameters = field(default_factory=dict)
    required_parameters: tuple[str, ...] = ()
    min_wrapping_seconds: float = 0
    max_wrapping_seconds: float = 0
    mfa_methods: tuple[str, ...] = ()
    pagination_limit: int = 0


def united(rule: Rule | None, source: Source, path: str) -> Rule:
    """Add what one more block says of the same path. The order makes no difference but to who is named."""
    new = source.stanza
    if rule is None:
        return Rule(
            path=path,
            sources=(source,),
            capabilities=new.capabilities,
            allowed_parameters=new.allowed_parameters,
            denied_parameters=new.denied_parameters,
            required_parameters=new.required_parameters,
            min_wrapping_seconds=new.min_wrapping_seconds,
            max_wrapping_seconds=new.max_wrapping_seconds,
            mfa_methods=new.mfa_methods,
            pagination_limit=new.pagination_limit,
        )
    if "deny" in rule.capabilities:
        return rule
    if "deny" in new.capabilities:
        return Rule(path=path, sources=(source,), capabilities=new.capabilities)
    return Rule(
        path=path,
        sources=(*rule.sources, source),
        capabilities=rule.capabilities | new.capabilities,
        allowed_parameters=_both(rule.allowed_parameters, new.allowed_parameters),
        denied_parameters=_both(rule.denied_parameters, new.denied_parameters),
        required_parameters=(*rule.required_parameters, *new.required_parameters),
        min_wrapping_seconds=_least(rule.min_wrapping_seconds, new.min_wrapping_seconds),
        max_wrapping_seconds=_least(rule.max_wrapping_seconds, new.max_wrapping_seconds),
        mfa_methods=tuple(dict.fromkeys((*rule.mfa_methods, *new.mfa_methods))),
        pagination_limit=int(_least(rule.pagination_limit, new.pagination_limit)),
    )


def _both(one: Parameters, other: Parameters) -> Parameters:
    both = dict(one)
    for name, values in other.items():
        # No values are every value.
        anything = not values or (name in one and not one[name])
        both[name] = () if anything else (*values, *one.get(name, ()))
    return both


def _least(one: float, other: float) -> float:
    return min(one, other) if one and other else one or other
