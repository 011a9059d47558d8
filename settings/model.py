"""What an environment says: one model, checked at the boundary, frozen inside.

Attribute `account_id` is `accountId` in YAML. The descriptions become Pulumi.yaml's configuration block and the
JSON Schema of a stack's file (`python -m ops schema`).
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from mistakes.document import Path
from mistakes.shapes import (
    Bucket,
    Cidr,
    FilePath,
    Label,
    MountName,
    Text,
    Url,
    Whole,
    YesNo,
    is_loopback,
    refuse_all,
    shape,
)

Finding = tuple[Path, str, str]

Arn = Annotated[
    Text,
    shape(
        r"^arn:aws(-cn|-us-gov)?:(iam|sts)::[0-9]{12}:[A-Za-z0-9_+=,.@/-]+$",
        "the ARN of an account's root, a role or a user, with no `*`",
        "arn:aws:iam::123456789012:role/pipeline",
    ),
]
Port = Annotated[Whole, Field(ge=1024, le=65534)]
NODES = (1, 3, 5)


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        validate_default=False,
        # A refused value may be a secret in the wrong place.
        hide_input_in_errors=True,
    )

    @model_validator(mode="after")
    def _whole(self) -> "_Model":
        refuse_all(self.findings())
        return self

    def findings(self) -> Iterator[Finding]:
        """Give what is wrong between fields that are right by themselves."""
        yield from ()


class Aws(_Model):
    """An AWS account."""

    kind: Annotated[Literal["aws"], Field(description="Which cloud.")]
    region: Annotated[
        Text,
        shape(r"^[a-z]{2}(-[a-z]+)+-[0-9]$", "an AWS region", "eu-central-1"),
        Field(description="Where keys and buckets live."),
    ]
    account_id: Annotated[
        Text,
        shape(r"^[0-9]{12}$", "twelve digits in quotes", "123456789012"),
        Field(description="The account's number, in quotes: YAML would read a number."),
    ]
    endpoint: Annotated[
        Url | None,
        Field(
            description="Where AWS is answered instead of at AWS. Plain http on a loopback address"
            " only, otherwise https."
        ),
    ] = None
    oidc_provider: Annotated[
        Text,
        shape(
            r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[A-Za-z0-9._/-]+)?$",
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
            description="The bucket policy that denies plain http and overwriting. Only an emulator,"
            " which can't judge it, switches it off."
        ),
    ] = True
    deletion_window_days: Annotated[
        Whole, Field(ge=7, le=30, description="How long a deleted key can be brought back.")
    ] = 30

    def custody_bucket(self, stack: str) -> str:
        """Name the custody bucket of a stack."""
        return self.bucket or f"strongroom-custody-{self.account_id}-{stack}"

    @property
    def is_emulator(self) -> bool:
        """Whether AWS is answered on this machine."""
        return self.endpoint is not None and is_loopback(self.endpoint)

    def findings(self) -> Iterator[Finding]:
        """Refuse what only an emulator may do."""
        if not self.tls_only and not self.is_emulator:
            yield ("tlsOnly",), "is off at the real cloud", "delete it"


class Custody(_Model):
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


class Tls(_Model):
    """PEM files of every listener."""

    certificate: Annotated[FilePath, Field(description="The servers' certificate, a PEM file.")]
    key: Annotated[FilePath, Field(description="Its private key, a PEM file.")]
    ca: Annotated[FilePath, Field(description="The CA that signed it, a PEM file.")]


class Processes(_Model):
    """Vault servers as processes of this machine."""

    kind: Annotated[Literal["processes"], Field(description="What runs the servers.")]
    flavour: Annotated[Literal["openbao", "vault"], Field(description="Whose server it is.")]
    namespace: Annotated[
        Label, Field(description="Namespace of the ServiceAccount that the seal's role trusts.")
    ] = "vault"
    service_account: Annotated[
        Label, Field(description="The ServiceAccount that the seal's role trusts.")
    ] = "vault"
    command: Annotated[
        tuple[Annotated[Text, shape(r"^[^\x00-\x1f]+$", "text without line breaks", "bao")], ...],
        Field(min_length=1, description="What to run; `server -config=...` is appended."),
    ]
    directory: Annotated[
        FilePath, Field(description="Data, configurations, logs and pids of every node.")
    ]
    ports: Annotated[
        tuple[Port, ...],
        Field(
            description="One API port a node; the number after each is its cluster port.",
            examples=[[8200, 8202, 8204]],
        ),
    ]
    generate_root_ports: Annotated[
        tuple[Port, ...],
        Field(
            description="One port a node for a loopback-only listener that serves generate-root.",
            examples=[[8300, 8301, 8302]],
        ),
    ]
    tls: Annotated[Tls, Field(description="PEM files of every listener.")]

    def findings(self) -> Iterator[Finding]:
        """Every node has its ports, and no port is taken twice."""
        if len(self.ports) not in NODES:
            yield ("ports",), f"has {len(self.ports)} entries", "write 1, 3 or 5 ports"
        if len(self.generate_root_ports) != len(self.ports):
            yield (
                ("generateRootPorts",),
                f"has {len(self.generate_root_ports)} entries and ports {len(self.ports)}",
                "write one a node",
            )
        taken: dict[int, str] = {}
        for index, port in enumerate(self.ports):
            for number, what in ((port, "an API port"), (port + 1, "a cluster port")):
                if number in taken:
                    wrong = f"needs {number} as {what}, which is {taken[number]} already"
                    yield ("ports", index), wrong, "write another"
                taken.setdefault(number, what)
        for index, port in enumerate(self.generate_root_ports):
            if port in taken:
                yield ("generateRootPorts", index), f"is {taken[port]} already", "write another"
            taken.setdefault(port, "a generate-root port")


class Account(_Model):
    """The limited account that configures Vault. Its password: `passwordFile`, or secret `accountPassword`."""

    mount: Annotated[MountName, Field(description="Its own userpass mount.")] = "strongroom"
    name: Annotated[Label, Field(description="Its name, and its acl's.")] = "strongroom"
    password_file: Annotated[
        FilePath | None,
        Field(
            description="A file with its password, which then never enters the state. Otherwise the"
            " stack secret strongroom:accountPassword."
        ),
    ] = None
    cidrs: Annotated[
        tuple[Cidr, ...],
        Field(
            min_length=1,
            description="From which networks it may log in.",
            examples=[["127.0.0.1/32"]],
        ),
    ]

    def findings(self) -> Iterator[Finding]:
        """Its acl is written by nobody else."""
        if self.name in ("root", "default") or self.name.startswith(("svc-", "team-")):
            yield ("name",), "is the name of another acl", "write strongroom, say"


class Access(_Model):
    """How services log in."""

    method: Annotated[
        Literal["jwt", "kubernetes"],
        Field(
            description="jwt: ServiceAccount tokens judged by the cluster's public keys, trusted until"
            " they expire. kubernetes: by the API server."
        ),
    ]
    mount: Annotated[MountName, Field(description="Where services log in.")] = "kubernetes"
    audience: Annotated[
        Text,
        shape(r"^[!#-\[\]-~]{1,256}$", "printable text without blanks and quotes", "vault"),
        Field(description="The audience that their tokens must be made for."),
    ] = "vault"
    issuer: Annotated[Url | None, Field(description="jwt: the tokens' issuer.")] = None
    keys: Annotated[
        tuple[FilePath, ...],
        Field(description="jwt: the cluster's public keys, PEM files."),
    ] = ()
    host: Annotated[Url | None, Field(description="kubernetes: the API server's address.")] = None
    ca: Annotated[
        FilePath | None,
        Field(
            description="kubernetes: a PEM file of its CA, unless Vault runs inside the cluster."
        ),
    ] = None
    token_ttl_seconds: Annotated[
        Whole, Field(ge=60, le=86400, description="How long a service's Vault token lives.")
    ] = 600

    def findings(self) -> Iterator[Finding]:
        """Each method has what it needs and nothing of the other's."""
        if self.method == "jwt":
            if not self.issuer:
                yield ("issuer",), "is missing with method jwt", "write the tokens' issuer"
            if not self.keys:
                yield ("keys",), "is missing with method jwt", "write the cluster's PEM key files"
            foreign: dict[str, object] = {"host": self.host, "ca": self.ca}
        else:
            if not self.host:
                yield ("host",), "is missing with method kubernetes", "write the API server's URL"
            foreign = {"issuer": self.issuer, "keys": self.keys or None}
        for name, value in foreign.items():
            if value is not None:
                yield (name,), f"means nothing with method {self.method}", "delete it"
        if self.mount == "token":
            yield ("mount",), "is Vault's own login mount", "write kubernetes, say"


