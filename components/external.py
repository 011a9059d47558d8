"""ExternalVault: a Vault that somebody else runs, and in it the account that this program works as.

The account, its login method and its acl are made with a token that the Vault's owner lends, from the environment of
that one run. It is needed again only where the account must be able to do more, or changes otherwise.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from components.coverage import Coverage, unsettled
from components.dynamic_errors import told
from components.dynamic_progress import progress, tell
from components.server.address import external_cluster
from components.server.contract import Flavour
from custody.errors import CustodyError
from custody.secret import Secret

if TYPE_CHECKING:
    from custody.account import Mounts
    from custody.external import ExternalCluster
    from custody.request import Account

LENT = "STRONGROOM_VAULT_TOKEN"
"""The variable with the lent token. Not VAULT_TOKEN, which stands in many a shell without being meant for this."""


@dataclass(frozen=True, kw_only=True)
class ExternalVaultArgs:
    """Where it is, and as whom this program works there."""

    flavour: Flavour
    address: str
    """https."""
    ca: str | None
    """A PEM file; None: the CAs that this machine trusts."""
    namespace: str | None
    """OpenBao's, Vault Enterprise's or HCP's; it is there already."""
    account: AccountArgs
    shape: Shape
    """Mounts and login methods that the program declares: the account may manage these and no other."""
    keep: bool = True

    def __post_init__(self) -> None:
        if not self.address.startswith("https://"):
            raise ValueError(f"address must begin with https://; it is {self.address!r}")


class ExternalProvider(dynamic.ResourceProvider):
    """Create and update want the lent token where something has to be written, and only there."""

    serialize_as_secret_always = False

    @told(CustodyError, PasswordError)
    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Make the account; one that is there as declared (a state was lost) is taken as it is."""
        shape = Shape.from_document(props["shape"])
        cluster = external_cluster(props)
        if lent() is not None:
            # Also over one that looks right: its networks can't be seen without the token.
            _write(cluster, lambda _: _account(props, shape))
        else:
            _hold(cluster, _account(props, shape), "the account is not there")
        id_ = cluster.cluster_id()
        outs = {**props, "covered": shape.to_document(), "cluster_id": id_}
        return dynamic.CreateResult(id_=id_, outs=outs)

    @told(CustodyError, PasswordError)
    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """Raise when sealed or unreachable; show an account that isn't as it was left."""
        from custody.external import difference  # noqa: PLC0415  hvac is slow to import

        covered = Shape.from_document(props["covered"])
        reason = difference(external_cluster(props), _account(props, covered))
        # A diff against what is declared makes the next `up` say what is to be done.
        return dynamic.ReadResult(
            id_=id_, outs=props if reason is None else props | {"acl": f"drifted: {reason}"}
        )

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Everything is an update. An acl that may shrink does so when there is a token anyway."""
        changed = any(olds.get(key) != news.get(key) for key in _UPDATES)
        may_shrink = lent() is not None and unsettled(olds, news["shape"])
        return dynamic.DiffResult(changes=changed or may_shrink)

    @told(CustodyError, PasswordError)
    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Write the account with the lent token. Without one, be content if it can do what is declared."""
        cluster = external_cluster(news)
        found = _same_place(cluster, olds, news)
        coverage = Coverage.of(olds, news)
        covered = coverage.widest
        if lent() is None:
            _refuse_to_change(olds, news)
            covered = _sufficient(cluster, news, coverage)
            outs = {**news, "covered": covered.to_document(), "looked": int(olds.get("looked", 0))}
            return dynamic.UpdateResult(outs={**outs, "cluster_id": found})

        def declared_for(mounts: "Mounts") -> "Account":
            nonlocal covered
            covered = coverage.given(mounts.engines, mounts.methods, mounts.acls)
            return replace(_account(news, covered), former_mount=olds.get("mount"))

        _write(cluster, declared_for)
        return dynamic.UpdateResult(outs={**news, **coverage.outputs(covered), "cluster_id": found})

    @told(CustodyError, PasswordError)
    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """With a lent token take the account away; without, say what is left."""
        from custody.external import remove  # noqa: PLC0415  as above

        token = lent()
        if token is None:
            tell(
                f"left at {props['address']}: login method auth/{props['mount']} and acl {props['name']};"
                f" with {LENT} set they would have gone, too"
            )
            return
        covered = Shape.from_document(props["covered"])
        remove(external_cluster(props), token, _account(props, covered))


_UPDATES = (
    "flavour", "address", "ca_certificate", "namespace", "acl", "shape", "mount", "name", "cidrs",
    "password_fingerprint",
)  # fmt: skip
_WRITTEN = {
    "mount": "account.mount", "name": "account.name", "cidrs": "account.cidrs",
    "password_fingerprint": "the account's password",
}  # fmt: skip
"""What only a token of the owner's can change, and what people call it."""


