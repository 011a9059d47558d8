"""What AwsCloud is told, refused early where AWS would refuse it late or, worse, take it."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from components.cloud.aws import names
from components.cloud.naming import BUCKET, LABEL, PREFIX, STACK, SUBDOMAIN, matches

_REGION = re.compile(r"(?!cn-)[a-z]{2}(-gov)?-[a-z]+-[0-9]")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PRINCIPAL = re.compile(
    r"arn:aws(-us-gov)?:(iam|sts)::[0-9]{12}:"
    r"(root|(user|role|assumed-role|federated-user)/[\w+=,.@/-]+)",
    re.ASCII,
)
_ROLE = re.compile(r"arn:aws(-us-gov)?:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)
_CLUSTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_ISSUER = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._-]+)*")


SealKind = Literal["irsa", "pod-identity", "keys", "instance-profile"]
"""Where the servers' identity comes from: a token of theirs that the role trusts, EKS's agent on their node, an
access key, or the machine that they run on."""


@dataclass(frozen=True, kw_only=True)
class AwsApplicationsArgs:
    """Which account and region.

    Raises:
        ValueError: naming the field that AWS, or the documents built from it, could not bear.

    """

    stack: str
    """Part of every name, so that stacks of one account don't meet."""
    region: str
    account_id: str
    endpoint: str | None = None
    """An emulator's URL; None at AWS itself."""
    pod_endpoint: str | None = None
    """The emulator's URL as pods reach it, where servers and services are pods."""
    tls_only: bool = True
    """Whether buckets refuse plain HTTP. Off only where that can't be judged."""
    keep: bool = True

    def __post_init__(self) -> None:
        matches("stack", self.stack, STACK, "lower-case letters, digits and hyphens, at most 31")
        matches("region", self.region, _REGION, "a region such as eu-central-1 (not in China)")
        matches("account_id", self.account_id, _ACCOUNT, "twelve digits")
        if self.endpoint is not None:
            _check_endpoint("endpoint", self.endpoint, _is_loopback, "on a loopback address")
        if self.pod_endpoint is not None:
            if self.endpoint is None:
                raise ValueError(
                    "pod_endpoint must be absent without endpoint: AWS has one address"
                )
            _check_endpoint("pod_endpoint", self.pod_endpoint, _is_private, "on a private address")


@dataclass(frozen=True, kw_only=True)
class AwsCloudArgs(AwsApplicationsArgs):
    """Besides: whose pods unseal, and who takes custody."""

    namespace: str
    """Of Vault's pods."""
    service_account: str
    """Of Vault's pods: the only one that may unseal."""
    seal_identity: SealKind = "irsa"
    oidc_provider: str | None = None
    """irsa: the cluster's issuer without https://; IAM must know it as an identity provider."""
    cluster_name: str | None = None
    """pod-identity: the EKS cluster's, which has the Pod Identity agent."""
    instance_role: str | None = None
    """instance-profile: ARN of the machines' role. It is made elsewhere and needs an IAM policy of its own;
    whoever runs the program must be trusted to take it, for the proof before init."""
    bucket: str | None = None
    """Custody's; None: strongroom-custody-<account>-<stack>."""
    prefix: str = ""
    writers: tuple[str, ...] = ()
    """ARNs that may take custody's writer role; empty: whoever the account's IAM lets."""
    readers: tuple[str, ...] = ()
    write_once: bool = True
    """Whether custody's bucket refuses to overwrite. Off only where that can't be judged."""
    unsealer: str | None = None
    """The ServiceAccount, in the servers' namespace, that reads unseal keys; None: there is none. By IRSA, or at an
    emulator, which hands no pod a role, with an access key."""
    releases: Literal["recovery", "unseal"] | None = None
    """Which of custody's keys lose their role in a migration of the seal that is under way."""
    deletion_window_days: int = 30

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_identity()
        if self.unsealer is not None:
            matches("unsealer", self.unsealer, SUBDOMAIN, "one ServiceAccount")
            if self.unsealer == self.service_account:
                raise ValueError("unsealer must be another ServiceAccount than the servers'")
            if self.oidc_provider is None and self.pod_endpoint is None:
                raise ValueError("unsealer needs oidc_provider, whose tokens its role trusts")
        matches("namespace", self.namespace, LABEL, "one Kubernetes namespace")
        matches("service_account", self.service_account, SUBDOMAIN, "one ServiceAccount")
        matches(
            "bucket", self.custody_bucket, BUCKET, "3 to 63 lower-case letters, digits and hyphens"
        )
        matches("prefix", self.prefix, PREFIX, "letters, digits and / _ . -")
        for field in ("writers", "readers"):
            for arn in getattr(self, field):
                matches(
                    field, arn, _PRINCIPAL, "ARNs of users, roles or accounts, without wildcards"
                )
        if not 7 <= self.deletion_window_days <= 30:  # noqa: PLR2004  KMS's own bounds
            raise ValueError("deletion_window_days must be between 7 and 30")

    def _check_identity(self) -> None:
        kind = self.seal_identity
        if kind not in ("irsa", "pod-identity", "keys", "instance-profile"):
            raise ValueError(
                f"seal_identity must be irsa, pod-identity, keys or instance-profile; it is {kind!r}"
            )
        if kind == "irsa" or self.oidc_provider is not None:
            wanted = "the issuer's host and path, no https://"
            matches("oidc_provider", self.oidc_provider or "", _ISSUER, wanted)
        if kind == "pod-identity" or self.cluster_name is not None:
            matches("cluster_name", self.cluster_name or "", _CLUSTER, "an EKS cluster's name")
        if kind == "instance-profile" or self.instance_role is not None:
            wanted = "the ARN of the machines' role, without wildcards"
            matches("instance_role", self.instance_role or "", _ROLE, wanted)

    @property
    def custody_bucket(self) -> str:
        """The name of custody's bucket."""
        return self.bucket or names.custody_bucket(self.account_id, self.stack)


def _check_endpoint(field: str, endpoint: str, near: Callable[[str], bool], where: str) -> None:
    url = urlsplit(endpoint)
    if url.username or url.password or url.query or url.fragment:
        raise ValueError(f"{field} must be http(s)://host:port and nothing else")
    if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/"):
        raise ValueError(f"{field} must be http(s)://host:port; it is {endpoint!r}")
    if url.scheme == "http" and not near(url.hostname):
        raise ValueError(f"{field} must be https except {where}; it is {endpoint!r}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
