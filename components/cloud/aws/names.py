"""Names and ARNs of what lies in AWS: deterministic, with the stack in them, within AWS's limits.

Nothing is named automatically: policies refer to roles and buckets by name before they exist.
"""

from components.cloud.naming import fitted

IAM_NAME_LENGTH = 64
BUCKET_NAME_LENGTH = 63


def partition(region: str) -> str:
    """Give the partition, the second field of every ARN, that a region lies in."""
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def iam_name(stack: str, what: str, suffix: str = "") -> str:
    """Name a role or user; the suffix survives any cutting."""
    return fitted(f"strongroom-{stack}-{what}", IAM_NAME_LENGTH - len(suffix)) + suffix


def key_alias(stack: str, what: str) -> str:
    """Name a key for people; no document refers to it."""
    return f"alias/strongroom-{stack}-{what}"


def custody_bucket(account_id: str, stack: str) -> str:
    """Name custody's bucket where the configuration names none."""
    return f"strongroom-custody-{account_id}-{stack}"


def application_bucket(account_id: str, stack: str, bucket: str) -> str:
    """Name the bucket that a catalogue file calls `bucket`.

    Bucket names are global: `invoices` as written belongs to somebody else already, and two stacks of one
    catalogue would want the same one. Services read the real name from their key-value path.
    """
    return fitted(f"strongroom-{account_id}-{stack}-{bucket}", BUCKET_NAME_LENGTH)


def bucket_arn(region: str, bucket: str) -> str:
    """Give a bucket's ARN, which holds neither region nor account."""
    return f"arn:{partition(region)}:s3:::{bucket}"


def role_arn(region: str, account_id: str, role: str) -> str:
    """Give a role's ARN before the role exists."""
    return f"arn:{partition(region)}:iam::{account_id}:role/{role}"


def user_arn(region: str, account_id: str, user: str) -> str:
    """Give a user's ARN before the user exists."""
    return f"arn:{partition(region)}:iam::{account_id}:user/{user}"


def cluster_arn(region: str, account_id: str, cluster: str) -> str:
    """Give the ARN of an EKS cluster."""
    return f"arn:{partition(region)}:eks:{region}:{account_id}:cluster/{cluster}"


def account_arn(region: str, account_id: str) -> str:
    """Give the account as a principal: whoever the account's own IAM policies let."""
    return f"arn:{partition(region)}:iam::{account_id}:root"


def oidc_provider_arn(region: str, account_id: str, issuer: str) -> str:
    """Give the ARN under which IAM knows a cluster's issuer (without https://)."""
    return f"arn:{partition(region)}:iam::{account_id}:oidc-provider/{issuer}"
