"""Rules over buckets, each of which is made of a handful of resources."""

import json
from collections.abc import Iterator, Mapping

from pulumi_policy import Severity

from policies.framework.resource import Finding, Resource, Stack
from policies.framework.rule import Findings, rule, stack_rule
from policies.rules.cloud.documents import BUCKET_POLICIES, statements

BUCKETS = ("aws:s3/bucket:Bucket", "alicloud:oss/bucket:Bucket")
CLOSED = (
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock",
)
VERSIONED = (
    "aws:s3/bucketVersioning:BucketVersioning",
    "alicloud:oss/bucketVersioning:BucketVersioning",
)
ENCRYPTED = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption",
)
OWNED = (
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketAcl:BucketAcl",
    "alicloud:oss/bucketAcl:BucketAcl",
)
_LIFECYCLES = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "alicloud:oss/bucketLifecycle:BucketLifecycle",
)
_CUSTODY = "strongroom:cloud:Custody"


def parts(stack: Stack, bucket: Resource, types: tuple[str, ...]) -> Iterator[Resource]:
    """Give what configures this bucket: known by what it comes from, or else by its name."""
    for part in stack.of(*types):
        come_from = part.property_dependencies.get("bucket", frozenset())
        if bucket.urn in come_from or (not come_from and _same(part, bucket)):
            yield part


def _same(part: Resource, bucket: Resource) -> bool:
    name = part.at("bucket")
    return name is not None and name == bucket.at("bucket")


def _blocks(block: Resource) -> tuple[str, ...]:
    if not block.type.startswith("aws:"):
        return ("blockPublicAccess",)
    return ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@rule(
    *CLOSED,
    reason="one wrong ACL or policy would show the bucket to the world",
    cure="set all four of AWS's blocks, or block_public_access at Alibaba Cloud",
    severity=Severity.CRITICAL,
    remedy=lambda block: dict.fromkeys(_blocks(block), True),
)
def public_access_is_blocked(block: Resource) -> Findings:
    """What blocks public access blocks all of it."""
    for name in _blocks(block):
        with block.if_known():
            if block.at(name) is not True:
                yield f"{name} is off"


@stack_rule(
    *BUCKETS,
    *CLOSED,
    reason="one wrong ACL or policy would show the bucket to the world",
    cure="declare a BucketPublicAccessBlock for it",
    severity=Severity.CRITICAL,
)
def every_bucket_is_private(stack: Stack) -> Findings:
    """Every bucket has something that blocks public access."""
    for bucket in stack.of(*BUCKETS):
        with bucket.if_known():
            if not any(parts(stack, bucket, CLOSED)):
                yield bucket.finding("nothing blocks public access to it")


@rule(
    *OWNED,
    reason="an ACL grants past every policy, and shows in none",
    cure="set BucketOwnerEnforced (AWS), or acl='private' (Alibaba Cloud)",
    severity=Severity.HIGH,
)
def buckets_have_no_acls(resource: Resource) -> Findings:
    """No bucket is opened by an ACL."""
    if resource.type.endswith("BucketOwnershipControls"):
        if resource.at("rule.objectOwnership") != "BucketOwnerEnforced":
            yield "rule.objectOwnership is not BucketOwnerEnforced"
    elif resource.at("acl") != "private":
        yield "acl is not private"


@rule(
    *VERSIONED,
    reason="an overwritten or deleted object is gone for good otherwise",
    cure="set its status to Enabled",
    severity=Severity.CRITICAL,
)
def versions_are_kept(versioning: Resource) -> Findings:
    """Versioning is on wherever it is spoken of."""
    field = "versioningConfiguration.status" if versioning.type.startswith("aws:") else "status"
    if versioning.at(field) != "Enabled":
        yield f"{field} is not Enabled"


@stack_rule(
    *BUCKETS,
    *VERSIONED,
    reason="recovery keys that were overwritten are recovery keys lost",
    cure="declare a BucketVersioning for it",
    severity=Severity.CRITICAL,
)
def custody_is_versioned(stack: Stack) -> Findings:
    """Custody's bucket keeps versions."""
    yield from _lacking(stack, VERSIONED, "nothing keeps its versions")


@stack_rule(
    *BUCKETS,
    *ENCRYPTED,
    reason="what custody keeps is encrypted twice: by custody itself, and under it by the bucket",
    cure="declare an encryption for it",
    severity=Severity.HIGH,
)
def custody_is_encrypted(stack: Stack) -> Findings:
    """Custody's bucket encrypts what lies in it."""
    yield from _lacking(stack, ENCRYPTED, "nothing encrypts its objects")


