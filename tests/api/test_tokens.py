"""Access tokens: which are accepted, and the known attacks on them, which are refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import jwt
import pytest

from chalicelib.adapters.tokens import (
    KEYS_FRESH_FOR,
    KEYS_USABLE_FOR,
    REFETCH_INTERVAL,
    RETRY_INTERVAL,
    KeySet,
    TokenVerifier,
    fetch_jwks,
)
from chalicelib.domain.errors import Retryable
from chalicelib.domain.identity import Unauthorized
from tests.api.client import ApiClient
from tests.api.tokens import CONFIG, Issuer, jwks, private_key, public_jwk, public_pem

ISSUER = Issuer()
NOW = int(time.time())
DAY = 86400


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned_token(header: dict[str, Any]) -> str:
    parts = b64(json.dumps(header).encode()) + "." + b64(json.dumps(ISSUER.claims(roles=["admin"])).encode())
    return f"{parts}."


def signed_with_the_public_key(algorithm: str = "HS256") -> str:
    """Returns a token signed with HMAC, with the verifier's public key as the secret."""
    head_and_body = unsigned_token({"alg": algorithm, "typ": "JWT", "kid": "key-1"}).rpartition(".")[0]
    mac = hmac.new(public_pem(), head_and_body.encode(), hashlib.sha256).digest()
    return f"{head_and_body}.{b64(mac)}"


def altered_token() -> str:
    head, _, signature = ISSUER.sign().split(".")
    return ".".join((head, b64(json.dumps(ISSUER.claims(roles=["admin"])).encode()), signature))