class People(_Model):
    """How people log in."""

    mount: Annotated[MountName, Field(description="The userpass mount of teams' members.")] = (
        "people"
    )


class Settings(_Model):
    """Everything that an environment can be told, in namespace `strongroom`."""

    keep: Annotated[
        YesNo,
        Field(
            description="Protect everything that can't be made again, and force no bucket's deletion."
        ),
    ] = True
    catalog: Annotated[
        FilePath, Field(description="The catalogue's directory, relative to the project.")
    ] = "catalog"
    # A union by `kind` when there is a second one; so is `server`.
    cloud: Annotated[Aws, Field(description="Where keys and buckets live.")]
    custody: Annotated[Custody, Field(description="Custody of what init returns.")] = Custody()
    server: Annotated[Processes, Field(description="What runs the Vault servers.")]
    account: Annotated[
        Account,
        Field(
            description="The limited account that configures Vault. Its password: passwordFile, or the"
            " stack secret strongroom:accountPassword."
        ),
    ]
    access: Annotated[Access, Field(description="How services log in.")]
    people: Annotated[People, Field(description="How people log in.")] = People()

    def findings(self) -> Iterator[Finding]:
        """Hold what concerns two parts."""
        if not self.cloud.is_emulator:
            for index, cidr in enumerate(self.account.cidrs):
                if cidr.endswith("/0"):
                    wrong = "lets the account log in from everywhere"
                    yield ("account", "cidrs", index), wrong, "write the pipeline's networks"
        mounts = {"access": self.access.mount}
        for part, mount in (("people", self.people.mount), ("account", self.account.mount)):
            same = [other for other, taken in mounts.items() if taken == mount]
            if same or mount == "token":
                whose = f"{same[0]}'s mount" if same else "Vault's own login mount"
                yield (part, "mount"), f"is {whose} already", "write another"
            mounts[part] = mount
