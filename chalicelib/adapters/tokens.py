"""Verifies POM's access tokens: RS256 JWTs, signed with keys that POM's issuer publishes as a JWKS.

Only the authorizer's Lambda loads this module, because PyJWT and cryptography are slow to import. A token's own
statements about its verification (`alg`, `jku`, `x5u`, `jwk`, `x5c`) are never followed: the algorithm is RS256, and
the keys come from the configured URL.
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from chalicelib.config import TokenConfig
from chalicelib.domain.errors import Retryable
from chalicelib.domain.identity import Identity, Unauthorized, identity_of

ALGORITHMS = ["RS256"]
LEEWAY = 30
"""Seconds by which the clocks of POM and of this service may differ."""

LONGEST_LIFETIME = 31 * 86400
"""The longest time in seconds until a token expires.

Tokens cannot be revoked, so a token with a longer lifetime is a mistake of its issuer. Auth0, for example, offers at
most 30 days (https://auth0.com/docs/secure/tokens/access-tokens/update-access-token-lifetime).
"""

MAX_TOKEN = 8192
MAX_JWKS = 256 * 1024
MIN_KEY_BITS = 2048
FETCH_TIMEOUT = 3
"""Seconds."""

KEYS_FRESH_FOR = 3600
"""Seconds after which the keys are fetched again, so that a withdrawn key stops working."""

KEYS_USABLE_FOR = 24 * 3600
"""Seconds for which keys stay in use while their publisher does not respond."""

REFETCH_INTERVAL = 60
"""Seconds between fetches, so that a flood of unknown key ids causes no flood of fetches."""

RETRY_INTERVAL = 5
"""Seconds between fetches after a failed one."""

DECEPTIVE_HEADERS = frozenset({"jku", "x5u", "jwk", "x5c", "crit"})

_REASONS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "not_yet_valid"),
    (jwt.InvalidIssuerError, "issuer"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.MissingRequiredClaimError, "claim_missing"),
    (jwt.InvalidSignatureError, "signature"),
    (jwt.InvalidAlgorithmError, "algorithm"),
)

Keys = Mapping[str, RSAPublicKey]
Fetch = Callable[[str], Any]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirects, because a redirect could replace the keys."""

    def redirect_request(self, *_: object) -> None:
        """Returns None, so that urllib raises the redirect as an HTTPError."""


class _BoundedClient(jwt.PyJWKClient):
    """PyJWT's client with a limit on the size of the key set."""

    def fetch_data(self) -> Any:
        with urllib.request.build_opener(_NoRedirects).open(self.uri, timeout=self.timeout) as response:
            body = response.read(MAX_JWKS + 1)
        if len(body) > MAX_JWKS:
            raise OSError("the key set is larger than a key set can be")
        return self._as_jwk_set_payload(json.loads(body))


def fetch_jwks(url: str) -> Any:
    """Downloads a key set by http(s), from this URL and no other.

    Raises:
        jwt.PyJWKClientError: the URL is not http(s), or the document is not a JSON object.
        OSError, HTTPException: the download timed out, was redirected, or is too large.
        ValueError: the document is not JSON.
    """
    return _BoundedClient(url, cache_jwk_set=False, timeout=FETCH_TIMEOUT).fetch_data()


def signing_keys(document: Any) -> Keys:
    """Returns the RSA signing keys of a JWKS by key id, without keys of other kinds.

    Raises:
        ValueError: the document is not a key set.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("a key set has a list of keys")
    return {entry["kid"]: key for entry in entries if (key := _signing_key(entry)) is not None}


def _signing_key(entry: object) -> RSAPublicKey | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    try:
        key = jwt.PyJWK(entry).key
    except jwt.PyJWTError:
        return None  # RFC 7517, section 5: an unsupported key is ignored
    return key if isinstance(key, RSAPublicKey) and key.key_size >= MIN_KEY_BITS else None


class KeySet:
    """Caches the issuer's keys. Safe to use from several threads.

    PyJWT's client fetches the keys. Its own cache is not used: during an outage it drops the keys when they expire,
    and fetches again for each token.
    """

    def __init__(self, url: str, *, fetch: Fetch = fetch_jwks, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: Keys = {}
        self._fetched_at = -float("inf")
        self._tried_at = -float("inf")
        self._failure: Exception | None = None

    def key(self, key_id: str) -> RSAPublicKey:
        """Returns the key with this id.

        Raises:
            Unauthorized: the issuer has no key with this id.
            Retryable: the issuer's keys cannot be fetched, so the token cannot be verified.
        """
        with self._lock:
            if (key_id not in self._keys or self._age > KEYS_FRESH_FOR) and self._may_fetch:
                self._refresh()
            if key_id in self._keys and self._age <= KEYS_USABLE_FOR:
                return self._keys[key_id]
            if self._failure is not None:
                raise Retryable(
                    "token_keys_unavailable", "The keys that access tokens are signed with cannot be fetched."
                ) from self._failure
            raise Unauthorized("key_unknown")

    @property
    def _age(self) -> float:
        return self._clock() - self._fetched_at

    @property
    def _may_fetch(self) -> bool:
        pause = REFETCH_INTERVAL if self._failure is None else RETRY_INTERVAL
        return self._clock() - self._tried_at >= pause

    def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            self._keys = signing_keys(self._fetch(self._url))
        except (jwt.PyJWTError, OSError, HTTPException, ValueError) as exc:
            self._failure = exc
        else:
            self._failure = None
            self._fetched_at = self._tried_at


class TokenVerifier:
    """Turns an access token into an identity."""

    def __init__(self, config: TokenConfig, keys: KeySet | None = None) -> None:
        self._config = config
        self._keys = keys or KeySet(config.jwks_url)

    def verify(self, token: str) -> Identity:
        """Returns the identity that the token was issued to.

        Raises:
            Unauthorized: the token is malformed, forged, expired, not yet valid, valid for too long, or meant for
              another
                audience.
            Retryable: the issuer's keys cannot be fetched.
        """
        key = self._keys.key(_key_id(token))
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._config.audience,
                issuer=self._config.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as exc:
            raise Unauthorized(_reason(exc)) from exc
        _require_end_in_sight(claims)
        organization_id, user_id = claims.get(self._config.organization_claim), claims.get("sub")
        return identity_of(organization_id, user_id, _roles(claims.get(self._config.roles_claim)))


def _key_id(token: str) -> str:
    if len(token) > MAX_TOKEN:
        raise Unauthorized("malformed")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, OSError, HTTPException, ValueError) as exc:
        raise Unauthorized("malformed") from exc
    if header.get("alg") not in ALGORITHMS:
        raise Unauthorized("algorithm")
    if DECEPTIVE_HEADERS & header.keys():
        raise Unauthorized("header")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise Unauthorized("key_unknown")
    return key_id


def _require_end_in_sight(claims: Mapping[str, Any]) -> None:
    if int(claims["exp"]) > time.time() + LONGEST_LIFETIME:
        raise Unauthorized("lifetime")


def _reason(error: jwt.PyJWTError) -> str:
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "malformed")


def _roles(claim: object) -> list[str]:
    """Returns the roles in a claim that is a list or a text of words. Without roles, the token is a plain member's.

    A listed role is never split, so `office admin` in a list does not contain `admin`. A text is split at ASCII white
    space only, because other blanks may be part of a role's name.
    """
    if claim is None:
        return []
    if isinstance(claim, str):
        return re.split(r"[ \t\r\n]+", claim)
    if isinstance(claim, list) and all(isinstance(role, str) for role in claim):
        return claim
    raise Unauthorized("claim_malformed")
