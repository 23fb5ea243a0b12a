"""Access tokens in the form of POM's own issuer: RS256, with the key published as a JWKS."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from infra.local.settings import AUDIENCE

LIFETIME = 12 * 3600
"""Seconds for which a token is valid by default."""
KEY_BITS = 2048


class NotSignedIn(Exception):
    """A request has no valid token of this issuer."""


class TokenIssuer:
    """Signs tokens with one key. `issuer` is the base URL of POM's site."""

    def __init__(self, issuer: str, key: rsa.RSAPrivateKey, audience: str = AUDIENCE) -> None:
        self.issuer = issuer
        self.audience = audience
        self._key = key
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._key_id = sha256(public).hexdigest()[:16]

    def mint(
        self,
        organization_id: str,
        user_id: str,
        roles: Sequence[str],
        *,
        lifetime: int = LIFETIME,
        **claims: object,
    ) -> str:
        """Returns a token that is valid for `lifetime` seconds. `claims` add to the usual claims or replace them."""
        now = int(time.time())
        payload: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": user_id,
            "organization_id": organization_id,
            "roles": list(roles),
            "iat": now,
            "exp": now + lifetime,
            **claims,
        }
        return jwt.encode(payload, self._key, algorithm="RS256", headers={"kid": self._key_id})

    def organization_of(self, token: str) -> str:
        """Returns the organization of a token.

        Raises:
            NotSignedIn: the token is not of this issuer, or has expired.
        """
        return str(self._claims(token)["organization_id"])

    def end_of(self, token: str) -> dt.datetime:
        """Returns when a token expires.

        Raises:
            NotSignedIn: the token is not of this issuer, or has expired.
        """
        return dt.datetime.fromtimestamp(self._claims(token)["exp"], dt.UTC)

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                audience=self.audience,
                issuer=self.issuer,
                options={"require": ["exp", "organization_id"]},
            )
        except jwt.InvalidTokenError as error:
            raise NotSignedIn(f"this token is not valid: {error}") from error
        return claims

    def jwks(self) -> dict[str, Any]:
        """Returns the key set that verifies these tokens."""
        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**public, "kid": self._key_id, "use": "sig", "alg": "RS256"}]}


def signing_key(path: Path) -> rsa.RSAPrivateKey:
    """Returns the key at `path`, which is created on first use, so that tokens survive a restart of the stack."""
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
    private_key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key")
    return private_key
