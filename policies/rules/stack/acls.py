"""Rules over acls and those who bear them."""

from collections.abc import Sequence
from typing import Annotated

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.resource import Stack
from policies.framework.rule import Findings, stack_rule
from policies.rules.stack.picture import BUILT_IN, TYPES, picture
from policies.rules.vault.acls import ACCOUNTS, root_like, shadowed

_ADOPTED = "strongroom:adopted:AdoptedVault"


@stack_rule(
    *TYPES,
    reason="an acl that nobody bears is read by nobody, until somebody gives it to a role",
    cure="delete it, or give it to the role that it was written for",
    severity=Severity.LOW,
)
def acl_is_borne(stack: Stack) -> Findings:
    """Every acl is borne by some role, person or group."""
    drawn = picture(stack)
    if drawn.unknown:
        # Whoever isn't known yet may bear it.
        return
    borne = {name for each in drawn.bearers for name in each.acls}
    for name in drawn.written.keys() - borne:
        for each in drawn.written[name]:
            # Somebody bears an adopted one whom this program doesn't know.
            if not each.within(_ADOPTED):
                yield each.finding(f"nobody bears {name}")


@stack_rule(
    *TYPES,
    reason="a name that leads to no acl grants nothing, and everything as soon as somebody writes an acl of that name",
    cure="declare the acl, correct the name, or list it in the rule's `existing`",
    severity=Severity.HIGH,
)
def borne_acl_exists(
    stack: Stack,
    *,
    existing: Annotated[
        Sequence[str], Field(description="Acls that others keep in this Vault.")
    ] = (),
) -> Findings:
    """Every acl that somebody bears is declared."""
    drawn = picture(stack)
    if any(error.path == ("name",) for error in drawn.unknown):
        return
    known = {*drawn.written, *BUILT_IN, *existing}
    for each in drawn.bearers:
        for name in each.acls:
            if name not in known:
                yield each.resource.finding(f"{each.name} bears {name}, which is declared nowhere")


@stack_rule(
    *TYPES,
    reason="two texts for one name: whichever is written last holds, and that changes from run to run",
    cure="delete one, or give it another name",
    severity=Severity.HIGH,
)
def acl_is_written_once(stack: Stack) -> Findings:
    """Every acl is written by one resource."""
    for name, writers in picture(stack).written.items():
        for each in writers[1:]:
            yield each.finding(f"{name} is written by {writers[0].name}, too")


@stack_rule(
    *TYPES,
    reason="acls that are borne together are united, and there a grant of one may decide where another denies",
    cure="deny the very path that is granted, or let nobody bear both",
    severity=Severity.HIGH,
)
def borne_denies_hold(stack: Stack) -> Findings:
    """No deny of one acl is overridden by another that somebody bears with it."""
    drawn = picture(stack)
    said = set()
    for each in drawn.bearers:
        acls = drawn.borne(each)
        if len(acls) < 2 or each.acls in said:  # noqa: PLR2004  alone it is another rule's
            continue
        said.add(each.acls)
        for shadow in shadowed(acls):
            if shadow.deny.acl != shadow.grant.acl:
                yield each.resource.finding(f"{each.name}: {shadow}")


@stack_rule(
    *TYPES,
    reason="an acl that its bearer can write says nothing of what he may do",
    cure="deny sys/policies/acl/<its name> in it, or grant other names only",
    severity=Severity.CRITICAL,
)
def nobody_writes_his_own_acl(stack: Stack) -> Findings:
    """Nobody can write an acl that he bears, the limited account among them."""
    drawn = picture(stack)
    for each in drawn.bearers:
        evaluator = drawn.evaluator(each)
        for name in each.acls:
            for path in (f"sys/policies/acl/{name}", f"sys/policy/{name}"):
                rule = evaluator.rule(path, listing=False)
                if (
                    rule is not None
                    and rule.capabilities & {"create", "update", "patch"}
                    and not any(root_like(source.stanza) for source in rule.sources)
                ):
                    account = " (the limited account)" if each.resource.type in ACCOUNTS else ""
                    yield each.resource.finding(f"{each.name}{account} can write {path}")
