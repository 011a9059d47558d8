"""Names and ARNs of what lies in Alibaba Cloud: deterministic, with the stack in them, within its limits.

Nothing is named automatically: policies refer to roles and buckets by name before they exist.
"""

import re

from components.cloud.naming import digest, fitted

RAM_NAME_LENGTH = 64
POLICY_NAME_LENGTH = 128
BUCKET_NAME_LENGTH = 63


def ram_name(stack: str, what: str, suffix: str = "") -> str:
    """Name a role or user; the suffix survives any cutting."""
    return fitted(f"strongroom-{stack}-{what}", RAM_NAME_LENGTH - len(suffix)) + suffix


def policy_name(of: str) -> str:
    """Name the policy of a role or user. RAM takes no dots there, so that a digest keeps `a.b` and `a-b` apart."""
    plain = re.sub(r"[^A-Za-z0-9-]", "-", of)
    return fitted(plain if plain == of else f"{plain}-{digest(of)}", POLICY_NAME_LENGTH)


def key_alias(stack: str, what: str) -> str:
    """Name a key for people; no document refers to it."""
    return f"alias/strongroom-{stack}-{what}"


def custody_bucket(account_id: str, stack: str) -> str:
    """Name custody's bucket where the configuration names none."""
    return fitted(f"strongroom-custody-{account_id}-{stack}", BUCKET_NAME_LENGTH)


def application_bucket(account_id: str, stack: str, bucket: str) -> str:
    """Name the bucket that a catalogue file calls `bucket`: bucket names are global."""
    return fitted(f"strongroom-{account_id}-{stack}-{bucket}", BUCKET_NAME_LENGTH)


def bucket_arn(account_id: str, bucket: str) -> str:
    """Give a bucket's ARN; `*` stands for the region, since a bucket's name is global."""
    return f"acs:oss:*:{account_id}:{bucket}"


def key_arn(region: str, account_id: str, key_id: str) -> str:
    """Give a key's ARN, which policies name; calls take the key's id."""
    return f"acs:kms:{region}:{account_id}:key/{key_id}"


def role_arn(account_id: str, role: str) -> str:
    """Give a role's ARN before the role exists. RAM writes names in lower case there."""
    return f"acs:ram::{account_id}:role/{role.lower()}"


def user_arn(account_id: str, user: str) -> str:
    """Give a user's ARN before the user exists."""
    return f"acs:ram::{account_id}:user/{user}"


def account_arn(account_id: str) -> str:
    """Give the account as a principal: whoever the account's own RAM policies let."""
    return f"acs:ram::{account_id}:root"


def oidc_provider_arn(account_id: str, cluster_id: str) -> str:
    """Give the ARN under which RAM knows an ACK cluster's issuer once RRSA is on.

    Source: https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/use-rrsa-to-authorize-pods-to-access-different-cloud-services
    """
    return f"acs:ram::{account_id}:oidc-provider/ack-rrsa-{cluster_id}"


def issuer(region: str, cluster_id: str) -> str:
    """Give the issuer of an ACK cluster's tokens once RRSA is on. Source: as above."""
    return f"https://oidc-ack-{region}.oss-{region}.aliyuncs.com/{cluster_id}"
