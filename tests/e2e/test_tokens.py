"""Access tokens at the front door: only POM's own, and only while they are valid."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.demo.http import request
from infra.local.pom_tokens import TokenIssuer
from infra.local.stack import LocalStack
from tests.e2e.company import Company, refused


def claims(company: Company, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": company.stack.urls.pom,
        "aud": "pom-api",
        "sub": "user_office",
        "organization_id": company.organization_id,
        "roles": ["admin"],
        "iat": now,
        "exp": now + 600,
        **changes,
    }


def key_id(stack: LocalStack) -> str:
    return str(request("GET", f"{stack.urls.pom}/.well-known/jwks.json").json["keys"][0]["kid"])


def public_pem(stack: LocalStack) -> bytes:
    key = request("GET", f"{stack.urls.pom}/.well-known/jwks.json").json["keys"][0]
    loaded = jwt.algorithms.RSAAlgorithm.from_jwk(key)
    assert isinstance(loaded, rsa.RSAPublicKey)
    return loaded.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(company: Company) -> str:
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims(company))}."


def stripped(company: Company) -> str:
    return company.token("user_office", "admin").rsplit(".", 1)[0] + "."


def altered(company: Company) -> str:
    head, _, signature = company.token("user_office").split(".")
    return f"{head}.{part(claims(company))}.{signature}"


def confused(company: Company) -> str:
    """Signs with HS256 and the public key as the secret, which some libraries have accepted."""
    head = part({"alg": "HS256", "typ": "JWT", "kid": key_id(company.stack)})
    token = f"{head}.{part(claims(company))}".encode()
    digest = hmac.digest(public_pem(company.stack), token, hashlib.sha256)
    return f"{token.decode()}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def by_another_issuer(company: Company) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return TokenIssuer(company.stack.urls.pom, key).mint(company.organization_id, "user_office", ["admin"])


def with_our_key_id(company: Company) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims(company), key, algorithm="RS256", headers={"kid": key_id(company.stack)})


def minted(company: Company, **changes: Any) -> str:
    return company.stack.mint_token(company.organization_id, "user_office", ["admin"], **changes)


BAD = {
    "unsigned": unsigned,
    "signature taken off": stripped,
    "claims altered": altered,
    "HS256 with the public key": confused,
    "another issuer's key": by_another_issuer,
    "another key under our key's id": with_our_key_id,
    "another issuer": lambda company: minted(company, iss="https://elsewhere.example"),
    "another audience": lambda company: minted(company, aud="another-api"),
    "expired": lambda company: minted(company, lifetime=-60),
    "not valid yet": lambda company: minted(company, nbf=int(time.time()) + 600),
    "no organization": lambda company: company.stack.mint_token("", "user_office", ["admin"]),
    "organization a list": lambda company: company.stack.mint_token(["org_1"], "user_office", ["admin"]),
    "not a token": lambda company: "Pa$$word",
    "empty": lambda company: "",
}


@pytest.mark.parametrize("kind", BAD)
def test_an_invalid_token_is_refused_by_every_route(company: Company, kind: str) -> None:
    headers = {"Authorization": f"Bearer {BAD[kind](company)}"}

    for method, path in (("GET", "/apps"), ("POST", "/invoices"), ("DELETE", "/stripe/connection")):
        answer = request(method, f"{company.stack.urls.api}/v1{path}", json_body={}, headers=headers)
        refused(answer, 401, "unauthorized")
    assert company.member.get("/stripe/connection")["status"] == "connected"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic dTpw"}, {"X-Api-Key": "abc"}])
def test_a_request_without_a_token_is_refused_by_every_route(company: Company, headers: dict[str, str]) -> None:
    refused(request("GET", f"{company.stack.urls.api}/v1/apps", headers=headers), 401, "unauthorized")


def test_the_health_check_and_the_openapi_document_need_no_token(stack: LocalStack) -> None:
    assert request("GET", f"{stack.urls.api}/v1/health").json["status"] == "ok"
    assert request("GET", f"{stack.urls.api}/v1/openapi.json").json["openapi"].startswith("3.1")
