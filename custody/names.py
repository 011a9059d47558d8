"""What custody's objects are called, and which names a request may carry."""

import ipaddress
import re
from typing import Literal
from urllib.parse import urlsplit

from custody.errors import CustodyError
from custody.request import Account, ClusterAddress, Place, Request

ROOT = "vault-root"
PROBE = "vault-test"
INTENT = "strongroom-intent"
ENVELOPE = "strongroom-envelope"
OWNER = "strongroom-owner"
Role = Literal["recovery", "unseal"]
"""What init's keys are good for: with a seal that unseals by itself they recover, with Shamir they unseal."""
ROLES: tuple[Role, ...] = ("recovery", "unseal")
_KEY = re.compile(r"vault-(recovery|unseal)-(0|[1-9][0-9]{0,2})")

_WORD = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")
_PREFIX = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)*([A-Za-z0-9_-][A-Za-z0-9._-]*)?")
_RESERVED_ACLS = {"root", "default", "default-ceiling"}
_MOST_SHARES = 255  # Shamir's scheme over GF(2^8)


def key(role: Role, index: int) -> str:
    """Name the object of one of init's keys; Bank-Vaults counts from 0."""
    return f"vault-{role}-{index}"


def key_of(name: str) -> tuple[Role, int] | None:
    """Give role and number of a key's object, None for any other."""
    matched = _KEY.fullmatch(name)
    if matched is None:
        return None
    return ("recovery" if matched.group(1) == "recovery" else "unseal"), int(matched.group(2))


def check_request(request: Request) -> None:
    """Refuse what could reach another path, host or object than the one that is meant.

    Raises:
        CustodyError: on the first value that is not allowed; says which and what is.

    """
    check_cluster(request.cluster)
    check_custody(request.custody)
    check_account(request.account)
    shares, threshold = request.recovery_shares, request.recovery_threshold
    _require(
        1 <= threshold <= shares <= _MOST_SHARES and (threshold > 1 or shares == 1),
        f"{threshold} of {shares} recovery keys can't be asked for",
        f"write 2 <= recoveryThreshold <= recoveryShares <= {_MOST_SHARES}, or 1 of 1",
    )


def check_account(account: Account) -> None:
    """Refuse what could reach another path than the account's own, and what would be no account."""
    for what, value in (
        ("account.mount", account.mount),
        ("account.name", account.name),
        ("the acl's name", account.acl_name),
    ):
        _require(
            _WORD.fullmatch(value) is not None and ".." not in value,
            f"{what} is {value!r}",
            "use a-z, 0-9, dot, dash and underscore, at most 64, a letter or digit at both ends",
        )
    _require(account.mount != "token", "account.mount is 'token', Vault's own", "name another")
    _require(
        account.acl_name not in _RESERVED_ACLS,
        f"the acl's name is {account.acl_name!r}, which is Vault's own",
        "name another",
    )
    _require(account.password.reveal() != "", "the account has no password", "set one")
    _require(bool(account.acl.strip()), "the account's acl is empty", "write its rules")
    _require(
        bool(account.cidrs),
        "account.cidrs is empty",
        "name the networks from which the account is used",
    )
    for cidr in account.cidrs:
        _check_cidr(cidr)


def check_cluster(cluster: ClusterAddress) -> None:
    """Refuse members that aren't https, or whose generate-root addresses don't match them."""
    _require(bool(cluster.members), "the cluster has no members", "name one URL per node")
    _require(
        len(cluster.generate_root_members) == len(cluster.members),
        "generate-root has another number of addresses than the cluster has members",
        "name one per member, in the same order",
    )
    for url in (*cluster.members, *cluster.generate_root_members):
        _require(
            urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname),
            f"{url} is not https",
            "give every member an https URL",
        )


def check_custody(place: Place) -> None:
    """Refuse an odd prefix, and plain HTTP to anything but this machine."""
    _require(
        _PREFIX.fullmatch(place.prefix) is not None,
        f"custody.prefix is {place.prefix!r}",
        "use letters, digits, dot, dash, underscore and single slashes, none at the start",
    )
    if place.endpoint is None:
        return
    url = urlsplit(place.endpoint)
    plain_but_here = url.scheme == "http" and _is_loopback(url.hostname or "")
    _require(
        url.scheme == "https" or plain_but_here,
        f"the cloud's endpoint {place.endpoint} is not https",
        "use https, or http on a loopback address for an emulator",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_cidr(cidr: str) -> None:
    try:
        ipaddress.ip_network(cidr)
    except ValueError:
        raise CustodyError(
            f"account.cidrs holds {cidr!r}, which is no network", "write it like 10.0.0.0/8"
        ) from None


def _require(holds: bool, cause: str, cure: str) -> None:
    if not holds:
        raise CustodyError(cause, cure)