ATTACKS: dict[str, tuple[Callable[[], str], str]] = {
    "expired": (lambda: ISSUER.sign(exp=NOW - 61), "expired"),
    "not valid yet": (lambda: ISSUER.sign(nbf=NOW + DAY), "not_yet_valid"),
    "issued in the future": (lambda: ISSUER.sign(iat=NOW + DAY), "not_yet_valid"),
    "never expires": (lambda: ISSUER.sign(exp=None), "claim_missing"),
    "expires in words": (lambda: ISSUER.sign(exp="tomorrow"), "malformed"),
    "alg none": (lambda: unsigned_token({"alg": "none", "kid": "key-1"}), "algorithm"),
    "alg NONE": (lambda: unsigned_token({"alg": "NoNe", "kid": "key-1"}), "algorithm"),
    "no alg": (lambda: unsigned_token({"kid": "key-1"}), "algorithm"),
    "unsigned RS256": (lambda: unsigned_token({"alg": "RS256", "kid": "key-1"}), "signature"),
    "HS256 with the public key": (signed_with_the_public_key, "algorithm"),
    "HS256 with the public key, called RS256": (lambda: signed_with_the_public_key("RS256"), "signature"),
    "RS512": (
        lambda: jwt.encode(ISSUER.claims(), private_key(), algorithm="RS512", headers={"kid": "key-1"}),
        "algorithm",
    ),
    "PS256": (
        lambda: jwt.encode(ISSUER.claims(), private_key(), algorithm="PS256", headers={"kid": "key-1"}),
        "algorithm",
    ),
    "altered claims": (altered_token, "signature"),
    "another key under our key id": (lambda: ISSUER.sign({"kid": "key-1"}, key="key-2"), "signature"),
    "unknown key id": (lambda: ISSUER.sign(key="key-2"), "key_unknown"),
    "no key id": (lambda: jwt.encode(ISSUER.claims(), private_key(), algorithm="RS256"), "key_unknown"),
    "key id of a path": (lambda: ISSUER.sign({"kid": "../../etc/passwd"}), "key_unknown"),
    "jku": (lambda: ISSUER.sign({"jku": "https://evil.test/jwks"}), "header"),
    "x5u": (lambda: ISSUER.sign({"x5u": "https://evil.test/cert"}), "header"),
    "x5c": (lambda: ISSUER.sign({"x5c": ["MIIB"]}), "header"),
    "own jwk": (lambda: ISSUER.sign({"jwk": public_jwk("key-2")}, key="key-2"), "header"),
    "crit": (lambda: ISSUER.sign({"crit": ["exp"]}), "malformed"),
    "other issuer": (lambda: ISSUER.sign(iss="https://evil.test"), "issuer"),
    "issuer with a tail": (lambda: ISSUER.sign(iss=CONFIG.issuer + "/"), "issuer"),
    "no issuer": (lambda: ISSUER.sign(iss=None), "claim_missing"),
    "other audience": (lambda: ISSUER.sign(aud="another-api"), "audience"),
    "no audience": (lambda: ISSUER.sign(aud=None), "claim_missing"),
    "no organization": (lambda: ISSUER.sign(organization_id=None), "claim_missing"),
    "empty organization": (lambda: ISSUER.sign(organization_id=" "), "claim_malformed"),
    "organization as a list": (lambda: ISSUER.sign(organization_id=["org_1"]), "claim_malformed"),
    "organization as a number": (lambda: ISSUER.sign(organization_id=7), "claim_malformed"),
    "half a character in the organization": (lambda: ISSUER.sign(organization_id="org_\ud800"), "claim_malformed"),
    "a control character in the organization": (lambda: ISSUER.sign(organization_id="org_\x00"), "claim_malformed"),
    "a line break after the organization": (lambda: ISSUER.sign(organization_id="org_1\n"), "claim_malformed"),
    "an organization that is no id": (lambda: ISSUER.sign(organization_id="Blue Lagoon Pools"), "claim_malformed"),
    "an endless organization": (lambda: ISSUER.sign(organization_id="o" * 129), "claim_malformed"),
    "half a character in the subject": (lambda: ISSUER.sign(sub="user_\ud800"), "claim_malformed"),
    "a control character in the subject": (lambda: ISSUER.sign(sub="user\x00"), "claim_malformed"),
    "letters beyond ASCII in the subject": (lambda: ISSUER.sign(sub="zoë"), "claim_malformed"),
    "a blank subject": (lambda: ISSUER.sign(sub=" "), "claim_malformed"),
    "an endless subject": (lambda: ISSUER.sign(sub="u" * 256), "claim_malformed"),
    "an end beyond all calendars": (lambda: ISSUER.sign(exp=10**400), "lifetime"),
    "an end in 10^292 years": (lambda: ISSUER.sign(exp=1e300), "lifetime"),
    "an end in two months": (lambda: ISSUER.sign(exp=NOW + 60 * 86400), "lifetime"),
    "an end without end": (lambda: ISSUER.sign(exp=float("inf")), "malformed"),
    "nested without end": (lambda: deeply_nested_token(), "malformed"),
    "no subject": (lambda: ISSUER.sign(sub=None), "claim_missing"),
    "roles of another kind": (lambda: ISSUER.sign(roles={"admin": True}), "claim_malformed"),
    "not a token": (lambda: "hello", "malformed"),
    "empty parts": (lambda: "..", "malformed"),
    "not ASCII": (lambda: "é.é.é", "malformed"),
    "header is a list": (lambda: b64(b"[]") + "." + b64(b"{}") + ".x", "malformed"),
    "very long": (lambda: ISSUER.sign(more="x" * 9000), "malformed"),
}


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier(CONFIG, KeySet(CONFIG.jwks_url, fetch=lambda _: jwks(public_jwk())))


def deeply_nested_token() -> str:
    """Returns an unsigned token whose header nests deeper than Python can parse."""
    header = base64.urlsafe_b64encode(b'{"kid":' + b"[" * 5900).decode().rstrip("=")
    return f"{header}.e30.AA"


def test_the_longest_lifetime_that_auth0_offers_is_accepted(verifier: TokenVerifier) -> None:
    assert verifier.verify(ISSUER.sign(exp=int(time.time()) + 30 * 86400))


@pytest.mark.parametrize("user", ["auth0|123", "ann@example.test", "google-oauth2|1 2", "u" * 255])
def test_user_ids_of_real_identity_providers_are_accepted(verifier: TokenVerifier, user: str) -> None:
    assert verifier.verify(ISSUER.sign(sub=user)).user_id == user


