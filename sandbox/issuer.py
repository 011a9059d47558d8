"""What stands for a cluster's token issuer on one machine: it signs ServiceAccount tokens as the API server would."""

import time
import uuid

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.layout import Layout, write_private

ISSUER = "https://kubernetes.default.svc.cluster.local"
_SECONDS = 600


def ensure(layout: Layout) -> None:
    """Make the issuer's signing keys unless they are there."""
    private = layout.cluster / "signing-key.pem"
    if private.exists():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_private(layout.cluster / "public.pem", public)
    write_private(
        private,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def token(layout: Layout, service: str, *, audience: str = "vault", seconds: int = _SECONDS) -> str:
    """Give a ServiceAccount JWT for `namespace/name`, as TokenRequest would.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/

    Raises:
        ValueError: if `service` is not `namespace/name`.
        FileNotFoundError: if the environment isn't up.

    """
    namespace, slash, name = service.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise ValueError(f"{service!r} is no service; write namespace/name, such as shop/orders")
    key = (layout.cluster / "signing-key.pem").read_text()
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": [audience],
        "sub": f"system:serviceaccount:{namespace}:{name}",
        "iat": now,
        "nbf": now,
        "exp": now + seconds,
        "jti": str(uuid.uuid4()),
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name}},
    }
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "sandbox"})
