"""Who issues a cluster's ServiceAccount tokens, and its public keys, as its API server publishes them.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reach.errors import ReachError
from reach.pods import asked, core

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

DISCOVERY, KEYS = "/.well-known/openid-configuration", "/openid/v1/jwks"
_CURE = "see `kubectl get --raw` of the same path"


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """What tokens of one cluster are judged by. Nothing here is secret."""

    issuer: str
    keys: tuple[str, ...]
    """PEM, sorted; while a signing key is being replaced, that before and that after."""


def issuer_of(context: str) -> Issuer:
    """Ask the API server.

    Raises:
        ReachError: if it refuses, doesn't answer, or answers what can't be understood.

    """
    client = core(context)
    # The keys always from here: what the document calls jwks_uri may lie where this machine reaches nobody.
    issuer = _document(client, DISCOVERY).get("issuer")
    if not isinstance(issuer, str) or not issuer:
        raise ReachError(f"{DISCOVERY} of the API server names no issuer; {_CURE}")
    return Issuer(issuer=issuer, keys=public_keys(_document(client, KEYS)))


def public_keys(jwks: dict[str, Any]) -> tuple[str, ...]:
    """Give the keys of a JSON Web Key Set as PEM.

    Raises:
        ReachError: if there is none, or one that can't be understood: half of them would refuse half of the pods.

    """
    import jwt  # noqa: PLC0415  slow to import, as all of cryptography
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    found = set()
    try:
        for each in jwks["keys"]:
            # PyJWK would take a private or a symmetric one as well; an API server publishes neither.
            public = {name: each[name] for name in _PUBLIC if name in each}
            key = jwt.PyJWK(public).key
            pem = key.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            found.add(pem.decode().strip())
    except (KeyError, TypeError, AttributeError, ValueError, jwt.PyJWTError) as error:
        raise ReachError(
            f"{KEYS} of the API server holds a key that isn't understood ({type(error).__name__}); {_CURE}"
        ) from None
    if not found:
        raise ReachError(f"{KEYS} of the API server holds no key; {_CURE}")
    return tuple(sorted(found))


_PUBLIC = ("kty", "alg", "use", "kid", "n", "e", "crv", "x", "y")


def _document(client: "CoreV1Api", path: str) -> dict[str, Any]:
    # The library knows no method for it that keeps the answer's text.
    text = asked(
        path,
        lambda: client.api_client.call_api(
            path, "GET", auth_settings=["BearerToken"], _return_http_data_only=True,
            _preload_content=False, _request_timeout=_SECONDS,
        ).data,
    )  # fmt: skip
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ReachError(f"{path} of the API server is no JSON object; {_CURE}")
    return document


_SECONDS = 15
