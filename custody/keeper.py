"""The Vault that keeps the key of a transit seal: what is proven there before anything is initialised with it."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import hvac

from custody.errors import CustodyError, RefusedError
from custody.request import ClusterAddress
from custody.secret import Secret
from custody.vault import FORBIDDEN, Cluster, ask


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Where the key is, and what the servers have to use it with."""

    address: str
    mount_path: str
    key_name: str
    ca_certificate: str
    """PEM."""
    token: Secret
    """The servers' own."""
    namespace: str | None = None


def prove(keeper: Keeper) -> None:
    """Do with the key what the servers will, with their token: look at it, encrypt, decrypt.

    Raises:
        CustodyError: also for a token that ends one day, or may do anything: after its end no server that starts
            would unseal, and nobody would know until then.

    """
    client = _client(keeper)
    _hold(keeper, _looked_at(keeper, client))
    key = f"{keeper.mount_path}/{{}}/{keeper.key_name}"
    probe = base64.b64encode(secrets.token_bytes(32)).decode()
    closed = _asked(
        keeper,
        f"update on {key.format('encrypt')}",
        lambda: client.adapter.post(f"/v1/{key.format('encrypt')}", json={"plaintext": probe}),
    )
    opened = _asked(
        keeper,
        f"update on {key.format('decrypt')}",
        lambda: client.adapter.post(
            f"/v1/{key.format('decrypt')}", json={"ciphertext": closed["data"]["ciphertext"]}
        ),
    )
    if opened["data"]["plaintext"] != probe:
        raise CustodyError(
            f"{key.format('decrypt')} does not give back what was encrypted", "use another key"
        )


def _client(keeper: Keeper) -> hvac.Client:
    address = ClusterAddress(
        flavour="openbao",
        members=(keeper.address,),
        generate_root_members=(keeper.address,),
        ca_certificate=keeper.ca_certificate,
    )
    client = Cluster(address).client(keeper.address, keeper.token)
    client.adapter.namespace = keeper.namespace
    return client


def _asked(keeper: Keeper, what: str, call: Any) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = ask(keeper.address, what, call)
    except RefusedError as error:
        if error.reason != FORBIDDEN:
            raise
        # Without the server's text: it says no more, at length.
        raise CustodyError(
            f"the servers' token is denied {what} at {keeper.address}",
            "see that it lives, and give it the acl that `python -m ops transit-acl` prints",
        ) from None
    return answer


def _looked_at(keeper: Keeper, client: hvac.Client) -> Mapping[str, Any]:
    """What the token is. The answer holds the token itself: it goes no further than here."""
    looked = _asked(keeper, "the servers' token", client.auth.token.lookup_self)["data"]
    return {name: looked.get(name) for name in _LOOKED}


_LOOKED = ("policies", "period", "renewable", "explicit_max_ttl", "orphan")


def _hold(keeper: Keeper, token: Mapping[str, Any]) -> None:
    make = f"make a periodic one at {keeper.address}: token create -orphan -period=24h with that acl alone"
    if "root" in token["policies"]:
        raise CustodyError("the servers' token for the transit key is a root token", make)
    if not token.get("period") or not token.get("renewable") or token.get("explicit_max_ttl"):
        raise CustodyError(
            "the servers' token for the transit key ends one day, and then no server unseals", make
        )
    if not token.get("orphan"):
        raise CustodyError(
            "the servers' token for the transit key ends with the token that made it", make
        )
