"""The cloud, and custody in it."""

import ipaddress
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from mistakes.shapes import Bucket, FilePath, Text, Url, Whole, YesNo, is_loopback, refuse, shape
from settings.alicloud import Alicloud
from settings.base import Finding, Model

Arn = Annotated[
    Text,
    shape(
        r"^(arn:aws(-us-gov)?:(iam|sts)::[0-9]{12}:"
        r"(root|(user|role|assumed-role|federated-user)/[A-Za-z0-9_+=,.@/-]+)"
        r"|acs:ram::[0-9]{10,20}:(root|(user|role)/[A-Za-z0-9_.@-]+))$",
        "the ARN of an account's root, a role or a user, with no `*`",
        "arn:aws:iam::123456789012:role/pipeline",
    ),
]


def _outside_china(region: str) -> str:
    if region.startswith("cn-"):
        raise refuse("is in China, with an AWS of its own", "write another region")
    return region


def _origin(url: str) -> str:
    if urlsplit(url).path not in ("", "/"):
        raise refuse("is more than scheme, host and port", "write https://host:port")
    return url


def _near(url: str) -> str:
    try:
        near = ipaddress.ip_address(urlsplit(url).hostname or "").is_private
    except ValueError:
        near = False
    if url.startswith("http://") and not near:
        raise refuse("is plain http beyond a private address", "write https")
    return url


SealIdentity = Literal["irsa", "pod-identity", "keys", "instance-profile"]