@pytest.mark.parametrize("roles", ["office\u00a0admin", ["office\u2003admin", "\ud800"], ["admin\x00"], "admin\x1c"])
def test_a_role_with_an_unusual_space_in_it_is_no_role(verifier: TokenVerifier, roles: object) -> None:
    assert "admin" not in verifier.verify(ISSUER.sign(roles=roles)).roles


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_token_that_is_not_ours_is_refused(verifier: TokenVerifier, attack: str) -> None:
    make, reason = ATTACKS[attack]
    with pytest.raises(Unauthorized) as exc_info:
        verifier.verify(make())
    assert exc_info.value.reason == reason


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_api_responds_401_to_a_forged_token(api: ApiClient, attack: str) -> None:
    make, _ = ATTACKS[attack]
    assert api.get("/apps", token=make()).status == 401


def test_a_request_without_a_bearer_token_is_401(api: ApiClient) -> None:
    good = ISSUER.sign()
    assert api.get("/apps", token=None).status == 401
    for header in (good, f"Basic {good}", "Bearer", "Bearer  ", f"Bearer {good} {good}"):
        assert api.get("/apps", token=None, headers={"Authorization": header}).status == 401, header
    assert api.get("/apps", token=None, headers={"Authorization": f"bearer {good}"}).status == 200


def test_a_valid_token_has_organization_user_and_roles(verifier: TokenVerifier) -> None:
    identity = verifier.verify(ISSUER.sign(organization_id="org_7", sub="user_9", roles=["billing", "member"]))
    assert (identity.organization_id, identity.user_id) == ("org_7", "user_9")
    assert identity.roles == {"billing", "member"}


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        ("admin billing", {"admin", "billing"}),
        ([], set()),
        (None, set()),
        ("", set()),
        (["member"], {"member"}),
        (["office admin", " admin", "admin\t", ""], set()),
    ],
)
def test_roles_are_read_from_a_list_or_from_words(verifier: TokenVerifier, claim: Any, roles: set[str]) -> None:
    assert verifier.verify(ISSUER.sign(roles=claim)).roles == roles


def test_clocks_may_differ_by_half_a_minute(verifier: TokenVerifier) -> None:
    assert verifier.verify(ISSUER.sign(exp=int(time.time()) - 20, nbf=int(time.time()) + 20))


def test_the_audience_may_be_one_entry_of_a_list(verifier: TokenVerifier) -> None:
    assert verifier.verify(ISSUER.sign(aud=["other", CONFIG.audience]))


@dataclass
class Publisher:
    """An issuer's JWKS URL and a clock."""

    document: Any = field(default_factory=lambda: jwks(public_jwk()))
    fails: bool = False
    fetches: int = 0
    now: float = 0.0

    def fetch(self, _: str) -> Any:
        self.fetches += 1
        if self.fails:
            raise TimeoutError("no answer")
        return json.loads(self.document) if isinstance(self.document, bytes) else self.document

    def keys(self) -> KeySet:
        return KeySet(CONFIG.jwks_url, fetch=self.fetch, clock=lambda: self.now)


def test_keys_are_fetched_once() -> None:
    publisher = Publisher()
    keys = publisher.keys()
    for _ in range(3):
        keys.key("key-1")
    assert publisher.fetches == 1


def test_unknown_key_ids_do_not_cause_a_flood_of_fetches() -> None:
    publisher = Publisher()
    keys = publisher.keys()
    keys.key("key-1")
    publisher.now = REFETCH_INTERVAL
    for number in range(100):
        with pytest.raises(Unauthorized):
            keys.key(f"unknown-{number}")
    assert publisher.fetches == 2


def test_a_new_key_is_accepted_without_a_restart() -> None:
    publisher = Publisher()
    keys = publisher.keys()
    keys.key("key-1")
    publisher.document = jwks(public_jwk(), public_jwk("key-2"))
    publisher.now = REFETCH_INTERVAL
    assert keys.key("key-2")


def test_a_withdrawn_key_is_refused() -> None:
    publisher = Publisher()
    keys = publisher.keys()
    keys.key("key-1")
    publisher.document = jwks(public_jwk("key-2"))
    publisher.now = KEYS_FRESH_FOR + 1
    with pytest.raises(Unauthorized):
        keys.key("key-1")


