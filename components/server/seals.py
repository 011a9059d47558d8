"""Seals that belong to no cloud: a key in another Vault (transit), and keys that custody holds (Shamir)."""

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pulumi

from components.cloud.contract import Seal

TOKEN = "VAULT_TOKEN"  # noqa: S105  a variable's name
"""What a server finds its token for the keeper in; OpenBao reads this name, too."""


@dataclass(frozen=True, kw_only=True)
class TransitSealArgs:
    """A key in a transit engine of another Vault, the keeper.

    Raises:
        ValueError: naming the field.

    """

    address: str
    key_name: str
    token: pulumi.Input[str]
    """Secret. Periodic, and good for nothing but that key (`acl.seal`): the servers renew it by themselves."""
    ca_file: str
    """Of the CA that signed the keeper's certificate, on this machine."""
    mount_path: str = "transit"
    namespace: str | None = None

    def __post_init__(self) -> None:
        if urlsplit(self.address).scheme != "https" or not urlsplit(self.address).hostname:
            raise ValueError(f"address must begin with https://; it is {self.address!r}")


def transit_seal(args: TransitSealArgs) -> Seal:
    """Give the seal. What is secret of it is in the servers' environment only, never in a configuration file.

    Source: https://openbao.org/docs/configuration/seal/transit
    """
    # Nothing tells anybody on the day on which it happens.
    pulumi.log.info(
        f"the servers renew their token at {args.address}: all of them down for longer than its period, none starts"
        " until it is given a new one"
    )
    namespace = {} if args.namespace is None else {"namespace": args.namespace}
    return Seal(
        kind="transit",
        parameters={
            "address": args.address,
            "mount_path": args.mount_path,
            "key_name": args.key_name,
            **namespace,
        },
        secret_environment={TOKEN: pulumi.Output.secret(args.token)},
        ca_file=str(Path(args.ca_file).resolve()),
    )


def shamir_seal() -> Seal:
    """Give the seal of servers that are unsealed with keys from custody: by the bootstrap, then by `ops unseal`."""
    return Seal(kind="shamir", parameters={})


def taking_over(seal: Seal, former: Seal | None) -> Seal:
    """Give the seal with the one that it takes over from.

    Raises:
        ValueError: where both are of one kind, which servers can't tell apart.

    """
    if former is not None and former.kind == seal.kind:
        raise ValueError(f"former must be of another kind than the seal, {seal.kind}")
    return replace(seal, former=former)


def unsaid_migration(
    before: tuple[str | None, str | None], now: tuple[str | None, str | None]
) -> str | None:
    """Say why servers would not come up with another seal; None if they would. Each is (seal, former seal), kinds.

    Back to the former one is allowed as long as it stands there: so a migration is undone that can't begin. A state
    of before this was recorded has no seal.
    """
    (had, took_over), (has, former) = before, now
    if had is None or has in (had, took_over) or former == had:
        return None
    return (
        f"the servers are sealed by {had}, and strongroom:seal says {has}: also write strongroom:formerSeal,"
        f" {{kind: {had}}} with all that stood in seal, and go by docs/seal-migration.md; or put strongroom:seal back"
    )


def parameters(seal: Seal) -> dict[str, pulumi.Input[str]]:
    """Give the stanza's parameters where the keeper's CA lies on this machine, as with servers that are processes."""
    keeper: dict[str, pulumi.Input[str]] = (
        {} if seal.ca_file is None else {"tls_ca_cert": seal.ca_file}
    )
    return {**seal.parameters, **keeper}
