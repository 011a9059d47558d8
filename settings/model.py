"""What an environment says: one model, checked at the boundary, frozen inside.

Attribute `account_id` is `accountId` in YAML. The descriptions become Pulumi.yaml's configuration block and the
JSON Schema of a stack's file (`python -m ops schema`).
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from mistakes.document import Path
from mistakes.shapes import FilePath, YesNo
from settings.base import Finding, Model
from settings.cloud import Aws, Custody, SealIdentity, identity_findings, identity_of
from settings.clusters import Clusters, cluster_findings, mount_of
from settings.helm import Helm, tunnel_findings
from settings.login import Access, Account, People
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
    clusters: Annotated[
        Clusters,
        Field(description="Other Kubernetes clusters whose services use this Vault, by name."),
    ] = {}  # noqa: RUF012  pydantic copies defaults, and the model is frozen

    @property
    def in_pods(self) -> bool:
        """Whether the servers are pods."""
        return self.server.kind != "processes"

    @property
    def seal_identity(self) -> SealIdentity:
        """Where the servers' own AWS identity comes from."""
        return identity_of(self.cloud, in_pods=self.in_pods)

    def findings(self) -> Iterator[Finding]:
        """Hold what concerns two parts."""
        for path, wrong, cure in identity_findings(self.cloud, in_pods=self.in_pods):
            yield ("cloud", *path), wrong, cure
        if not self.cloud.is_emulator:
            for index, cidr in enumerate(self.account.cidrs):
                if cidr.endswith("/0"):
                    wrong = "lets the account log in from everywhere"
                    yield ("account", "cidrs", index), wrong, "write the pipeline's networks"
        if isinstance(self.server, Helm):
            for path, wrong, cure in tunnel_findings(self.server, self.account.cidrs):
                yield ("account", *path), wrong, cure
        yield from cluster_findings(self.clusters, self.access, self.server)
        mounts = {"access": self.access.mount}
        others: list[tuple[str, Path, str]] = [
            ("people", ("people", "mount"), self.people.mount),
            ("account", ("account", "mount"), self.account.mount),
        ]
        for name, cluster in self.clusters.items():
            mount_at: Path = ("clusters", name, "access", "mount")
            others.append((f"cluster {name}", mount_at, mount_of(name, cluster)))
        for part, at, mount in others:
            same = [other for other, taken in mounts.items() if taken == mount]
            if same or mount == "token":
                whose = f"{same[0]}'s mount" if same else "Vault's own login mount"
                yield at, f"is {whose} already", "write another"
            mounts[part] = mount
