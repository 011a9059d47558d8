"""generate-root: what makes a root token of recovery keys, or of Shamir's unseal keys.

The token has no end: `root.py` narrows it at once.
"""

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import hvac

from custody import names
from custody.errors import CustodyError, RefusedError
from custody.keys import held
from custody.secret import Secret
from custody.store import Custody
from custody.vault import INVALID, Cluster, ask

_CANCEL = (
    "bao operator generate-root -cancel (or vault operator ..., at the address for generate-root)"
)


def recovery_keys(cluster: Cluster, custody: Custody) -> list[Secret]:
    """Read as many recovery keys as the server asks for, of a server with Shamir's seal as many unseal keys."""
    client = cluster.active_generate_root()
    required = _progress(client)["required"]
    status = ask(client.url, "seal status", client.sys.read_seal_status)
    role: names.Role = "recovery" if status.get("recovery_seal") else "unseal"
    return held(custody, role, shares=status["n"], required=required)


def generated(cluster: Cluster, keys: Sequence[Secret], *, cancel: bool) -> Secret:
    """Run one generate-root attempt to its end.

    Source: https://developer.hashicorp.com/vault/api-docs/system/generate-root; OpenBao answers alike.
    """
    client = cluster.active_generate_root()
    progress = _progress(client)
    if progress["started"] and cancel:
        ask(client.url, "generate-root", client.sys.cancel_root_generation)
    elif progress["started"]:
        raise CustodyError(
            f"somebody's attempt to generate a root token is in progress at {client.url}"
            f" ({progress['progress']} of {progress['required']} keys, nonce {progress['nonce']})",
            f"let it end, or cancel it: {_CANCEL}",
        )
    attempt = ask(client.url, "generate-root", client.sys.start_root_token_generation)
    nonce, password = attempt["nonce"], Secret(attempt.pop("otp"))
    ended = False
    try:
        for key in keys:
            answer = _submitted(client, key, nonce)
            if answer["complete"]:
                ended = True
                return decoded(answer, password)
    finally:
        if not ended:
            # Ours, and of no more use: it would stand in the next one's way.
            with suppress(CustodyError):
                ask(client.url, "generate-root", client.sys.cancel_root_generation)
    raise CustodyError("generate-root wants more keys than it said", "run again")


def _progress(client: hvac.Client) -> Mapping[str, Any]:
    try:
        return ask(client.url, "generate-root", client.sys.read_root_generation_progress)
    except RefusedError as error:
        if error.reason == "VaultDown":
            raise
    raise closed([client.url])


def closed(urls: Sequence[str]) -> CustodyError:
    """Say that no root token could ever be minted, and what opens generate-root."""
    return CustodyError(
        f"generate-root is not reachable at {', '.join(urls)}: no root token could be minted later",
        "give every server a listener of its own for it, on loopback: OpenBao with"
        " disable_unauthed_generate_root_endpoints = false, Vault 2 with"
        ' enable_unauthenticated_access = ["generate-root"]; then run again',
    )


def _submitted(client: hvac.Client, key: Secret, nonce: str) -> Mapping[str, Any]:
    try:
        return ask(
            client.url, "a recovery key", lambda: client.sys.generate_root(key.reveal(), nonce)
        )
    except RefusedError as error:
        if error.reason != INVALID:
            raise
        said = error.cause
    raise CustodyError(
        f"the recovery keys in custody don't fit the cluster, or its seal can't be used now ({said})",
        "check that custody.bucket, custody.prefix and the servers belong together",
    )


def decoded(answer: Mapping[str, Any], password: Secret) -> Secret:
    """XOR with the one-time password that the server chose; base64 without padding."""
    encoded = answer.get("encoded_token") or answer["encoded_root_token"]
    token = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    mask = password.reveal().encode()
    return Secret(bytes(a ^ b for a, b in zip(token, mask, strict=True)).decode())
