"""The rule that whoever can make himself administrator is listed by name."""

from collections.abc import Sequence
from typing import Annotated

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.resource import Stack
from policies.framework.rule import Findings, stack_rule
from policies.rules.stack.picture import TYPES, picture
from policies.rules.vault.acls import root_like
from policies.rules.vault.patterns import meeting

_WRITE = frozenset({"create", "update", "patch"})

# Whoever writes one of these gives himself, or a login of his own, whatever he likes. What ends or copies Vault is
# acl_keeps_off_break_glass, and tokens without a parent acl_mints_no_orphan.
# Source: https://developer.hashicorp.com/vault/api-docs
_WAYS = {
    "sys/policies/acl/*": _WRITE,
    "sys/policy/*": _WRITE,
    "sys/auth/*": _WRITE,
    "auth/+/role/*": _WRITE,
    "auth/+/users/*": _WRITE,
    "auth/+/groups/*": _WRITE,
    "auth/+/map/*": _WRITE,
    "auth/+/certs/*": _WRITE,
    "auth/+/config": _WRITE,
    "auth/token/create": frozenset({"sudo"}),
    "identity/entity/*": _WRITE,
    "identity/entity": _WRITE,
    "identity/group/*": _WRITE,
    "identity/group": _WRITE,
    "identity/entity-alias/*": _WRITE,
    "identity/entity-alias": _WRITE,
    "identity/group-alias/*": _WRITE,
    "identity/group-alias": _WRITE,
}


@stack_rule(
    *TYPES,
    reason="whoever writes acls, logins or identities can grant himself anything, whatever else he is denied",
    cure="grant less, or list the name in the rule's `administrators` after somebody has agreed",
    severity=Severity.CRITICAL,
)
def administrators_are_listed(
    stack: Stack,
    *,
    administrators: Annotated[
        Sequence[str],
        Field(
            description="Who may be able to: <login mount>/<name>, such as strongroom/strongroom."
        ),
    ] = ("strongroom/strongroom",),
) -> Findings:
    """Who can make himself administrator is listed by name, and nobody else can."""
    drawn = picture(stack)
    for each in drawn.bearers:
        if each.name in administrators:
            continue
        evaluator = drawn.evaluator(each)
        for acl, grant in drawn.grants(each):
            for area, capabilities in () if root_like(grant) else _WAYS.items():
                path = meeting(grant.path, area) if grant.capabilities & capabilities else None
                rule = None if path is None else evaluator.rule(path, listing=False)
                # A longer rule may deny it.
                if rule is not None and rule.capabilities & capabilities:
                    yield each.resource.finding(
                        f"{each.name} can write {grant.path} ({acl.name}:{grant.line}) and so make itself administrator"
                    )
                    break
            else:
                continue
            break
