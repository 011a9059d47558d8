"""From a JSON Web Key Set to PEM. What a real API server publishes is in tests/components/test_two_api_servers.py."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from reach.errors import ReachError
from reach.issuer import public_keys

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def _jwk(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, algorithm: str) -> dict[str, Any]:
    kind = jwt.get_algorithm_by_name(algorithm)
    return {**json.loads(kind.to_jwk(key)), "use": "sig", "kid": algorithm, "alg": algorithm}


def _pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode().strip()


def test_every_key_is_taken_in_an_order_that_never_changes() -> None:
    keys = [_jwk(RSA.public_key(), "RS256"), _jwk(EC.public_key(), "ES256")]

    both = sorted([_pem(RSA.public_key()), _pem(EC.public_key())])
    assert public_keys({"keys": keys}) == tuple(both)
    assert public_keys({"keys": keys[::-1]}) == public_keys({"keys": keys})
    assert public_keys({"keys": keys * 2}) == public_keys({"keys": keys})


def test_a_key_without_an_algorithm_is_one() -> None:
    key = _jwk(RSA.public_key(), "RS256")
    del key["alg"]

    assert public_keys({"keys": [key]}) == (_pem(RSA.public_key()),)


@pytest.mark.parametrize(
    "keys",
    [
        None,
        [],
        "keys",
        [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}],
        [{"kty": "RSA", "n": "AQ", "alg": "RS256"}],
        [{"kty": "new", "alg": "RS256"}],
        [_jwk(RSA.public_key(), "RS256"), {"kty": "new"}],
    ],
)
def test_what_is_not_understood_is_refused_whole(keys: object) -> None:
    with pytest.raises(ReachError, match="/openid/v1/jwks of the API server holds"):
        public_keys({"keys": keys})
