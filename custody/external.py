"""A Vault that somebody else runs: no init, no keys, no seal. The account is made with a token that its owner lends.

That token is asked for again whenever the account has to be written; it is kept nowhere and revoked by nobody here.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import hvac

from custody import account, names
from custody.account import Mounts
from custody.errors import CustodyError, RefusedError, UnreachableError
from custody.request import Account, ClusterAddress
from custody.secret import Secret
from custody.vault import FORBIDDEN, Cluster, Member, ask, only_this_ca

_NO_NAMESPACE = "namespace not found"


@dataclass(frozen=True, kw_only=True)
class ExternalAddress:
    """Where it is, and by what it is known."""

    flavour: Literal["openbao", "vault"]
    url: str
    """One address for the whole cluster: what stands there leads to a node that serves."""
    ca_certificate: str | None = None
    """PEM; None: the CAs that this machine trusts."""
    namespace: str | None = None
    """Everything is asked in it; None: the root."""


class ExternalCluster(Cluster):
    """The same questions, asked at one address and in one namespace."""

    def __init__(self, address: ExternalAddress) -> None:
        trusted = address.ca_certificate
        context = ssl.create_default_context() if trusted is None else only_this_ca(trusted)
        at = ClusterAddress(
            flavour=address.flavour,
            members=(address.url,),
            generate_root_members=(address.url,),
            ca_certificate=trusted or "",
        )
        names.check_cluster(at)
        super().__init__(at, context)
        self.namespace = address.namespace
        # What a server says of itself it says in the root namespace only.
        self._outside = Cluster(at, context)

    def client(self, url: str, token: Secret | None = None) -> hvac.Client:
        """Give a client in the namespace."""
        client = super().client(url, token)
        client.adapter.namespace = self.namespace
        return client

    def members(self) -> tuple[Member | None, ...]:
        """Ask whatever answers at the address."""
        return self._outside.members()

    def active(self, token: Secret | None = None) -> hvac.Client:
        """Give a client of the address: a standby hands on what it is asked.

        Raises:
            CustodyError: if it is sealed, or was never initialised.

        """
        url = self.address.members[0]
        member = self.members()[0]
        if member is None:
            raise UnreachableError(
                f"{url} does not answer", "see that it runs and that server.address leads to it"
            )
        if not member.initialised or member.sealed:
            state = "sealed" if member.initialised else "not initialised"
            raise CustodyError(f"{url} is {state}", "that is its owner's to change; run again then")
        return self.client(url, token)

    def check_namespace(self) -> None:
        """Refuse a namespace at a server that would take no notice of it.

        Raises:
            CustodyError: for HashiCorp Vault's community edition, which has none and ignores the header.

        """
        if self.namespace is None or self.address.flavour != "vault":
            return
        client = self._outside.client(self.address.members[0])
        version = ask(client.url, "seal status", client.sys.read_seal_status).get("version", "")
        if "+ent" not in version and "+hcp" not in version:
            raise CustodyError(
                f"{client.url} is Vault {version}, whose community edition has no namespaces",
                "delete server.vaultNamespace, or take Vault Enterprise, HCP or OpenBao",
            )


def difference(cluster: ExternalCluster, declared: Account) -> str | None:
    """Say how the account differs from what is declared, None if it doesn't; asks as the account alone.

    Raises:
        CustodyError: if the server does not answer, is sealed, or lacks the namespace.

    """
    names.check_account(declared)
    cluster.check_namespace()
    return account.difference(cluster, declared)


def write(
    cluster: ExternalCluster,
    token: Secret,
    declared_for: Callable[[Mounts], Account],
) -> None:
    """Make or change login method, acl and account with a lent token, and prove them by the account's own login.

    `declared_for` gives the account once it is known what is mounted.

    Raises:
        CustodyError: if the server refuses; says what the token lacks.

    """
    cluster.check_namespace()
    try:
        declared = declared_for(account.mounts(cluster, token))
        names.check_account(declared)
        account.apply(cluster, token, declared)
    except RefusedError as error:
        raise _explained(cluster, error) from None
    account.prove(cluster, declared)
    account.leave_former(cluster, token, declared)


def remove(cluster: ExternalCluster, token: Secret, declared: Account) -> None:
    """Take login method and acl away again.

    Raises:
        CustodyError: if the server refuses.

    """
    names.check_account(declared)
    try:
        account.withdraw(cluster, token, declared)
    except RefusedError as error:
        raise _explained(cluster, error) from None


def _explained(cluster: ExternalCluster, error: RefusedError) -> CustodyError:
    url, namespace = cluster.address.members[0], cluster.namespace
    if _NO_NAMESPACE in error.cause:
        return CustodyError(
            f"{url} has no namespace {namespace}",
            f"let its owner make it (bao namespace create {namespace}), or correct server.vaultNamespace",
        )
    if error.reason == FORBIDDEN:
        return CustodyError(
            error.cause,
            "the token that was lent is not an administrator's here, or has ended; docs/external.md lists"
            " what it needs",
        )
    return error
