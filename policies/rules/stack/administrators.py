"""Rules that whoever is administrator, or can make himself one, is listed by name."""

from collections.abc import Sequence
from typing import Annotated

from pulumi_policy import Severity
from pydantic import Field

from acl.stanza import Acl, Stanza
from acl.syntax import AclError
from policies.framework.resource import Stack
from policies.framework.rule import Findings, stack_rule
from policies.rules.stack.picture import TYPES, Picture, few, picture
from policies.rules.vault import text
from policies.rules.vault.acls import ACL, root_like
from policies.rules.vault.patterns import ANYTHING, meeting

_WRITE = frozenset({"create", "update", "patch"})
_KEEPS = _WRITE | {"read", "delete"}

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


@stack_rule(
    *TYPES,
    reason="whoever bears it has the secrets of every service, those of services still to come among them",
    cure="name services in the team's file in catalog/ instead of `administrator: true`,"
    " or list the acl in the rule's `acls` after somebody has agreed",
    severity=Severity.CRITICAL,
)
def acls_over_every_service_are_listed(
    stack: Stack,
    *,
    acls: Annotated[
        Sequence[str],
        Field(
            description="Acls that may: team-<name> of a team whose file says `administrator: true`."
        ),
    ] = ("team-administrators",),
) -> Findings:
    """An acl that reads or writes the secrets of every service is listed by name, and no other does."""
    drawn = picture(stack)
    bearers: dict[str, set[str]] = {}
    for each in drawn.bearers:
        for name in each.acls:
            bearers.setdefault(name, set()).add(each.name)
    for name, resources in drawn.written.items():
        grant = None if name in acls else _over_every_service(drawn.acls[name], drawn)
        if grant is None:
            continue
        named = few(bearers.get(name, ()))
        for resource in resources:
            # The program's own account keeps them all: administrators_are_listed is about it.
            if resource.type == ACL:
                yield resource.finding(
                    f"{name}:{grant.line} is over the secrets of every service ({grant.path}),"
                    f" borne by {named or 'nobody yet'}"
                )


def _over_every_service(found: Acl | AclError | None, drawn: Picture) -> Stanza | None:
    """Give the block that is about a secret whatever namespace and service it is of."""
    if not isinstance(found, Acl):
        return None
    evaluator = text.evaluator((found,), drawn.flavour)
    for grant in text.grants(found):
        if root_like(grant) or not grant.capabilities & _KEEPS:
            continue
        for mount in drawn.key_value:
            area = f"{mount}/data/"
            path = meeting(grant.path, f"{area}+/+/*")
            if path is None or path.removeprefix(area).split("/")[:2] != [ANYTHING, ANYTHING]:
                continue
            # A longer rule may deny it.
            rule = evaluator.rule(path, listing=False)
            if rule is not None and rule.capabilities & _KEEPS:
                return grant
    return None
