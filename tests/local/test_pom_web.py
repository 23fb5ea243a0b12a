"""POM's stand-in: tokens that our own verifier accepts, and a settings page that is safe to open."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from chalicelib.config import TokenConfig
from infra.local.pom_page import settings_page
from infra.local.pom_tokens import AUDIENCE, TokenIssuer, signing_key
from infra.local.pom_web import served_pom
from infra.local.wsgi import Served

API = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> TokenIssuer:
    return TokenIssuer("http://pom.example", signing_key(tmp_path_factory.mktemp("pom") / "key.pem"))


@pytest.fixture(scope="module")
def site(issuer: TokenIssuer) -> Iterator[Served]:
    with served_pom(issuer, API) as served:
        yield served


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        return str(response.read().decode())


def test_our_verifier_accepts_its_tokens(issuer: TokenIssuer, site: Served) -> None:
    tokens = pytest.importorskip("chalicelib.adapters.tokens")
    config = TokenConfig(issuer.issuer, AUDIENCE, f"{site.url}/.well-known/jwks.json", "organization_id", "roles")

    identity = tokens.TokenVerifier(config).verify(issuer.mint("org_1", "user_1", ["admin"]))

    assert identity.organization_id == "org_1"
    assert identity.user_id == "user_1"
    assert "admin" in identity.roles


def test_a_token_can_be_had_over_http(site: Served) -> None:
    asked = {"organizationId": "org_2", "userId": "u", "roles": ["billing"], "lifetimeSeconds": 60}
    request = urllib.request.Request(f"{site.url}/tokens", json.dumps(asked).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        token = json.loads(response.read())["token"]

    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["organization_id"], claims["sub"], claims["roles"]) == ("org_2", "u", ["billing"])
    assert claims["exp"] - claims["iat"] == 60

    for body in (b"not json", b"{}", b"[]"):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(urllib.request.Request(f"{site.url}/tokens", body, method="POST"), timeout=10)


def test_tokens_outlive_a_restart_and_the_key_is_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key.pem"
    first, second = (TokenIssuer("http://pom.example", signing_key(path)) for _ in range(2))

    assert first.jwks() == second.jwks()
    assert path.stat().st_mode & 0o077 == 0


def test_only_a_pending_outcome_offers_to_finish(site: Served) -> None:
    pending = get(f"{site.url}/settings/apps?stripe=pending&state=st_1")
    assert "Finish set-up" in pending
    assert f"curl -sS -X POST {API}/v1/stripe/connection/complete" in pending

    for outcome in ("denied", "error&code=state_expired", ""):
        assert "Finish set-up" not in get(f"{site.url}/settings/apps?stripe={outcome}&state=st_1")
    assert "state_expired" in get(f"{site.url}/settings/apps?stripe=error&code=state_expired")


@pytest.mark.parametrize("outcome", ["pending", "error", "<script>x</script>"])
def test_nothing_from_the_query_becomes_markup(outcome: str) -> None:
    hostile = "</script><script>alert('x')</script>'\"$(id)"

    page = settings_page(API, "token", outcome=outcome, state=hostile, code=hostile)

    assert "<script>alert" not in page
    assert "<script>x" not in page
    assert page.count("</script>") == 2


def test_the_settings_page_survives_braces_in_the_query() -> None:
    assert "{state}" in settings_page(API, "token", outcome="pending", state="{state}", code="")
