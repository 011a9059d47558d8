"""Rules over KMS keys."""

from collections.abc import Mapping
from typing import Annotated, Any

from pulumi_policy import Severity
from pydantic import Field

from policies.framework.resource import Resource, Stack
from policies.framework.rule import Findings, rule, stack_rule
from policies.rules.cloud.documents import GRANTS

AWS_KEY = "aws:kms/key:Key"
ALICLOUD_KEY = "alicloud:kms/key:Key"


def _rotating(key: Resource) -> Mapping[str, Any]:
    if key.type == AWS_KEY:
        return {"enableKeyRotation": True}
    return {"automaticRotation": "Enabled", "rotationInterval": "365d"}


@rule(
    AWS_KEY,
    ALICLOUD_KEY,
    reason="a key that never changes protects everything that it ever encrypted for as long as it lives",
    cure="set enable_key_rotation=True (AWS) or automatic_rotation='Enabled' (Alibaba Cloud)",
    severity=Severity.HIGH,
    remedy=_rotating,
)
def key_rotates(key: Resource) -> Findings:
    """A KMS key rotates by itself."""
    if key.type == AWS_KEY:
        rotates = key.at("enableKeyRotation") is True
    else:
        # A hardware instance's keys can't rotate.
        rotates = key.at("automaticRotation") == "Enabled" or key.at("protectionLevel") == "HSM"
    if not rotates:
        yield "rotation is off"


def _window(key: Resource) -> str:
    return "deletionWindowInDays" if key.type == AWS_KEY else "pendingWindowInDays"


@rule(
    AWS_KEY,
    ALICLOUD_KEY,
    reason="the key lost is all data and every snapshot lost; until the window ends, deletion can be called off",
    cure="set deletion_window_in_days (AWS) or pending_window_in_days (Alibaba Cloud)",
    severity=Severity.CRITICAL,
    remedy=lambda key: {_window(key): 30},
)
def key_deletion_waits(
    key: Resource,
    *,
    days: Annotated[
        int, Field(ge=7, le=30, description="Fewest days that a deleted key can be called back.")
    ] = 7,
) -> Findings:
    """A deleted KMS key can be called back for a while."""
    field = _window(key)
    waits = key.at(field, 30 if key.type == AWS_KEY else 0)
    if waits < days:
        yield f"{field} is {waits}, and at least {days} are asked"


@rule(
    ALICLOUD_KEY,
    reason="a schedule for deletion set by mistake ends with the data, and nothing calls it off by itself",
    cure="set deletion_protection='Enabled' (keep: true)",
    severity=Severity.HIGH,
)
def key_deletion_is_refused(key: Resource) -> Findings:
    """A KMS key refuses deletion where the cloud can."""
    if key.at("deletionProtection") != "Enabled":
        yield "deletionProtection is off"


@rule(
    AWS_KEY,
    reason="without one, whatever the account's IAM says opens the key: one kms:* elsewhere is enough",
    cure="give the key a policy that names who uses it",
    severity=Severity.HIGH,
)
def key_has_a_policy(key: Resource) -> Findings:
    """A KMS key of AWS says itself who may use it."""
    if not key.at("policy"):
        yield "policy is empty"


@rule(
    AWS_KEY,
    ALICLOUD_KEY,
    "aws:s3/bucket:Bucket",
    "alicloud:oss/bucket:Bucket",
    "pulumi-python:dynamic/strongroom:Owned",
    "pulumi-python:dynamic/strongroom:Authority",
    reason="what can't be made again must not go by a renamed resource or a destroy in the wrong stack",
    cure="set protect=True (keep: true)",
    severity=Severity.HIGH,
)
def what_stays_is_protected(resource: Resource) -> Findings:
    """The engine refuses to delete keys, buckets, the CA, and what says whose the cluster is."""
    if not resource.protect:
        yield "protect is off"


@stack_rule(
    AWS_KEY,
    ALICLOUD_KEY,
    *GRANTS,
    reason="whoever unseals could read what init returned, and one key lost would lose both",
    cure="give custody and the seal a key each",
    severity=Severity.CRITICAL,
)
def seal_and_custody_key_differ(stack: Stack) -> Findings:
    """The key that seals Vault is not the one that encrypts custody."""
    used = {
        part: {
            urn
            for grant in stack.of(*GRANTS)
            if grant.within(f"strongroom:cloud:{part}")
            for field in GRANTS[grant.type]
            for urn in grant.property_dependencies.get(field, ())
        }
        for part in ("SealIdentity", "Custody")
    }
    for key in stack.of(AWS_KEY, ALICLOUD_KEY):
        if all(key.urn in urns for urns in used.values()):
            yield key.finding("the servers' identity and custody's roles both use it")