def _lacking(stack: Stack, types: tuple[str, ...], message: str) -> Iterator[Finding]:
    for bucket in stack.of(*BUCKETS):
        with bucket.if_known():
            if bucket.within(_CUSTODY) and not any(parts(stack, bucket, types)):
                yield bucket.finding(message)


@rule(
    *ENCRYPTED,
    reason="an algorithm that the cloud doesn't know leaves objects as they are",
    cure="set aws:kms with a key of its own, or AES256 or KMS at Alibaba Cloud",
    severity=Severity.HIGH,
)
def encryption_is_strong(encryption: Resource) -> Findings:
    """A bucket is encrypted by KMS or AES-256; custody's on AWS by a key of its own."""
    aws = encryption.type.startswith("aws:")
    field = "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm" if aws else "sseAlgorithm"
    algorithm = encryption.at(field)
    if algorithm not in ({"aws:kms", "aws:kms:dsse", "AES256"} if aws else {"AES256", "KMS"}):
        yield f"{field} is neither KMS nor AES256"
    elif aws and encryption.within(_CUSTODY) and algorithm == "AES256":
        yield f"{field} is AES256, whose key the account doesn't hold"


@stack_rule(
    *BUCKETS,
    *BUCKET_POLICIES,
    reason="ciphertext and credentials would cross the network in plain HTTP",
    cure="leave cloud.tlsOnly on, or deny everything where aws:SecureTransport (acs:SecureTransport) is false",
    severity=Severity.HIGH,
)
def buckets_take_tls_only(stack: Stack) -> Findings:
    """Every bucket refuses plain HTTP."""
    for bucket in stack.of(*BUCKETS):
        with bucket.if_known():
            policies = parts(stack, bucket, tuple(BUCKET_POLICIES))
            if not any(_refuses_plain(policy) for policy in policies):
                yield bucket.finding("no policy of it denies plain HTTP")


def _refuses_plain(policy: Resource) -> bool:
    return any(
        not statement.allows
        and any("*" in action for action in statement.values("Action"))
        and any(name == "*" for _, name in statement.principals)
        and _secure_transport(statement.body.get("Condition") or {})
        for statement in statements(policy)
    )


def _secure_transport(condition: Mapping[str, Mapping[str, object]]) -> bool:
    wanted = {
        key: json.dumps(value).strip('[]"').lower()
        for key, value in (condition.get("Bool") or {}).items()
    }
    return any(wanted.get(f"{cloud}:SecureTransport") == "false" for cloud in ("aws", "acs"))


@rule(
    "alicloud:oss/bucketHttpsConfig:BucketHttpsConfig",
    reason="TLS before 1.2 is broken",
    cure="set enable=True and tls_versions to TLSv1.2 and TLSv1.3",
    severity=Severity.HIGH,
)
def bucket_tls_is_modern(config: Resource) -> Findings:
    """A bucket that chooses TLS versions takes 1.2 and later only."""
    if config.at("enable") is not True:
        yield "enable is off"
    for version in config.at("tlsVersions", ()):
        if version not in ("TLSv1.2", "TLSv1.3"):
            yield f"tlsVersions holds {version}"


@rule(
    *BUCKETS,
    reason="the engine would delete every object in it, recovery keys included, to get rid of the bucket",
    cure="set force_destroy=False (keep: true)",
    severity=Severity.HIGH,
    remedy=lambda _: {"forceDestroy": False},
)
def buckets_are_never_emptied(bucket: Resource) -> Findings:
    """No bucket is emptied by force when it is deleted."""
    if bucket.at("forceDestroy", default=False):
        yield "forceDestroy is on"


@stack_rule(
    *BUCKETS,
    *_LIFECYCLES,
    reason="recovery keys are needed years after they were stored",
    cure="delete the rule",
    severity=Severity.CRITICAL,
)
def custody_never_expires(stack: Stack) -> Findings:
    """Nothing expires objects or versions of custody's bucket."""
    for bucket in stack.of(*BUCKETS):
        with bucket.if_known():
            if bucket.within(_CUSTODY):
                for lifecycle in parts(stack, bucket, _LIFECYCLES):
                    yield lifecycle.finding("it is for custody's bucket")
