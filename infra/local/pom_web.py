"""A stand-in for POM's own site: its token issuer and the settings page to which Stripe's callback leads.

Run it with `python -m infra.local.pom_web --port 8001 --api-url http://127.0.0.1:8000`. It answers:

    GET  /.well-known/jwks.json   the keys of its tokens
    GET  /settings/apps           the page; ?stripe=pending|denied|error, with state and code
    POST /tokens                  mints a token: {"organizationId", "userId", "roles", "lifetimeSeconds"?}
    GET  /health                  200
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from infra.local.pom_page import settings_page
from infra.local.pom_tokens import LIFETIME, TokenIssuer, signing_key
from infra.local.processes import run_until_stopped, stoppable
from infra.local.wsgi import Environ, Served, StartResponse, serve

ORGANIZATION = "org_blue_lagoon"
"""The sample organization."""
ADMIN = "user_alice"
BILLING = "user_bob"
KEY_FILE = "pom-signing-key.pem"


class PomSite:
    """The site as a WSGI application."""

    def __init__(self, issuer: TokenIssuer, api_url: str) -> None:
        self._issuer = issuer
        self._api_url = api_url

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        status, kind, body = HTTPStatus.OK, "application/json", b""
        match request:
            case ("GET", "/health"):
                kind, body = "text/plain", b"ok"
            case ("GET", "/.well-known/jwks.json"):
                body = json.dumps(self._issuer.jwks()).encode()
            case ("GET", "/settings/apps"):
                kind, body = "text/html; charset=utf-8", self._page(environ.get("QUERY_STRING", "")).encode()
            case ("POST", "/tokens"):
                status, answer = self._mint(environ["wsgi.input"].read())
                body = json.dumps(answer).encode()
            case _:
                status, body = HTTPStatus.NOT_FOUND, json.dumps({"error": "not found"}).encode()
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _page(self, query: str) -> str:
        values = parse_qs(query)
        outcome, state, code = (values.get(name, [""])[0] for name in ("stripe", "state", "code"))
        admin = self._issuer.mint(ORGANIZATION, ADMIN, ["admin", "billing"])
        return settings_page(self._api_url, admin, outcome=outcome, state=state, code=code)

    def _mint(self, body: bytes) -> tuple[HTTPStatus, dict[str, Any]]:
        try:
            asked = json.loads(body)
            token = self._issuer.mint(
                asked["organizationId"],
                asked["userId"],
                asked["roles"],
                lifetime=int(asked.get("lifetimeSeconds", LIFETIME)),
            )
        except (ValueError, KeyError, TypeError) as error:
            return HTTPStatus.BAD_REQUEST, {"error": f"{type(error).__name__}: {error}"}
        return HTTPStatus.CREATED, {"token": token}


@contextmanager
def served_pom(issuer: TokenIssuer, api_url: str, port: int = 0) -> Iterator[Served]:
    """Serve the site on 127.0.0.1 until the block ends; port 0 takes a free one."""
    with serve(PomSite(issuer, api_url), port, threads=4) as served:
        yield served


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.pom_web",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8001, help="(default: %(default)s)")
    parser.add_argument("--api-url", default="http://127.0.0.1:8000", help="(default: %(default)s)")
    parser.add_argument("--state-dir", type=Path, default=Path(".local"), help="where the signing key is kept")
    options = parser.parse_args()
    issuer = TokenIssuer(f"http://127.0.0.1:{options.port}", signing_key(options.state_dir / KEY_FILE))
    with stoppable(), served_pom(issuer, options.api_url.rstrip("/"), options.port) as served:
        print(f"POM site at {served.url}", flush=True)
        run_until_stopped()


if __name__ == "__main__":
    main()