class Aws(Model):
    """An AWS account."""

    kind: Annotated[Literal["aws"], Field(description="Which cloud.")]
    region: Annotated[
        Text,
        shape(r"^[a-z]{2}(-gov)?-[a-z]+-[0-9]$", "an AWS region", "eu-central-1"),
        AfterValidator(_outside_china),
        Field(description="Where keys and buckets live."),
    ]
    account_id: Annotated[
        Text,
        shape(r"^[0-9]{12}$", "twelve digits in quotes", "123456789012"),
        Field(description="The account's number, in quotes: YAML would read a number."),
    ]
    endpoint: Annotated[
        Annotated[Url, AfterValidator(_origin)] | None,
        Field(
            description="Where AWS is answered instead of at AWS. Plain http on a loopback address"
            " only, otherwise https."
        ),
    ] = None
    pod_endpoint: Annotated[
        Annotated[
            Text,
            shape(
                r"^https?://[A-Za-z0-9.:\[\]-]+/?$",
                "scheme, host and port of an emulator",
                "http://10.244.0.1:5000",
            ),
            AfterValidator(_near),
        ]
        | None,
        Field(
            description="The emulator's address as pods reach it. Plain http on a private address only,"
            " otherwise https."
        ),
    ] = None
    seal_identity: Annotated[
        SealIdentity | None,
        Field(
            description="Where the servers' own AWS identity comes from: irsa, a role that their"
            " ServiceAccount's token takes; pod-identity, one that EKS's agent hands out; keys, a user with"
            " an access key, which lies encrypted in the state; instance-profile, the machine's role. By"
            " default irsa for pods and keys for processes."
        ),
    ] = None
    oidc_provider: Annotated[
        Annotated[
            Text,
            shape(
                r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[A-Za-z0-9._-]+)*$",
                "the cluster's issuer without https://",
                "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE",
            ),
        ]
        | None,
        Field(description="irsa: the Kubernetes cluster's token issuer, without https://."),
    ] = None
    cluster_name: Annotated[
        Annotated[
            Text,
            shape(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", "an EKS cluster's name", "production"),
        ]
        | None,
        Field(description="pod-identity: the EKS cluster's name."),
    ] = None
    instance_role: Annotated[
        Annotated[
            Text,
            shape(
                r"^arn:aws(-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$",
                "the ARN of a role, with no `*`",
                "arn:aws:iam::123456789012:role/vault",
            ),
        ]
        | None,
        Field(
            description="instance-profile: the role of the machines that the servers run on. Whoever runs"
            " the program must be trusted to take it, to prove the seal before init."
        ),
    ] = None
    bucket: Annotated[
        Bucket | None,
        Field(description="The custody bucket; strongroom-custody-<accountId>-<stack> by default."),
    ] = None
    tls_only: Annotated[
        YesNo,
        Field(
            description="Buckets deny plain http. Only an emulator, which applies a denial without its"
            " condition, switches it off."
        ),
    ] = True
    write_once: Annotated[
        YesNo,
        Field(
            description="Custody's bucket denies overwriting. Only an emulator, which applies a denial"
            " without its condition, switches it off."
        ),
    ] = True
    deletion_window_days: Annotated[
        Whole, Field(ge=7, le=30, description="How long a deleted key can be brought back.")
    ] = 30

    @property
    def is_emulator(self) -> bool:
        """Whether AWS is answered on this machine."""
        return self.endpoint is not None and is_loopback(self.endpoint)

    def findings(self) -> Iterator[Finding]:
        """Refuse what only an emulator may do."""
        for name, on in (("tlsOnly", self.tls_only), ("writeOnce", self.write_once)):
            if not on and not self.is_emulator:
                yield (name,), "is off at the real cloud", "delete it"
        if self.pod_endpoint is not None and not self.is_emulator:
            yield ("podEndpoint",), "means nothing without an emulator's endpoint", "delete it"


def identity_of(aws: Aws, *, in_pods: bool) -> SealIdentity:
    """Give where the servers' identity comes from, said or not."""
    return aws.seal_identity or ("irsa" if in_pods else "keys")


def identity_findings(aws: Aws, *, in_pods: bool) -> Iterator[Finding]:
    """Hold the servers' identity against what runs them; paths begin at the cloud."""
    identity = identity_of(aws, in_pods=in_pods)
    if not in_pods and identity in ("irsa", "pod-identity"):
        wrong = f"is {identity}, which only pods can have"
        yield ("sealIdentity",), wrong, "write keys, or instance-profile"
    elif in_pods and identity == "instance-profile":
        wrong = "is instance-profile, which every pod of the machine could use"
        yield ("sealIdentity",), wrong, "write irsa, or pod-identity"
    elif aws.is_emulator and identity != "keys":
        wrong = f"is {identity}, which an emulator can't give to servers"
        yield ("sealIdentity",), wrong, "write keys"
    needs = {
        "irsa": ("oidcProvider", aws.oidc_provider, "write the cluster's issuer"),
        "pod-identity": ("clusterName", aws.cluster_name, "write the EKS cluster's name"),
        "instance-profile": ("instanceRole", aws.instance_role, "write the machines' role"),
    }
    for kind, (name, value, cure) in needs.items():
        if kind == identity and value is None:
            yield (name,), f"is missing with sealIdentity {kind}", cure
        # An issuer is no more than a fact about the cluster.
        elif kind not in (identity, "irsa") and value is not None:
            yield (name,), f"means nothing with sealIdentity {identity}", "delete it"
    if aws.pod_endpoint is not None and not in_pods:
        yield ("podEndpoint",), "means nothing where servers are processes", "delete it"


Cloud = Annotated[Aws | Alicloud, Field(discriminator="kind")]
"""Where keys and buckets live, by `kind`."""
_ARNS = {"aws": "arn:aws", "alicloud": "acs:ram:"}


class Custody(Model):
    """Custody of what init returns."""

    prefix: Annotated[
        Text,
        shape(
            r"^([A-Za-z0-9_-][A-Za-z0-9._/-]*)?$",
            "letters, digits, dots, underscores, hyphens and slashes, with none in front",
            "vault/",
            512,
        ),
        Field(description="In front of every object's key, plainly concatenated."),
    ] = ""
    directory: Annotated[
        FilePath,
        Field(description="Where the envelope's local copy lies until custody is read back."),
    ] = ".strongroom"
    writers: Annotated[
        tuple[Arn, ...],
        Field(description="Who may assume the writer role; none: the account, where IAM decides."),
    ] = ()
    readers: Annotated[
        tuple[Arn, ...],
        Field(description="Who may assume the reader role; none: the account, where IAM decides."),
    ] = ()
    recovery_shares: Annotated[
        Whole, Field(ge=1, le=10, description="Into how many recovery keys the root is split.")
    ] = 5
    recovery_threshold: Annotated[
        Whole, Field(ge=1, le=10, description="How many of them are needed.")
    ] = 3

    def of_another(self, kind: str) -> Iterator[Finding]:
        """Refuse ARNs of another cloud than that of this kind."""
        for name, arns in (("writers", self.writers), ("readers", self.readers)):
            for index, arn in enumerate(arns):
                if not arn.startswith(_ARNS[kind]):
                    wrong = f"is an ARN of another cloud than {kind}"
                    yield (name, index), wrong, f"write one that begins with {_ARNS[kind]}"

    def findings(self) -> Iterator[Finding]:
        """Hold Vault's rules for shares."""
        if self.recovery_threshold > self.recovery_shares:
            yield (
                ("recoveryThreshold",),
                f"is more than the {self.recovery_shares} recoveryShares",
                f"write {self.recovery_shares} or less",
            )
        if self.recovery_threshold == 1 < self.recovery_shares:
            yield (
                ("recoveryThreshold",),
                f"is 1 of {self.recovery_shares}, which Vault refuses",
                "write 2 or more",
            )
