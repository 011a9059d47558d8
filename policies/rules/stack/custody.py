"""The rule that nothing but custody's reader can read what init returned."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.resource import Resource, Stack
from policies.framework.rule import Findings, stack_rule

CUSTODY = "strongroom:cloud:Custody"
_SEAL = "strongroom:cloud:SealIdentity"
"""A key that it uses, too, is another rule's: seal_and_custody_key_differ."""
BUCKETS = ("aws:s3/bucket:Bucket", "alicloud:oss/bucket:Bucket")
KEYS = ("aws:kms/key:Key", "alicloud:kms/key:Key")


@dataclass(frozen=True, kw_only=True)
class Grant:
    """How one type of resource gives somebody a right."""

    document: str
    """Input with the document."""
    to: tuple[str, ...] = ()
    """Inputs that name who gets it; none: the document names principals."""


GRANTS: Mapping[str, Grant] = {
    "aws:iam/rolePolicy:RolePolicy": Grant(document="policy", to=("role", "name")),
    "aws:iam/userPolicy:UserPolicy": Grant(document="policy", to=("user", "name")),
    "aws:iam/groupPolicy:GroupPolicy": Grant(document="policy", to=("group", "name")),
    "aws:iam/policy:Policy": Grant(document="policy", to=("name",)),
    "aws:s3/bucketPolicy:BucketPolicy": Grant(document="policy"),
    "aws:kms/keyPolicy:KeyPolicy": Grant(document="policy"),
    "aws:kms/key:Key": Grant(document="policy"),
    "alicloud:ram/policy:Policy": Grant(document="policyDocument", to=("policyName",)),
    "alicloud:oss/bucketPolicy:BucketPolicy": Grant(document="policy"),
}
_KEY_GRANT = "aws:kms/grant:Grant"

# What shows an object or what it was encrypted from. s3:GetObjectVersion and the like begin with it.
_READING = ("s3:GetObject", "s3:GetObjectVersion", "oss:GetObject", "oss:GetObjectVersion")
_DECRYPTING = ("kms:Decrypt", "kms:ReEncryptFrom", "kms:CreateGrant")
_ANY_KEY = ("arn:aws:kms:region:account:key/id", "acs:kms:region:account:key/id")


@dataclass(frozen=True, kw_only=True)
class _Custody:
    keys: tuple[Resource, ...]
    buckets: tuple[Resource, ...]

    @property
    def urns(self) -> frozenset[str]:
        return frozenset(each.urn for each in (*self.keys, *self.buckets))

    def objects(self) -> Iterator[str]:
        """Give what stands for any object of each bucket: it ends in a slash."""
        for each in self.buckets:
            name = str(each.at("bucket", each.name))
            yield from (f"arn:aws:s3:::{name}/", f"acs:oss:region:account:{name}/")

    def key_arns(self) -> Iterator[str]:
        yield from _ANY_KEY
        for each in self.keys:
            if "arn" in each.inputs:
                with each.if_known():
                    yield str(each.at("arn"))


@stack_rule(
    *KEYS,
    *BUCKETS,
    *GRANTS,
    _KEY_GRANT,
    reason="recovery keys mint root tokens: whoever reads custody owns Vault, without a trace in its audit log",
    cure="grant it to custody's reader role alone, and let whoever must read take that role",
    severity=Severity.CRITICAL,
)
def custody_is_read_by_its_reader(
    stack: Stack,
    *,
    readers: Annotated[
        Sequence[str],
        Field(description="Names of roles that read custody; * stands for any text."),
    ] = ("*custody-reader*", "*custody-unsealer*"),
) -> Findings:
    """Nobody but custody's reader, and what unseals, can read custody's bucket or decrypt with its key."""
    custody = _custody(stack)
    if not custody.urns:
        return
    for each in stack.of(_KEY_GRANT):
        with each.if_known():
            if custody.urns & each.property_dependencies.get("keyId", frozenset()):
                yield each.finding("it grants the use of custody's key")
    for each in stack.of(*GRANTS):
        grant = GRANTS[each.type]
        made_of = custody.urns & each.property_dependencies.get(grant.document, frozenset())
        if made_of and not each.within(CUSTODY):
            # Whatever it says, and before that is known.
            yield each.finding(f"its {grant.document} is about custody")
            continue
        with each.if_known():
            yield from (each.finding(wrong) for wrong in _wrong(each, grant, custody, readers))


