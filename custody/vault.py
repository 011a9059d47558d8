"""The servers, over hvac: verified against the CA that came with the request, through no proxy, within seconds."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import hvac
import requests
import tenacity
from hvac.exceptions import VaultError
from requests.adapters import HTTPAdapter

from custody.errors import CustodyError, RefusedError, UnreachableError, translated
from custody.request import ClusterAddress
from custody.secret import Secret

Result = TypeVar("Result")

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 60
_POLL_SECONDS = 0.1

FORBIDDEN = "Forbidden"
INVALID = "InvalidRequest"
ERROR = "InternalServerError"


@dataclass(frozen=True, kw_only=True)
class Member:
    """What one node says of itself without a token."""

    url: str
    initialised: bool
    sealed: bool
    cluster_id: str | None
    """None while sealed."""
    recovery_seal: bool
    """Whether it unseals itself and init gives recovery keys."""
    migrating: bool
    """Whether it waits for keys of its former seal."""


class Cluster:
    """The nodes of one cluster."""

    def __init__(self, address: ClusterAddress, context: ssl.SSLContext | None = None) -> None:
        self.address = address
        self.context = context or only_this_ca(address.ca_certificate)
        self._sessions: dict[str, requests.Session] = {}

    def client(self, url: str, token: Secret | None = None) -> hvac.Client:
        """Give a client of one node."""
        session = self._sessions.get(url)
        if session is None:
            session = self._sessions[url] = requests.Session()
            session.trust_env = False
            session.mount("https://", _OnlyThisCa(self.context))
        # An empty token, not None: for None hvac takes VAULT_TOKEN or ~/.vault-token.
        return hvac.Client(
            url=url,
            token=token.reveal() if token else "",
            verify=True,
            timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),  # type: ignore[arg-type]  # requests takes both
            allow_redirects=False,
            session=session,
        )

    def members(self) -> tuple[Member | None, ...]:
        """Ask every node, in the request's order; None for one that does not answer."""
        return tuple(self.member(url) for url in self.address.members)

    def cluster_id(self) -> str:
        """Give the id of the cluster that the members belong to.

        Raises:
            CustodyError: if none says one, or they say different ones.

        """
        ids = {member.cluster_id for member in self.members() if member and member.cluster_id}
        if len(ids) != 1:
            raise CustodyError(
                f"the members show {len(ids)} cluster ids",
                "give the addresses of one cluster's members, and see that they are unsealed",
            )
        return next(iter(ids))

    def member(self, url: str) -> Member | None:
        """Ask one node; None if it does not answer."""
        client = self.client(url)
        try:
            status: Mapping[str, Any] = ask(url, "seal status", client.sys.read_seal_status)
        except UnreachableError:
            return None
        except RefusedError as error:
            if error.reason != ERROR or not self._is_unsealed(url):
                raise
            # It was given the keys of its former seal and waits for a leader with the new one. Until then it can't
            # say of which kind the stored seal is (OpenBao 2.6, Vault 1.19), and answers nothing else either.
            return Member(
                url=url,
                initialised=True,
                sealed=False,
                cluster_id=None,
                recovery_seal=False,
                migrating=True,
            )
        return Member(
            url=url,
            initialised=status["initialized"],
            sealed=status["sealed"],
            cluster_id=status.get("cluster_id") or None,
            recovery_seal=status.get("recovery_seal", False),
            migrating=status.get("migration", False),
        )

    def _is_unsealed(self, url: str) -> bool:
        """Whether a node says who leads, or that nobody does: a sealed one refuses to."""
        client = self.client(url)
        try:
            ask(url, "leader", client.sys.read_leader_status)
        except (UnreachableError, RefusedError):
            return False
        return True

    def active(self, token: Secret | None = None) -> hvac.Client:
        """Give a client of the active node.

        Raises:
            CustodyError: if no unsealed node is active.

        """
        return self.client(self.address.members[self._active_index()], token)

    def active_generate_root(self) -> hvac.Client:
        """Give a client of the active node's address for generate-root."""
        return self.client(self.address.generate_root_members[self._active_index()])

    def _active_index(self) -> int:
        for index, url in enumerate(self.address.members):
            client = self.client(url)
            try:
                leader = ask(url, "leader", client.sys.read_leader_status)
            except (UnreachableError, RefusedError):
                continue
            if leader.get("is_self"):
                return index
        raise CustodyError(
            "no member of the cluster is active", f"{self.why_not_unsealed()}; then run again"
        )

    def wait_until_active(self, patience: float) -> bool:
        """Wait until some node is active; say whether one is."""

        def active() -> bool:
            try:
                self._active_index()
            except CustodyError:
                return False
            return True

        return wait_until(active, patience)

    def wait_until_unsealed(self, patience: float) -> None:
        """Wait until every member is unsealed and one of them active.

        Raises:
            CustodyError: naming the members that are not.

        """

        def unsealed() -> bool:
            return all(member is not None and not member.sealed for member in self.members())

        if not wait_until(unsealed, patience) or not self.wait_until_active(patience):
            raise CustodyError(
                f"after {patience:.0f} s {self.why_not_unsealed()}",
                "see its log: it needs the seal key (kms:DescribeKey, Encrypt, Decrypt), its peers and its"
                " storage. Then run again: it goes on from here",
            )

    def why_not_unsealed(self) -> str:
        """Say which members are silent, not initialised or sealed."""
        said = []
        for url, member in zip(self.address.members, self.members(), strict=True):
            if member is None:
                said.append(f"{url} does not answer")
            elif not member.initialised:
                said.append(f"{url} has not joined")
            elif member.sealed:
                said.append(f"{url} is sealed")
        return ", ".join(said) or "no leader is elected"

    def closed_to_generate_root(self) -> list[str]:
        """Give the addresses that refuse generate-root, or don't answer; works before init too.

        OpenBao 2.6 serves it only on a listener with disable_unauthed_generate_root_endpoints = false. On a
        sealed server every request for it is 503, but where it is not served a body that is no JSON is refused
        first, with 400.
        """
        return [url for url in self.address.generate_root_members if not self._serves(url)]

    def _serves(self, url: str) -> bool:
        client = self.client(url)
        try:
            ask(url, "generate-root", client.sys.read_root_generation_progress)
        except UnreachableError:
            return False
        except RefusedError as error:
            if error.reason != "VaultDown":
                return False
        else:
            return True
        try:
            update = f"{url}/v1/sys/generate-root/update"
            answer = ask(
                url, "generate-root", lambda: client.session.put(update, data=b"-", timeout=5)
            )
        except UnreachableError:
            return False
        return self.address.flavour == "vault" or answer.status_code == requests.codes.unavailable


