"""What every token may do besides: the acl `default` as a server makes it. Who changed it there must know it better.

Source: defaultPolicy in policy_store.go of both servers; a test holds it against a real one.
"""

from acl.document import Capability, Rule, rule
from acl.stanza import Acl, Flavour, Stanza

_ENTITY = "identity/entity"


def default_acl(flavour: Flavour) -> Acl:
    """Give it, with no lines: nobody's file says it."""
    update: tuple[Capability, ...] = ("update",)
    rules: list[Rule] = [
        rule("auth/token/lookup-self", "read"),
        rule(f"{_ENTITY}/id/{{{{identity.entity.id}}}}", "read"),
        rule(f"{_ENTITY}/name/{{{{identity.entity.name}}}}", "read"),
        rule("sys/internal/ui/resultant-acl", "read"),
        rule("cubbyhole/*", "create", "read", "update", "delete", "list"),
        rule("identity/oidc/provider/+/authorize", "read", "update"),
        *(
            rule(path, *update)
            for path in (
                "auth/token/renew-self", "auth/token/revoke-self", "sys/capabilities-self",
                "sys/leases/renew", "sys/leases/lookup", "sys/wrapping/wrap", "sys/wrapping/lookup",
                "sys/wrapping/unwrap", "sys/tools/hash", "sys/tools/hash/*",
            )
        ),
    ]  # fmt: skip
    if flavour == "vault":
        rules += [rule("sys/renew", *update), rule("sys/control-group/request", *update)]
    return Acl(
        name="default",
        stanzas=tuple(
            Stanza(path=each.path, line=1, capabilities=frozenset(each.capabilities))
            for each in rules
        ),
    )
