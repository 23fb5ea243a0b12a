"""The stand-in for POM: its files and pages, the sign-in, and tokens that POM-Stripe's verifier accepts."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import jwt
import pytest

from chalicelib.api.preview_page import STYLE_SOURCE
from chalicelib.config import TokenConfig
from infra.local.pom_tokens import AUDIENCE, TokenIssuer, signing_key
from infra.local.pom_web import serve_pom
from infra.local.sample_people import PEOPLE
from infra.local.wsgi import RunningServer
from infra.template.api import COMPRESSED_FROM

API = "http://127.0.0.1:1"
STRIPE = "http://127.0.0.1:2"
TODAY = dt.date(2026, 11, 29)
PAGE = b"<!doctype html><title>Pool Office Manager</title>"
MODULE = b"export const word = 1;\n" * COMPRESSED_FROM


@dataclass(frozen=True)
class SiteResponse:
    """A response of the site."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pom")


@pytest.fixture(scope="module")
def issuer(directory: Path) -> TokenIssuer:
    return TokenIssuer("http://pom.example", signing_key(directory / "key.pem"))


@pytest.fixture(scope="module")
def site(issuer: TokenIssuer, directory: Path) -> Iterator[RunningServer]:
    office = directory / "office"
    (office / "core").mkdir(parents=True)
    (office / "index.html").write_bytes(PAGE)
    (office / "core" / "api.js").write_bytes(MODULE)
    for name in ("office.css", "icon.svg", "package.json", ".hidden.js", "types.d.ts"):
        (office / name).write_text("content")
    (directory / "outside.js").write_text("secret")
    database = directory / "pom-events.db"
    with serve_pom(issuer, API, stripe_url=STRIPE, database=database, today=TODAY, office=office) as served:
        yield served


def call(url: str, body: bytes | None = None, **headers: str) -> SiteResponse:
    """Sends a GET, or a POST of this body."""
    header_lines = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, header_lines), timeout=10) as response:
            return SiteResponse(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return SiteResponse(error.code, error.headers, error.read())


def signed_in(site: RunningServer, person: str) -> str:
    session_document = call(f"{site.url}/sign-in", json.dumps({"person": person}).encode())
    assert session_document.status == 200, session_document.body
    return f"Bearer {session_document.json['token']}"


def services(site: RunningServer, person: str) -> dict[str, Any]:
    document = call(f"{site.url}/company/services", Authorization=signed_in(site, person)).json["data"]
    return {service["id"]: service for service in document}


# -- the office's files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/settings/apps?stripe=pending&state=st_1",
        "/settings/invoicing",
        "/billing",
        "/billing/batches/b_1",
        "/invoicing",
        "/invoicing/inv_1",
        "/payments",
        "/payments/po_1",
        "/attention",
        "/customers",
        "/customers/cust_1",
    ],
)
def test_the_address_of_each_screen_returns_the_page(site: RunningServer, path: str) -> None:
    response = call(f"{site.url}{path}", Accept="text/html")

    assert (response.status, response.body) == (200, PAGE)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_page_may_load_its_own_files_and_call_the_api_and_no_more(site: RunningServer) -> None:
    headers = call(f"{site.url}/billing").headers

    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; script-src 'self'; style-src 'self' {STYLE_SOURCE}; img-src 'self' data:; "
        f"connect-src 'self' {API}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/billings", "/settings", "/settings/apps/x", "/invoices", "/company", "/index.html"]
)
def test_any_other_address_is_not_found_and_a_browser_still_gets_the_page(site: RunningServer, path: str) -> None:
    assert call(f"{site.url}{path}").json == {"error": "not found"}

    response = call(f"{site.url}{path}", Accept="text/html,*/*;q=0.8")
    assert (response.status, response.body) == (404, PAGE)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("core/api.js", "text/javascript; charset=utf-8"),
        ("office.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
def test_a_file_of_the_office_comes_with_its_content_type(site: RunningServer, path: str, kind: str) -> None:
    file = call(f"{site.url}/office/{path}")

    assert (file.status, file.headers["Content-Type"]) == (200, kind)
    assert file.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "../outside.js",
        "core/../../outside.js",
        "%2e%2e/outside.js",
        "..%2foutside.js",
        "..%5coutside.js",
        "/outside.js",
        "core//api.js",
        "core/api.js%00.js",
        "core/api.js%0a",
        ".hidden.js",
        "index.html",
        "package.json",
        "types.d.ts",
        "core",
        "missing.js",
        "",
    ],
)
def test_nothing_else_is_served_from_the_disk(site: RunningServer, path: str) -> None:
    assert call(f"{site.url}/office/{path}").status == 404


