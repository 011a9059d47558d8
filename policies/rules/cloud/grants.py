"""Rules over what documents grant."""

from pulumi_policy import Severity

from policies.framework.resource import Resource
from policies.framework.rule import Findings, rule
from policies.rules.cloud import documents
from policies.rules.cloud.documents import statements

_ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "alicloud:ram/rolePolicyAttachment:RolePolicyAttachment",
    "alicloud:ram/userPolicyAttachment:UserPolicyAttachment",
    "alicloud:ram/groupPolicyAttachment:GroupPolicyAttachment",
)
_UNSEALING = {"kms:describekey", "kms:encrypt", "kms:decrypt", "sts:assumerole"}
_STORING = {"s3:putobject", "oss:putobject", "kms:encrypt"}
_READING = {"s3:getobject", "s3:getobjectversion", "oss:getobject", "kms:decrypt"}


@rule(
    *documents.ALL,
    reason="a star grants what the cloud adds tomorrow, too",
    cure="name each action",
    severity=Severity.HIGH,
)
def actions_are_named(resource: Resource) -> Findings:
    """No document grants actions by a star, or all but some."""
    for statement in statements(resource):
        if not statement.allows:
            continue
        if "NotAction" in statement.body:
            yield f"{statement} allows by NotAction"
        for action in statement.values("Action"):
            if "*" in action:
                yield f"{statement} allows {action}"


@rule(
    *documents.GRANTS,
    *documents.BUCKET_POLICIES,
    reason="a star reaches keys and buckets that have nothing to do with this Vault",
    cure="name the key, or the bucket (its objects by `<bucket>/<prefix>*`)",
    severity=Severity.HIGH,
)
def resources_are_named(resource: Resource) -> Findings:
    """No document grants anything over resources that it doesn't name."""
    for statement in statements(resource):
        if not statement.allows:
            continue
        if "NotResource" in statement.body:
            yield f"{statement} allows by NotResource"
        for name in statement.values("Resource"):
            if _is_open(name):
                yield f"{statement} allows {name}"


@rule(
    *documents.TRUSTS,
    *documents.KEY_POLICIES,
    *documents.BUCKET_POLICIES,
    reason="a star lets in everybody who has an account with the cloud",
    cure="name the role, the user or the account",
    severity=Severity.CRITICAL,
)
def principals_are_named(resource: Resource) -> Findings:
    """No document lets anybody in by a star, or all but some."""
    for statement in statements(resource):
        if not statement.allows:
            continue
        if "NotPrincipal" in statement.body:
            yield f"{statement} allows by NotPrincipal"
        for kind, name in statement.principals:
            if "*" in name:
                yield f"{statement} allows principal {kind} {name}"


@rule(
    *documents.GRANTS,
    reason="whoever breaks into a server gets what its identity may do, anywhere in the account",
    cure="leave kms:DescribeKey, kms:Encrypt and kms:Decrypt, and give the rest to somebody else",
    severity=Severity.CRITICAL,
)
def seal_identity_only_unseals(grant: Resource) -> Findings:
    """The servers' identity in the cloud may use the seal key, and nothing else."""
    if not grant.within("strongroom:cloud:SealIdentity"):
        return
    for statement in statements(grant):
        for action in statement.values("Action") if statement.allows else ():
            if action.lower() not in _UNSEALING:
                yield f"{statement} allows {action}"


@rule(
    *documents.GRANTS,
    reason="the pipeline that stores what init returned must not be able to read it back",
    cure="grant storing to the writer's role and reading to the reader's",
    severity=Severity.CRITICAL,
)
def custody_is_halved(grant: Resource) -> Findings:
    """Nobody may both store and read what custody keeps."""
    if not grant.within("strongroom:cloud:Custody"):
        return
    allowed = {
        action.lower()
        for statement in statements(grant)
        if statement.allows
        for action in statement.values("Action")
    }
    if allowed & _STORING and allowed & _READING:
        both = ", ".join(sorted(allowed & (_STORING | _READING)))
        yield f"one document allows {both}"


@rule(
    *_ATTACHMENTS,
    reason="what the cloud itself wrote grants by stars, and changes without anybody here",
    cure="attach a policy of this program's own",
    severity=Severity.HIGH,
)
def grants_are_our_own(attachment: Resource) -> Findings:
    """No policy is attached that the cloud itself manages."""
    managed = ":iam::aws:policy/" in str(attachment.at("policyArn", ""))
    if managed or attachment.at("policyType") == "System":
        yield "the cloud's own policy is attached"


def _is_open(resource: str) -> bool:
    # `arn:partition:service:region:account:name`, `acs:service:region:account:name`.
    parts = resource.split(":", 4 if resource.startswith("acs:") else 5)
    bucket = len(parts) > 2 and ("s3" in parts[:3] or "oss" in parts[:2])  # noqa: PLR2004  the service's place
    name = parts[-1]
    return "*" in (name.partition("/")[0] if bucket else name)
