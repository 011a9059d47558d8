"""What an environment says: one model, checked at the boundary, frozen inside.

Attribute `account_id` is `accountId` in YAML. The descriptions become Pulumi.yaml's configuration block and the
JSON Schema of a stack's file (`python -m ops schema`).
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from mistakes.document import Path
from mistakes.shapes import FilePath, YesNo
from settings.alicloud import Alicloud
from settings.base import Finding, Model
from settings.cloud import Aws, Cloud, Custody, identity_findings
from settings.clusters import Clusters, cluster_findings, mount_of
from settings.external import External, external_findings
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
    cloud: Annotated[
        Cloud | None,
        Field(
            description="Where keys and buckets live. Must be given, but for server.kind external where no"
            " service has a cloud entry."
        ),
    ] = None
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
    clusters: Annotated[
        Clusters,
        Field(description="Other Kubernetes clusters whose services use this Vault, by name."),
    ] = {}  # noqa: RUF012  pydantic copies defaults, and the model is frozen

    @property
    def in_pods(self) -> bool:
        """Whether the servers are pods."""
        return isinstance(self.server, Helm)

    @property
    def is_external(self) -> bool:
        """Whether somebody else runs the servers."""
        return isinstance(self.server, External)

    @property
    def vault_namespace(self) -> str | None:
        """The namespace of Vault's own in which everything lies; None: the root."""
        return self.server.vault_namespace if isinstance(self.server, External) else None

    @property
    def own_cloud(self) -> Aws | Alicloud:
        """The cloud of seal and custody, which is given unless somebody else runs the servers."""
        if self.cloud is None:
            raise ValueError("cloud must be given: seal and custody are there")
        return self.cloud

    @property
    def unsealer(self) -> Unsealer | None:
        """The pods that unseal the servers."""
        return self.seal.unsealer if isinstance(self.seal, ShamirSeal) else None

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
        yield from self._of_cloud()
        yield from self._of_seal()
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

    def _of_cloud(self) -> Iterator[Finding]:
        if self.is_external:
            has_custody = "custody" in self.model_fields_set
            yield from external_findings(self.cloud, has_custody=has_custody)
        elif self.cloud is not None:
            if isinstance(self.cloud, Aws):
                for path, wrong, cure in identity_findings(self.cloud, in_pods=self.in_pods):
                    yield ("cloud", *path), wrong, cure
            for path, wrong, cure in self.custody.of_another(self.cloud.kind):
                yield ("custody", *path), wrong, cure
        if not self.is_external and self.cloud is not None and self.cloud.is_emulator:
            return
        for index, cidr in enumerate(self.account.cidrs):
            if cidr.endswith("/0"):
                wrong = "lets the account log in from everywhere"
                yield ("account", "cidrs", index), wrong, "write the pipeline's networks"

    def _of_seal(self) -> Iterator[Finding]:
        if self.is_external:
            for name, said in (("seal", self.seal), ("formerSeal", self.former_seal)):
                if said is not None:
                    wrong = "means nothing with server.kind external, which has a seal of its own"
                    yield (name,), wrong, "delete it"
        elif self.cloud is not None:
            yield from seal_findings(self.cloud.kind, self.seal, self.former_seal)
            yield from self._of_unsealer(self.cloud)

    def _of_unsealer(self, cloud: Aws | Alicloud) -> Iterator[Finding]:
        if self.unsealer is None:
            return
        path = ("seal", "unsealer")
        if not isinstance(self.server, Helm):
            wrong = "means nothing where servers are processes"
            yield path, wrong, "delete it, and run `python -m ops unseal --watch`"
        elif not isinstance(cloud, Aws):
            wrong = "takes a role of AWS, and the cloud is another"
            yield path, wrong, "delete it, and run `python -m ops unseal --watch`"
        elif cloud.oidc_provider is None and cloud.pod_endpoint is None:
            wrong = "takes its AWS role by IRSA, and cloud.oidcProvider is missing"
            yield path, wrong, "write cloud.oidcProvider, or delete it"
        elif self.unsealer.service_account == self.server.service_account:
            wrong = "is the servers' own, which must not reach custody"
            yield (*path, "serviceAccount"), wrong, "write another"