def test_an_unchanged_file_is_not_sent_again(site: RunningServer, directory: Path) -> None:
    first = call(f"{site.url}/office/office.css")
    again = call(f"{site.url}/office/office.css", If_None_Match=first.headers["ETag"])
    (directory / "office" / "office.css").write_text("other content")
    response_after_change = call(f"{site.url}/office/office.css", If_None_Match=first.headers["ETag"])

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, again.body) == (304, b"")
    assert (response_after_change.status, response_after_change.body) == (200, b"other content")


def test_a_file_is_compressed_for_a_browser_that_accepts_it(site: RunningServer) -> None:
    file = call(f"{site.url}/office/core/api.js", Accept_Encoding="gzip, br")

    assert file.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(file.body) == MODULE
    assert call(f"{site.url}/office/core/api.js").body == MODULE


# -- signing in ---------------------------------------------------------------------------------------------------


def test_everybody_in_the_menu_can_sign_in_and_holds_the_roles_shown_there(
    site: RunningServer, issuer: TokenIssuer
) -> None:
    office = call(f"{site.url}/office.json").json

    assert (office["api"], office["stripe"]) == (API, STRIPE)
    assert [each["name"] for each in office["people"]] == ["Alice Moreno", "Bob Tran", "Mel Okafor", "Dana Fields"]
    for person in office["people"]:
        session_document = call(f"{site.url}/sign-in", json.dumps({"person": person["id"]}).encode()).json
        claims = jwt.decode(session_document["token"], options={"verify_signature": False})
        assert claims["sub"] == PEOPLE[person["id"]].user_id
        assert (claims["organization_id"], claims["roles"]) == (person["organization"], person["roles"])
        assert dt.datetime.fromisoformat(session_document["expiresAt"]).timestamp() == claims["exp"]
    assert {each["organizationName"] for each in office["people"]} == {"Blue Lagoon Pools", "Desert Springs Pools"}


def test_nobody_signs_in_under_an_unknown_name_or_from_another_site(site: RunningServer) -> None:
    alice = b'{"person": "alice"}'

    assert call(f"{site.url}/sign-in", b'{"person": "mallory"}').status == 404
    for body in (b"not json", b"{}", b"[]", b'{"person": []}'):
        assert call(f"{site.url}/sign-in", body).status == 400
    for fetch_site in ("cross-site", "same-site"):
        assert call(f"{site.url}/sign-in", alice, Sec_Fetch_Site=fetch_site).status == 403
    assert call(f"{site.url}/sign-in", alice, Host=f"pom.example:{site.port}").status == 403
    for own in ("same-origin", "none"):
        assert call(f"{site.url}/sign-in", alice, Sec_Fetch_Site=own).status == 200


def test_our_verifier_accepts_its_tokens(issuer: TokenIssuer, site: RunningServer) -> None:
    tokens = pytest.importorskip("chalicelib.adapters.tokens")
    config = TokenConfig(issuer.issuer, AUDIENCE, f"{site.url}/.well-known/jwks.json", "organization_id", "roles")

    identity = tokens.TokenVerifier(config).verify(issuer.mint("org_1", "user_1", ["admin"]))

    assert identity.organization_id == "org_1"
    assert identity.user_id == "user_1"
    assert "admin" in identity.roles


def test_a_token_can_be_requested_over_http(site: RunningServer) -> None:
    token_request = {"organizationId": "org_2", "userId": "u", "roles": ["billing"], "lifetimeSeconds": 60}
    response = call(f"{site.url}/tokens", json.dumps(token_request).encode())

    claims = jwt.decode(response.json["token"], options={"verify_signature": False})
    assert response.status == 201
    assert (claims["organization_id"], claims["sub"], claims["roles"]) == ("org_2", "u", ["billing"])
    assert claims["exp"] - claims["iat"] == 60

    for body in (b"not json", b"{}", b"[]"):
        assert call(f"{site.url}/tokens", body).status == 400


def test_tokens_outlive_a_restart_and_the_key_is_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key.pem"
    first, second = (TokenIssuer("http://pom.example", signing_key(path)) for _ in range(2))

    assert first.jwks() == second.jwks()
    assert path.stat().st_mode & 0o077 == 0


# -- POM's own records --------------------------------------------------------------------------------------------