def lent() -> Secret | None:
    """Give the lent token, if this run has one."""
    value = os.environ.get(LENT, "").strip()
    return Secret(value) if value else None


def _wants_token(address: str, what: str) -> CustodyError:
    return CustodyError(
        f"{what} must be written at {address}, which takes its owner's token",
        f"run this once with {LENT} set to a root or administrator token; it is kept nowhere",
    )


def _same_place(
    cluster: "ExternalCluster", olds: Mapping[str, Any], news: Mapping[str, Any]
) -> str:
    """Give the cluster's id, which is still that of the state: everything else in the state lies there."""
    found = cluster.cluster_id()
    if found != olds["cluster_id"]:
        raise CustodyError(
            f"{news['address']} is cluster {found}, and this stack's is {olds['cluster_id']}",
            "put server.address back, or take another stack for another Vault",
        )
    if news.get("namespace") != olds.get("namespace"):
        was = olds.get("namespace") or "none"
        raise CustodyError(
            f"server.vaultNamespace has changed, and everything of this stack lies in the one before ({was})",
            "put it back, or take another stack for another namespace",
        )
    return found


def _refuse_to_change(olds: Mapping[str, Any], news: Mapping[str, Any]) -> None:
    changed = [name for key, name in _WRITTEN.items() if olds.get(key) != news.get(key)]
    if changed:
        raise _wants_token(news["address"], f"{', '.join(changed)}: changed, and the account")


def _hold(cluster: "ExternalCluster", declared: "Account", what: str) -> None:
    """Insist that the account is as declared."""
    from custody.external import difference  # noqa: PLC0415  as above

    reason = difference(cluster, declared)
    if reason is not None:
        raise _wants_token(cluster.address.members[0], f"{what} ({reason}): it")


def _sufficient(cluster: "ExternalCluster", news: Mapping[str, Any], coverage: Coverage) -> Shape:
    """Give what the acl on the server covers, which is at least what is declared.

    That of before, if nothing is new; else one that `ops adopt` has written already.
    """
    from custody.external import difference  # noqa: PLC0415  as above

    new = coverage.declared.beyond(coverage.before)
    if not new:
        _hold(cluster, _account(news, coverage.before), "the account has changed")
        return coverage.before
    if difference(cluster, _account(news, coverage.widest)) is None:
        return coverage.widest
    raise _wants_token(news["address"], f"{', '.join(new)}: new, and the account's acl")


def _write(cluster: "ExternalCluster", declared_for: Any) -> None:
    from custody.external import write  # noqa: PLC0415  as above

    token = lent()
    if token is None:
        raise AssertionError("nobody writes without a token")
    progress("external")("account", "before")
    write(cluster, token, declared_for)


def _account(props: Mapping[str, Any], covered: Shape) -> "Account":
    from custody.request import Account  # noqa: PLC0415  as above

    return Account(
        mount=props["mount"],
        name=props["name"],
        password=password_of(props),
        acl_name=props["name"],
        acl=account_acl(covered, name=props["name"], mount=props["mount"]),
        cidrs=tuple(props["cidrs"]),
    )


class ExternalVault(pulumi.ComponentResource):
    """Stands where VaultBootstrap does: an address that is known to take the account, and its provider."""

    address: pulumi.Output[str]
    ca_certificate: pulumi.Output[str]
    """PEM; empty where this machine's CAs are trusted."""
    provider: vault.Provider

    def __init__(
        self, name: str, args: ExternalVaultArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("strongroom:external:ExternalVault", name, {}, opts)
        account = args.account
        ca = None if args.ca is None else absolute(args.ca)
        taken = _External(
            f"{name}-account",
            {
                "flavour": args.flavour,
                "address": args.address,
                "ca_certificate": None if ca is None else Path(ca).read_text(),
                "namespace": args.namespace,
                **account_properties(account),
                "shape": args.shape.to_document(),
                # Its text stands in the state so that a preview shows which permissions change.
                "acl": account_acl(args.shape, name=account.name, mount=account.mount),
            },
            pulumi.ResourceOptions(parent=self, protect=args.keep),
        )
        self.address = taken.address
        self.ca_certificate = pulumi.Output.from_input("" if ca is None else Path(ca).read_text())
        self.provider = account_provider(
            f"{name}-provider",
            account,
            # Known in a first preview, too, which may have something to import.
            address=args.address,
            after=taken,
            ca_file=ca,
            namespace=args.namespace,
            parent=self,
        )
        self.register_outputs({"address": self.address})


class _External(dynamic.Resource, module="strongroom", name="External"):
    """The dynamic resource behind it."""

    address: pulumi.Output[str]
    cluster_id: pulumi.Output[str]

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        # Declared as an output: what the provider returns beyond the inputs is dropped otherwise.
        super().__init__(ExternalProvider(), name, {**props, "cluster_id": None}, opts)
