"""The cloud, and custody in it."""

from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from mistakes.shapes import Bucket, FilePath, Text, Url, Whole, YesNo, is_loopback, refuse, shape
from settings.base import Finding, Model

Arn = Annotated[
    Text,
    shape(
        r"^arn:aws(-us-gov)?:(iam|sts)::[0-9]{12}:"
        r"(root|(user|role|assumed-role|federated-user)/[A-Za-z0-9_+=,.@/-]+)$",
        "the ARN of an account's root, a role or a user, with no `*`",
        "arn:aws:iam::123456789012:role/pipeline",
    ),
]


Server = Annotated[
    Text,
    shape(
        r"^arn:aws(-us-gov)?:iam::[0-9]{12}:(user|role)/[A-Za-z0-9_+=,.@/-]+$",
        "the ARN of a role or a user, with no `*`",
        "arn:aws:iam::123456789012:role/vault",
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
    oidc_provider: Annotated[
        Text,
        shape(
            r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[A-Za-z0-9._-]+)*$",
            "the cluster's issuer without https://",
            "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE",
        ),
        Field(description="The Kubernetes cluster's token issuer, without https://."),
    ]
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

    unsealers: Annotated[
        tuple[Server, ...],
        Field(
            description="Roles or users that may use the seal key besides Vault's pods: of servers"
            " outside the cluster."
        ),
    ] = ()

    @property
    def is_emulator(self) -> bool:
        """Whether AWS is answered on this machine."""
        return self.endpoint is not None and is_loopback(self.endpoint)

    def findings(self) -> Iterator[Finding]:
        """Refuse what only an emulator may do."""
        for name, on in (("tlsOnly", self.tls_only), ("writeOnce", self.write_once)):
            if not on and not self.is_emulator:
                yield (name,), "is off at the real cloud", "delete it"


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