def test_records_are_shown_to_nobody_without_a_valid_token(
    site: RunningServer, issuer: TokenIssuer, tmp_path: Path
) -> None:
    other_issuer = TokenIssuer(issuer.issuer, signing_key(tmp_path / "other.pem"))
    roles = ["admin"]
    tokens = (
        "",
        "nonsense",
        issuer.mint("org_blue_lagoon", "u", roles, lifetime=-60),
        issuer.mint("org_blue_lagoon", "u", roles, aud="somebody else"),
        other_issuer.mint("org_blue_lagoon", "u", roles),
    )
    for path in ("services", "customers"):
        assert call(f"{site.url}/company/{path}").status == 401
        for token in tokens:
            assert call(f"{site.url}/company/{path}", Authorization=f"Bearer {token}").status == 401


def test_each_company_sees_its_own_records_only(site: RunningServer, issuer: TokenIssuer) -> None:
    lagoon, desert = services(site, "mel"), services(site, "dana")
    newcomer = issuer.mint("org_new", "u", ["admin"])

    assert len(lagoon) == 300
    assert not lagoon.keys() & desert.keys()
    for path in ("services", "customers"):
        assert call(f"{site.url}/company/{path}", Authorization=f"Bearer {newcomer}").json == {"data": []}


def test_records_that_have_not_changed_are_not_sent_again(site: RunningServer) -> None:
    for path in ("services", "customers"):
        alice, dana = signed_in(site, "alice"), signed_in(site, "dana")
        first = call(f"{site.url}/company/{path}", Authorization=alice, Accept_Encoding="gzip")
        tag = first.headers["ETag"]

        assert first.headers["Content-Encoding"] == "gzip"
        assert call(f"{site.url}/company/{path}", Authorization=alice, If_None_Match=tag).status == 304
        assert call(f"{site.url}/company/{path}", Authorization=dana, If_None_Match=tag).status == 200


def test_a_service_is_billed_until_its_invoice_is_void_or_deleted(site: RunningServer, directory: Path) -> None:
    assert services(site, "alice")["svc_001"]["invoiceId"] is None, "POM has received no event yet"

    def hear(organization: str, invoice: str, status: str | None, *lines: str) -> dict[str, str]:
        response = json.dumps({"lineItems": [{"serviceId": each} for each in lines]}) if status else None
        with sqlite3.connect(directory / "pom-events.db") as database:
            database.execute("CREATE TABLE IF NOT EXISTS objects (organization, kind, id UNIQUE, status, object)")
            row = (organization, invoice, status or "draft", response)
            database.execute("REPLACE INTO objects VALUES (?, 'invoice', ?, ?, ?)", row)
        database.close()
        of_alice = services(site, "alice").values()
        return {each["id"]: each["invoiceId"] for each in of_alice if each["invoiceId"]}

    assert hear("org_blue_lagoon", "inv_1", "draft", "svc_001", "svc_cover") == {
        "svc_001": "inv_1",
        "svc_cover": "inv_1",
    }
    assert hear("org_blue_lagoon", "inv_1", "pending", "svc_001") == {"svc_001": "inv_1"}
    assert hear("org_desert_springs", "inv_2", "paid", "svc_cover") == {"svc_001": "inv_1"}
    assert hear("org_blue_lagoon", "inv_1", "void", "svc_001") == {}
    assert hear("org_blue_lagoon", "inv_3", "draft", "svc_001") == {"svc_001": "inv_3"}
    assert hear("org_blue_lagoon", "inv_3", None) == {}


def test_pom_has_no_records_of_an_erased_customer(site: RunningServer, directory: Path) -> None:
    alice = signed_in(site, "alice")

    def known() -> set[str]:
        of_customers = call(f"{site.url}/company/customers", Authorization=alice).json["data"]
        return {each["id"] for each in of_customers} | {
            each["customerId"] for each in services(site, "alice").values()
        }

    assert "cust_101" in known()
    with sqlite3.connect(directory / "pom-events.db") as database:
        database.execute("CREATE TABLE IF NOT EXISTS objects (organization, kind, id UNIQUE, status, object)")
        database.execute("INSERT INTO objects VALUES ('org_blue_lagoon', 'customer', 'cust_101', NULL, NULL)")
        database.execute("INSERT INTO objects VALUES ('org_desert_springs', 'customer', 'cust_102', NULL, NULL)")
    database.close()
    assert "cust_101" not in known()
    assert "cust_102" in known()
    with sqlite3.connect(directory / "pom-events.db") as database:
        database.execute("DELETE FROM objects WHERE kind = 'customer'")
    database.close()
    assert "cust_101" in known()