def only_this_ca(pem: str) -> ssl.SSLContext:
    """Trust this CA and no other.

    Raises:
        CustodyError: if it is no PEM certificate.

    """
    try:
        # For an empty text Python would take the public CAs.
        return ssl.create_default_context(cadata=pem or "none")
    except ssl.SSLError:
        raise CustodyError(
            "the CA certificate of the servers is no PEM certificate",
            "give the PEM text of the CA that signed them",
        ) from None


def ask(url: str, what: str, call: Callable[[], Result]) -> Result:
    """Give the server's answer to `call`; its refusal or silence is a CustodyError that names `what`."""

    def translate(error: Exception) -> CustodyError | None:
        if isinstance(error, VaultError):
            reason = type(error).__name__
            return RefusedError(
                f"{url} refuses {what} ({reason}{_said(error)})",
                "see the server's log, then run again",
                reason=reason,
            )
        if isinstance(error, requests.exceptions.SSLError):
            return CustodyError(
                f"{url} does not show a certificate of the CA that was given",
                "check the address, the certificate's names and the CA",
            )
        if isinstance(error, requests.RequestException):
            return UnreachableError(
                f"{url} does not answer ({type(error).__name__})",
                "see that it runs and is reachable, then run again",
            )
        return None

    return translated(call, translate)


def wait_until(holds: Callable[[], bool], patience: float, *, pause: float = _POLL_SECONDS) -> bool:
    """Try again after each `pause` until it holds; False if it does not within `patience` seconds."""
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda result: result is False),
        wait=tenacity.wait_fixed(pause),
        stop=tenacity.stop_after_delay(patience),
        retry_error_callback=lambda _state: False,
    )
    return bool(attempts(holds))


def _said(error: VaultError) -> str:
    # What Vault says of a request names no value of it; a body that is not Vault's is left out.
    errors = error.errors if isinstance(error.errors, list) else []
    text = "; ".join(str(each).strip().replace("\n", " ") for each in errors)
    return f": {text}" if text else ""


class _OnlyThisCa(HTTPAdapter):
    """Trusts the context's CA and no other: requests would load the public ones as well."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002  requests' signature
        conn.cert_reqs = "CERT_REQUIRED"
