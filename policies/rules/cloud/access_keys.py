"""Rules over access keys, which are good for whoever copies them, until they are deleted."""

from datetime import UTC, datetime
from typing import Annotated

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.properties import UnknownError
from policies.framework.resource import Resource, Stack
from policies.framework.rule import Findings, stack_rule

KEYS = ("aws:iam/accessKey:AccessKey", "alicloud:ram/accessKey:AccessKey")


@stack_rule(
    *KEYS,
    reason="a key that somebody copied is good until it is deleted",
    cure="run `pulumi up` (rotating keys follow the clock), or replace it: `pulumi up --replace <urn>`",
    severity=Severity.HIGH,
)
def access_keys_are_young(
    stack: Stack,
    *,
    days: Annotated[
        int,
        Field(
            ge=1,
            description="Oldest that a key may be. Two overlap, so one lives twice as long as its rotation:"
            " the longest is 90 days.",
        ),
    ] = 180,
) -> Findings:
    """No access key outlives its rotation."""
    for key in stack.of(*KEYS):
        age = _age(key)
        if age is not None and age > days:
            yield key.finding(f"it is {age} days old, and {days} are allowed")


@stack_rule(
    *KEYS,
    reason="of three keys nobody can say which is in use, and AWS refuses a third",
    cure="delete the one that is not in use",
    severity=Severity.LOW,
)
def users_have_one_key(stack: Stack) -> Findings:
    """No user has two access keys: overlapping ones belong to two users."""
    seen: dict[str, Resource] = {}
    for key in stack.of(*KEYS):
        with key.if_known():
            user = key.at("user", key.at("userName"))
            if user is not None and seen.setdefault(user, key) is not key:
                yield key.finding(f"{seen[user].name} is of the same user")


def _age(key: Resource) -> int | None:
    """Give its age in days; None for one that is yet to be made."""
    try:
        made = key.at("createDate", key.at("createTime"))
    except UnknownError:
        return None
    if made is None:
        return None
    moment = datetime.fromisoformat(str(made))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (datetime.now(UTC) - moment).days
