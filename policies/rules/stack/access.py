"""Rules over who reaches which secrets."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

from pulumi_policy import Severity
from pydantic import Field

from acl.stanza import Stanza
from policies.framework.resource import Stack
from policies.framework.rule import Findings, stack_rule
from policies.rules.stack.picture import TYPES, Bearer, Picture, few, picture
from policies.rules.vault.acls import root_like
from policies.rules.vault.patterns import literal, meeting

_WRITING = frozenset({"create", "update", "patch", "delete"})
_NAMED = 3


@stack_rule(
    *TYPES,
    reason="two resources write the same path in turns, and each run undoes the other's",
    cure="delete one of them",
    severity=Severity.HIGH,
)
def secret_is_written_once(stack: Stack) -> Findings:
    """No two resources write one secret."""
    first: dict[str, str] = {}
    # Not as the engine happens to give them: the same stack is told the same.
    for each in sorted(picture(stack).secrets, key=lambda each: each.resource.name):
        other = first.setdefault(each.path, each.resource.name)
        if other != each.resource.name:
            yield each.resource.finding(f"{each.path} is written by {other}, too")


@stack_rule(
    *TYPES,
    reason="whoever of the two was broken into speaks to the other in the owner's name",
    cure="let one of them write, and the other read by `shares`",
    severity=Severity.HIGH,
)
def service_writes_alone(stack: Stack) -> Findings:
    """No two services can write one path of a key-value mount."""
    drawn = picture(stack)
    said: set[tuple[str, str]] = set()
    for one, grant, other, their in _beside(sorted(_writes(drawn), key=_order)):
        pair = (one.name, other.name)
        path = meeting(grant.path, their.path)
        if pair in said or path is None:
            continue
        if all(
            any(drawn.evaluator(each).allows(word, path) for word in _WRITING)
            for each in (one, other)
        ):
            said.add(pair)
            yield one.resource.finding(f"{one.name} and {other.name} both write {path}")


def _writes(drawn: Picture) -> Iterator[tuple[Bearer, Stanza]]:
    areas = [area for mount in drawn.key_value for area in (f"{mount}/data/*", f"{mount}/*")]
    for each in drawn.bearers:
        for _, grant in drawn.grants(each) if each.is_machine else ():
            if (
                grant.capabilities & _WRITING
                and not root_like(grant)
                and any(meeting(grant.path, area) for area in areas)
            ):
                yield each, grant


def _order(written: tuple[Bearer, Stanza]) -> str:
    return literal(written[1].path)


def _beside(
    ordered: list[tuple[Bearer, Stanza]],
) -> Iterator[tuple[Bearer, Stanza, Bearer, Stanza]]:
    """Give pairs of different bearers whose paths can meet: one's beginning is the beginning of the other's."""
    around: list[tuple[Bearer, Stanza]] = []
    for one, grant in ordered:
        beginning = literal(grant.path)
        while around and not beginning.startswith(literal(around[-1][1].path)):
            around.pop()
        for other, their in around:
            if other.name != one.name and other.service != one.service:
                yield one, grant, other, their
                break
        around.append((one, grant))


@stack_rule(
    *TYPES,
    reason="the service would start without its secret, and nobody would see it before",
    cure="grant read on it: service `shop/orders` reads <mount>/data/shop/orders/*",
    severity=Severity.HIGH,
)
def service_reads_what_is_its_own(stack: Stack) -> Findings:
    """Every service can read each secret that is declared below its own path."""
    drawn = picture(stack)
    services: dict[str, list[Bearer]] = {}
    for each in drawn.bearers:
        if each.service is not None:
            services.setdefault(each.service, []).append(each)
    for secret in drawn.secrets:
        for each in services.get(_owner(secret.name), ()):
            if drawn.is_whole(each) and secret.path not in drawn.reads(each):
                why = drawn.evaluator(each).decide("read", secret.path).reason
                yield each.resource.finding(f"{each.name} can't read {secret.path}: {why}")


@stack_rule(
    *TYPES,
    reason="whoever breaks into one service has everything that it can read",
    cure="share less with it, or raise the rule's limits",
    severity=Severity.HIGH,
)
def service_reads_little(
    stack: Stack,
    *,
    secrets: Annotated[
        int, Field(ge=1, description="How many secrets one service can read, its own among them.")
    ] = 100,
    others: Annotated[
        int, Field(ge=0, description="Of how many other services it can read a secret.")
    ] = 10,
) -> Findings:
    """What one service can read, and of how many others, stays within a limit."""
    drawn = picture(stack)
    owners = {secret.path: _owner(secret.name) for secret in drawn.secrets}
    for each in drawn.bearers:
        if not each.is_machine:
            continue
        reached = drawn.reads(each)
        if len(reached) > secrets:
            yield each.resource.finding(
                f"{each.name} can read {len(reached)} secrets, and {secrets} are allowed"
            )
        of = {owners[path] for path in reached} - {each.service}
        if len(of) > others:
            named = ", ".join(sorted(of)[:_NAMED])
            yield each.resource.finding(
                f"{each.name} can read secrets of {len(of)} others ({named}, ...), and {others} are allowed"
            )


@stack_rule(
    *TYPES,
    reason="what many services know is nobody's secret, and changing it is an outage in as many places",
    cure="take services out of its `shares` in the owner's file in catalog/, or give them secrets of their own;"
    " or raise the rule's `services`",
    severity=Severity.HIGH,
)
def secret_is_read_by_few(
    stack: Stack,
    *,
    services: Annotated[
        int, Field(ge=0, description="How many services besides its owner can read one secret.")
    ] = 10,
) -> Findings:
    """How many services besides its owner can read one secret stays within a limit."""
    drawn = picture(stack)
    readers: dict[str, set[str]] = {}
    for each in drawn.bearers:
        if each.is_machine:
            # A service with a role in each of two clusters is one service.
            for path in drawn.reads(each):
                readers.setdefault(path, set()).add(each.service or each.name)
    for secret in drawn.secrets:
        of = readers.get(secret.path, set()) - {_owner(secret.name)}
        if len(of) > services:
            yield secret.resource.finding(
                f"{len(of)} others can read {secret.path} ({few(of)}), and {services} are allowed"
            )


@stack_rule(
    *TYPES,
    reason="one service is one identity: what a second role of the same ServiceAccount adds is seen in neither",
    cure="keep one role for each ServiceAccount and login mount",
    severity=Severity.MEDIUM,
)
def service_account_has_one_role(stack: Stack) -> Findings:
    """No ServiceAccount has two roles in one login mount."""
    drawn = picture(stack)
    taken = Counter((each.name.rpartition("/")[0], each.service) for each in drawn.bearers)
    for each in drawn.bearers:
        if each.service and taken[each.name.rpartition("/")[0], each.service] > 1:
            yield each.resource.finding(f"{each.service} has another role in the same mount")


def _owner(name: str) -> str:
    """Of `shop/orders/mail`, the service."""
    return "/".join(name.split("/")[:2])
