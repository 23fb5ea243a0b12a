"""A token issuer for tests, which also issues invalid tokens."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from chalicelib.config import TokenConfig

KEY_ID = "key-1"
CONFIG = TokenConfig(
    issuer="https://pom.example.test",
    audience="pom-api",
    jwks_url="https://pom.example.test/jwks.json",
    organization_claim="organization_id",
    roles_claim="roles",
)


@cache
def private_key(name: str = KEY_ID, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Returns the key of this name, which is generated once in a test run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_jwk(name: str = KEY_ID, **changes: Any) -> dict[str, Any]:
    public = json.loads(RSAAlgorithm.to_jwk(private_key(name).public_key()))
    return {**public, "kid": name, "use": "sig", "alg": "RS256", **changes}


def public_pem(name: str = KEY_ID) -> bytes:
    return (
        private_key(name)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def jwks(*keys: dict[str, Any]) -> Any:
    return {"keys": list(keys)}


class Issuer:
    """POM's issuer. Claims given as None are left out."""

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": CONFIG.issuer,
            "aud": CONFIG.audience,
            "sub": "user_1",
            "organization_id": "org_1",
            "roles": ["billing"],
            "iat": now,
            "exp": now + 600,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, headers: dict[str, Any] | None = None, *, key: str = KEY_ID, **changes: Any) -> str:
        headers = {"kid": key, **(headers or {})}
        return jwt.encode(self.claims(**changes), private_key(key), algorithm="RS256", headers=headers)

    def token(self, organization: str, user: str, roles: Sequence[str]) -> str:
        return self.sign(organization_id=organization, sub=user, roles=list(roles))