def test_known_keys_are_used_for_a_day_of_the_publishers_outage() -> None:
    publisher = Publisher()
    keys = publisher.keys()
    keys.key("key-1")
    publisher.fails = True
    publisher.now = KEYS_USABLE_FOR
    assert keys.key("key-1")
    publisher.now += 1
    with pytest.raises(Retryable):
        keys.key("key-1")


def test_without_keys_tokens_cannot_be_verified_and_the_publisher_is_not_flooded() -> None:
    publisher = Publisher(fails=True)
    keys = publisher.keys()
    for _ in range(10):
        with pytest.raises(Retryable):
            keys.key("key-1")
    assert publisher.fetches == 1
    publisher.fails, publisher.now = False, RETRY_INTERVAL
    assert keys.key("key-1")


@pytest.mark.parametrize(
    "entry",
    [
        public_jwk(kty="EC"),
        public_jwk(use="enc"),
        public_jwk(alg="RS512"),
        public_jwk(n="AQAB"),
        public_jwk(n=5),
        public_jwk(kid=None),
        {"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"},
        {"kid": "key-1"},
        "key-1",
    ],
)
def test_keys_for_other_uses_are_ignored(entry: Any) -> None:
    keys = Publisher(document=jwks(entry, public_jwk("key-2"))).keys()
    assert keys.key("key-2")
    with pytest.raises(Unauthorized):
        keys.key("key-1")


def test_a_weak_key_is_ignored() -> None:
    weak = private_key("weak", 1024)
    jwk = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key())), "kid": "weak"}
    with pytest.raises(Unauthorized):
        Publisher(document=jwks(jwk)).keys().key("weak")


@pytest.mark.parametrize("document", [b"", b"<html>", b"[]", b'{"keys": {}}', b"{}"])
def test_a_document_that_is_no_key_set_counts_as_an_outage(document: bytes) -> None:
    with pytest.raises(Retryable):
        Publisher(document=document).keys().key("key-1")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://pom.example.test/jwks", "data:,{}"])
def test_keys_are_fetched_only_over_http(url: str) -> None:
    with pytest.raises(jwt.PyJWKClientError, match="http"):
        fetch_jwks(url)


def test_redirects_of_the_key_set_are_not_followed() -> None:
    """An attacker who can redirect the request could otherwise choose the keys."""

    class Moved(BaseHTTPRequestHandler):
        requested_paths: ClassVar[list[str]] = []

        def do_GET(self) -> None:
            self.requested_paths.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere.json")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with HTTPServer(("127.0.0.1", 0), Moved) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with pytest.raises(OSError, match="302"):
            fetch_jwks(f"http://127.0.0.1:{server.server_port}/jwks.json")
    assert Moved.requested_paths == ["/jwks.json"]


def test_a_key_set_of_more_than_256_kib_counts_as_an_outage() -> None:
    """The publisher controls the document's size, and the authorizer's memory is limited."""

    class Endless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = json.dumps({"keys": [public_jwk()], "padding": "x" * 256 * 1024}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with HTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with pytest.raises(Retryable):
            KeySet(f"http://127.0.0.1:{server.server_port}/jwks.json").key("key-1")


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": ["RSA"], "kid": "key-1"},
        {"kty": "oct", "kid": "key-1"},
        public_jwk(alg=["RS256"]),
        public_jwk(n=[]),
        public_jwk(e={}),
        public_jwk(n="é"),
    ],
)
def test_unreadable_keys_do_not_prevent_the_use_of_others(entry: Any) -> None:
    keys = Publisher(document=jwks(entry, public_jwk("key-2"))).keys()
    assert keys.key("key-2")


def test_an_empty_key_set_withdraws_every_key() -> None:
    publisher = Publisher()
    keys = publisher.keys()
    keys.key("key-1")
    publisher.document = jwks()
    publisher.now = KEYS_FRESH_FOR + 1
    with pytest.raises(Unauthorized):
        keys.key("key-1")