def _custody(stack: Stack) -> _Custody:
    """Find it by its component: what lies in it, and the keys that its roles' documents are made of."""
    used = _made_of(stack, CUSTODY) - _made_of(stack, _SEAL)
    return _Custody(
        keys=tuple(k for k in stack.of(*KEYS) if k.within(CUSTODY) or k.urn in used),
        buckets=tuple(b for b in stack.of(*BUCKETS) if b.within(CUSTODY)),
    )


def _made_of(stack: Stack, component: str) -> set[str]:
    return {
        urn
        for each in stack.of(*GRANTS)
        if each.within(component)
        for urn in each.property_dependencies.get(GRANTS[each.type].document, ())
    }


def _wrong(
    each: Resource, grant: Grant, custody: _Custody, readers: Collection[str]
) -> Iterator[str]:
    to = [str(each.at(field)) for field in grant.to if each.at(field)]
    if _listed(to, readers):
        return
    if each.type in KEYS and each not in custody.keys:
        # Another key's own policy.
        return
    for statement in _allowed(each.at(grant.document)):
        who = to or list(_principals(statement))
        if not grant.to and who and all(_listed([name], readers) for name in who):
            continue
        own_key = each.type in KEYS
        if own_key:
            reads = _may(statement, _DECRYPTING)
        else:
            reads = (_may(statement, _READING) and _about(statement, custody.objects())) or (
                _may(statement, _DECRYPTING) and _about(statement, custody.key_arns())
            )
        if reads:
            yield f"its {grant.document} lets {', '.join(who) or 'whoever gets it'} read custody"


def _listed(names: Collection[str], readers: Collection[str]) -> bool:
    return any(fnmatchcase(name, reader) for name in names for reader in readers)


def _allowed(document: Any) -> Iterator[Mapping[str, Any]]:
    if not document:
        return
    parsed = json.loads(document) if isinstance(document, str) else document
    for statement in _several(parsed.get("Statement", ())):
        if statement.get("Effect") == "Allow":
            yield statement


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    """Give whom a document of a key or bucket is about: a condition on the caller says it better than `Principal`."""
    for operator, conditions in (statement.get("Condition") or {}).items():
        if operator in ("ArnEquals", "ArnLike", "StringEquals", "StringLike"):
            for key, values in conditions.items():
                if key.lower() in ("aws:principalarn", "acs:principalarn"):
                    yield from map(str, _several(values))
                    return
    named = statement.get("Principal", ())
    for each in named.values() if isinstance(named, Mapping) else [named]:
        yield from map(str, _several(each))


def _may(statement: Mapping[str, Any], actions: Sequence[str]) -> bool:
    if "NotAction" in statement:
        kept = [str(each).lower() for each in _several(statement["NotAction"])]
        return any(not any(fnmatchcase(a.lower(), k) for k in kept) for a in actions)
    granted = [str(each).lower() for each in _several(statement.get("Action", ()))]
    return any(fnmatchcase(action.lower(), each) for action in actions for each in granted)


def _about(statement: Mapping[str, Any], targets: Iterator[str]) -> bool:
    if "NotResource" in statement:
        return True
    patterns = [str(each) for each in _several(statement.get("Resource", ()))]
    return any(_covers(pattern, target) for target in targets for pattern in patterns)


def _covers(pattern: str, target: str) -> bool:
    # Partition (aws-cn), region and account are as they may be: what follows decides.
    ours, theirs = pattern.split(":", 5), target.split(":", 5)
    if len(ours) < len(theirs):
        return fnmatchcase(target, pattern)
    if not fnmatchcase(theirs[2], ours[2]):
        return False
    if theirs[-1].endswith("/"):
        # Some of a bucket's objects, or any.
        return ours[-1].startswith(theirs[-1]) or fnmatchcase(f"{theirs[-1]}any", ours[-1])
    return fnmatchcase(theirs[-1], ours[-1])


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]
