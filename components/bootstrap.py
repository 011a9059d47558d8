"""VaultBootstrap: from sealed and empty to owned. A thin resource over custody/, which does the work."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_vault as vault
from pulumi import dynamic

from acl.account import Shape, account_acl
from components.account import (
    AccountArgs,
    PasswordError,
    absolute,
    account_properties,
    account_provider,
    password_of,
)
from components.cloud.contract import CustodyPlace, Seal
from components.coverage import Coverage, unsettled
from components.custody_place import FOR_THE_PROOF, custody_of, custody_properties
from components.dynamic_errors import told
from components.dynamic_progress import progress, tell
from components.server.address import reached_cluster
from components.server.contract import Server
from custody.errors import CustodyError
from custody.states import refuse_other_shares

if TYPE_CHECKING:
    from custody.account import Mounts
    from custody.request import ClusterAddress, Request


@dataclass(frozen=True, kw_only=True)
class VaultBootstrapArgs:
    """Whom to own, where its keys go, and who configures it afterwards."""

    server: Server
    custody: CustodyPlace
    seal: Seal | None = None
    """What seals the servers, where it is no key of the cloud's that `custody` says how to prove."""
    account: AccountArgs
    shape: Shape
    """Mounts and login methods that the program declares: the account may manage these and no other."""
    directory: str
    """Where the envelope's local copy lies until custody has been read back."""
    recovery_shares: int = 5
    recovery_threshold: int = 3
    keep: bool = True


