"""What an environment says: one model, checked at the boundary, frozen inside.

Attribute `account_id` is `accountId` in YAML. The descriptions become Pulumi.yaml's configuration block and the
JSON Schema of a stack's file (`python -m ops schema`).
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from mistakes.shapes import FilePath, YesNo
from settings.base import Finding, Model
from settings.cloud import Aws, Custody, SealIdentity, identity_findings, identity_of
from settings.helm import Helm, tunnel_findings
from settings.login import Access, Account, People
from settings.seal import Seal, ShamirSeal, Unsealer, seal_findings
from settings.server import Server


class Settings(Model):
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
    # A union by `kind` when there is a second one, as `server` is.
    cloud: Annotated[Aws, Field(description="Where keys and buckets live.")]
    seal: Annotated[
        Seal | None, Field(description="What seals Vault; a key of the cloud's KMS if not given.")
    ] = None
    former_seal: Annotated[
        Seal | None,
        Field(description="What sealed it before, until every server has migrated."),
    ] = None
    custody: Annotated[Custody, Field(description="Custody of what init returns.")] = Custody()
    server: Annotated[Server, Field(description="What runs the Vault servers.")]
    account: Annotated[
        Account,
        Field(
            description="The limited account that configures Vault. Its password: passwordFile, or the"
            " stack secret strongroom:accountPassword."
        ),
    ]
    access: Annotated[Access, Field(description="How services log in.")]
    people: Annotated[People, Field(description="How people log in.")] = People()

    @property
    def in_pods(self) -> bool:
        """Whether the servers are pods."""
        return self.server.kind != "processes"

    @property
    def seal_identity(self) -> SealIdentity:
        """Where the servers' own AWS identity comes from."""
        return identity_of(self.cloud, in_pods=self.in_pods)

    @property
    def unsealer(self) -> Unsealer | None:
        """The pods that unseal the servers."""
        return self.seal.unsealer if isinstance(self.seal, ShamirSeal) else None

    def _unsealer_findings(self) -> Iterator[Finding]:
        if self.unsealer is None:
            return
        path = ("seal", "unsealer")
        if not self.in_pods:
            wrong = "means nothing where servers are processes"
            yield path, wrong, "delete it, and run `python -m ops unseal --watch`"
        elif self.cloud.is_emulator or self.cloud.oidc_provider is None:
            wrong = (
                "takes its AWS role by IRSA, and cloud.oidcProvider is missing or AWS an emulator"
            )
            yield path, wrong, "write cloud.oidcProvider, or delete it"
        elif self.unsealer.service_account == self.server.service_account:
            wrong = "is the servers' own, which must not reach custody"
            yield (*path, "serviceAccount"), wrong, "write another"

    @property
    def releases(self) -> Literal["recovery", "unseal"] | None:
        """Which of custody's keys lose their role while servers migrate from the former seal."""
        if self.former_seal is None:
            return None
        was, is_now = (isinstance(each, ShamirSeal) for each in (self.former_seal, self.seal))
        if was == is_now:
            return None
        return "unseal" if was else "recovery"

    def findings(self) -> Iterator[Finding]:
        """Hold what concerns two parts."""
        for path, wrong, cure in identity_findings(self.cloud, in_pods=self.in_pods):
            yield ("cloud", *path), wrong, cure
        yield from seal_findings(self.cloud.kind, self.seal, self.former_seal)
        yield from self._unsealer_findings()
        if not self.cloud.is_emulator:
            for index, cidr in enumerate(self.account.cidrs):
                if cidr.endswith("/0"):
                    wrong = "lets the account log in from everywhere"
                    yield ("account", "cidrs", index), wrong, "write the pipeline's networks"
        if isinstance(self.server, Helm):
            for path, wrong, cure in tunnel_findings(self.server, self.account.cidrs):
                yield ("account", *path), wrong, cure
        mounts = {"access": self.access.mount}
        for part, mount in (("people", self.people.mount), ("account", self.account.mount)):
            same = [other for other, taken in mounts.items() if taken == mount]
            if same or mount == "token":
                whose = f"{same[0]}'s mount" if same else "Vault's own login mount"
                yield (part, "mount"), f"is {whose} already", "write another"
            mounts[part] = mount