class BootstrapProvider(dynamic.ResourceProvider):
    """Create is resumable, read shows drift, delete does nothing, no output is a secret."""

    serialize_as_secret_always = False

    @told(CustodyError, PasswordError)
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Prove, init, store, own: from wherever an earlier run got to."""
        from custody.bootstrap import bootstrap  # noqa: PLC0415  hvac is slow to import
        from custody.store import custody_at  # noqa: PLC0415

        shape = Shape.from_document(props["shape"])
        say = progress("bootstrap")

        def explain() -> None:
            # A server that can't use its seal key ends at once: then the proof knows why.
            say("prove seal", "before")
            custody_at(custody_of(props)).prove_seal()

        with reached_cluster(props, _as_step(say), explain) as cluster:
            owned = bootstrap(_request(props, shape, cluster), say)
        covered = shape.to_document()
        outs = {**_kept(props), "covered": covered, "cluster_id": owned.cluster_id}
        return dynamic.CreateResult(id_=owned.cluster_id, outs=outs)

    @told(CustodyError, PasswordError)
    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """Raise when sealed or unreachable; show an account that isn't as it was left."""
        from custody.bootstrap import check  # noqa: PLC0415

        with reached_cluster(props) as cluster:
            status = check(_request(props, Shape.from_document(props["covered"]), cluster))
        # A diff against what is declared makes the next `up` put it right.
        outs = props if status.as_declared else props | {"acl": f"drifted: {status.reason}"}
        return dynamic.ReadResult(id_=id_, outs=outs)

    @told(CustodyError)
    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Another shape, password or address is an update. Nothing ever replaces an owned cluster."""
        if "recovery_shares" in olds:
            refuse_other_shares(intended=_shares(olds), asked=_shares(news))
        changed = any(olds.get(key) != news.get(key) for key in _UPDATES)
        return dynamic.DiffResult(changes=changed or unsettled(olds, news["shape"]))

    @told(CustodyError, PasswordError)
    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Write the account anew with a minted root token."""
        from custody.bootstrap import update  # noqa: PLC0415

        coverage = Coverage.of(olds, news)
        covered = coverage.widest

        def acl_for(mounts: "Mounts") -> str:
            nonlocal covered
            covered = coverage.given(mounts.engines, mounts.methods, mounts.acls)
            return account_acl(covered, name=news["name"], mount=news["mount"])

        say = progress("bootstrap")
        with reached_cluster(news, _as_step(say)) as cluster:
            request = _request(news, covered, cluster, former_mount=olds.get("mount"))
            owned = update(request, say, acl_for)
        if coverage.looked_in_vain(covered):
            left = ", ".join(coverage.left(covered))
            tell(f"{left}: declared no more and still mounted, so the account may still manage it")
        outs = {**_kept(news), **coverage.outputs(covered), "cluster_id": owned.cluster_id}
        return dynamic.UpdateResult(outs=outs)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Do nothing: the keys of a cluster outlive the program that made it."""


_UPDATES = (
    "acl", "shape", "mount", "name", "cidrs", "password_fingerprint", "members",
    "generate_root_members", "ca_certificate", "reach", "custody", "directory", "raft_servers",
)  # fmt: skip


def _kept(props: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in props.items() if key not in FOR_THE_PROOF}


def _shares(props: Mapping[str, Any]) -> tuple[int, int]:
    return int(props["recovery_shares"]), int(props["recovery_threshold"])


def _as_step(say: Callable[[str, str], None]) -> Callable[[str], None]:
    return lambda line: say(line, "before")


def _request(
    props: Mapping[str, Any],
    covered: Shape,
    cluster: "ClusterAddress",
    *,
    former_mount: str | None = None,
) -> "Request":
    from custody.request import Account, AuditDevice, Request  # noqa: PLC0415

    return Request(
        cluster=cluster,
        custody=custody_of(props),
        account=Account(
            mount=props["mount"],
            name=props["name"],
            password=password_of(props),
            acl_name=props["name"],
            acl=account_acl(covered, name=props["name"], mount=props["mount"]),
            cidrs=tuple(props["cidrs"]),
            former_mount=former_mount,
        ),
        directory=Path(props["directory"]),
        wipe_commands=tuple(props["wipe_commands"]),
        audit_devices=tuple(
            AuditDevice(path=f"file-{index}", kind="file", options={"file_path": path})
            for index, path in enumerate(props["audit_files"])
        ),
        # A state that an older program left has none.
        raft_servers=int(props.get("raft_servers") or 0),
        seal=props.get("seal") or "auto",
        recovery_shares=_shares(props)[0],
        recovery_threshold=_shares(props)[1],
    )


class VaultBootstrap(pulumi.ComponentResource):
    """An owned cluster, and the provider that configures it as the limited account."""

    address: pulumi.Output[str]
    """Known to be owned by whoever uses it."""
    ca_certificate: pulumi.Output[str]
    """PEM of the CA that signed every listener."""
    provider: vault.Provider

    def __init__(
        self, name: str, args: VaultBootstrapArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:bootstrap:VaultBootstrap", name, {}, opts)
        account = args.account
        owned = _Owned(
            f"{name}-owned",
            {
                "flavour": args.server.flavour,
                "address": args.server.address,
                "members": args.server.members,
                "generate_root_members": args.server.generate_root_members,
                "ca_certificate": args.server.ca_certificate,
                "reach": args.server.reach and asdict(args.server.reach),
                "wipe_commands": list(args.server.wipe_commands),
                "audit_files": list(args.server.audit_files),
                "raft_servers": args.server.raft_servers,
                **custody_properties(args.custody, args.server.seal_proof, args.seal),
                **account_properties(account),
                "shape": args.shape.to_document(),
                # Its text stands in the state so that a preview shows which permissions change.
                "acl": account_acl(args.shape, name=account.name, mount=account.mount),
                "directory": absolute(args.directory),
                "seal": "shamir" if args.seal and args.seal.kind == "shamir" else "auto",
                "recovery_shares": args.recovery_shares,
                "recovery_threshold": args.recovery_threshold,
            },
            pulumi.ResourceOptions(parent=self, protect=args.keep),
        )
        self.address = owned.address
        self.ca_certificate = args.server.ca_certificate
        self.provider = account_provider(
            f"{name}-account",
            account,
            address=owned.address,
            ca_file=args.server.ca_file,
            parent=self,
        )
        self.register_outputs({"address": self.address})


class _Owned(dynamic.Resource, module="strongroom", name="Owned"):
    """The dynamic resource behind it."""

    address: pulumi.Output[str]
    cluster_id: pulumi.Output[str]

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        # Declared as an output: what the provider returns beyond the inputs is dropped otherwise.
        super().__init__(BootstrapProvider(), name, {**props, "cluster_id": None}, opts)
