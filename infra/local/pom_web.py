"""A stand-in for POM's own site: the office's screens, the sign-in, POM's own records, and its token issuer.

Run it with `python -m infra.local.pom_web --port 8001 --api-url http://127.0.0.1:8000`. It serves:

    GET  /, /settings/apps, /billing, /invoicing, ...   the page of the office (Stripe's callback leads to it)
    GET  /office/PATH             the modules, the stylesheet and the images of the page
    GET  /office.json             where API and Stripe are, and who can sign in
    POST /sign-in                 a token of one of these people: {"person": "alice"}
    GET  /company/services        the completed services of the token's organization, with the invoices that bill them
    GET  /company/customers       its customers
    GET  /.well-known/jwks.json   the keys of its tokens
    POST /tokens                  mints any token: {"organizationId", "userId", "roles", "lifetimeSeconds"?}
    GET  /health                  200
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

from infra.local import company_records
from infra.local.compression import compressed
from infra.local.office_files import OFFICE, file_of, is_page, page_headers, page_of
from infra.local.pom_consumer import DATABASE
from infra.local.pom_tokens import LIFETIME, NotSignedIn, TokenIssuer, signing_key
from infra.local.processes import run_until_stopped, stoppable
from infra.local.sample_company.companies import COMPANIES
from infra.local.sample_people import PEOPLE
from infra.local.wsgi import HOST, Environ, RunningServer, StartResponse, serve

KEY_FILE = "pom-signing-key.pem"
JSON = "application/json"
NOT_STORED = (("Cache-Control", "no-store"),)
CHECKED_BEFORE_USE = (("Cache-Control", "no-cache"),)
"""A browser may store the response, but checks each time whether it has changed."""
COMMON = (("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff"), ("Vary", "Accept-Encoding"))
FROM_OURSELVES = (None, "same-origin", "none")
"""The allowed values of `Sec-Fetch-Site` for a sign-in. Scripts do not send this header."""


@dataclass(frozen=True, slots=True)
class Response:
    """The response to a request."""

    body: bytes
    kind: str = JSON
    status: HTTPStatus = HTTPStatus.OK
    headers: Iterable[tuple[str, str]] = NOT_STORED
    tagged: bool = False
    """True if the response has an entity tag. A client that has this tag already gets a 304."""


class PomSite:
    """The site as a WSGI application.

    `database` is the file of `pom_consumer`. The services were completed before `today`.
    """

    def __init__(
        self,
        issuer: TokenIssuer,
        api_url: str,
        *,
        stripe_url: str | None,
        database: Path,
        today: dt.date,
        office: Path,
    ) -> None:
        self._issuer = issuer
        self._api_url = api_url
        self._stripe_url = stripe_url
        self._database = database
        self._today = today
        self._office = office

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Responds to one request."""
        response = self._respond(environ)
        status, body, headers = response.status, response.body, [*COMMON, *response.headers]
        if response.tagged:
            tag = f'W/"{sha256(body).hexdigest()[:32]}"'
            headers.append(("ETag", tag))
            if tag in environ.get("HTTP_IF_NONE_MATCH", ""):
                start_response(f"{HTTPStatus.NOT_MODIFIED.value} Not Modified", headers)
                return []
        compressed_body = compressed(body, environ.get("HTTP_ACCEPT_ENCODING"))
        if compressed_body is not None:
            body = compressed_body
            headers.append(("Content-Encoding", "gzip"))
        headers += [("Content-Type", response.kind), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _respond(self, environ: Environ) -> Response:
        match (environ["REQUEST_METHOD"], environ["PATH_INFO"]):
            case ("GET", "/health"):
                return Response(b"ok", "text/plain")
            case ("GET", "/.well-known/jwks.json"):
                return _json(self._issuer.jwks())
            case ("GET", "/office.json"):
                return _json(self._description())
            case ("POST", "/sign-in"):
                return self._sign_in(environ)
            case ("POST", "/tokens"):
                return self._mint(environ["wsgi.input"].read())
            case ("GET", "/company/services" | "/company/customers" as path):
                return self._records(path, environ.get("HTTP_AUTHORIZATION", ""))
            case ("GET", path):
                return self._page_or_file(path, environ.get("HTTP_ACCEPT", ""))
            case _:
                return _error(HTTPStatus.NOT_FOUND, "not found")

    def _page_or_file(self, path: str, accept_header: str) -> Response:
        if path.startswith("/office/"):
            file = file_of(self._office, path.removeprefix("/office/"))
            if file is None:
                return _error(HTTPStatus.NOT_FOUND, "not found")
            return Response(file[1], file[0], headers=CHECKED_BEFORE_USE, tagged=True)
        is_known_page = is_page(path)
        if not is_known_page and "text/html" not in accept_header:
            return _error(HTTPStatus.NOT_FOUND, "not found")
        status = HTTPStatus.OK if is_known_page else HTTPStatus.NOT_FOUND
        return Response(page_of(self._office), "text/html; charset=utf-8", status, page_headers(self._api_url))

    def _description(self) -> dict[str, Any]:
        people = [
            {
                "id": person.id,
                "userId": person.user_id,
                "name": person.name,
                "organization": person.organization,
                "organizationName": COMPANIES[person.organization].name,
                "roles": person.roles,
            }
            for person in PEOPLE.values()
        ]
        return {"api": self._api_url, "stripe": self._stripe_url, "people": people}

    def _sign_in(self, environ: Environ) -> Response:
        # A page of another host name that leads to this address would count as a page of this site.
        is_ours = environ.get("HTTP_HOST", "").partition(":")[0] in (HOST, "localhost")
        if not is_ours or environ.get("HTTP_SEC_FETCH_SITE") not in FROM_OURSELVES:
            return _error(HTTPStatus.FORBIDDEN, "only a page of this site can sign a person in")
        try:
            person = PEOPLE.get(json.loads(environ["wsgi.input"].read())["person"])
        except (ValueError, KeyError, TypeError) as error:
            return _error(HTTPStatus.BAD_REQUEST, f"{type(error).__name__}: {error}")
        if person is None:
            return _error(HTTPStatus.NOT_FOUND, "no person has this id: GET /office.json lists the people")
        token = self._issuer.mint(person.organization, person.user_id, person.roles)
        return _json({"token": token, "expiresAt": self._issuer.end_of(token).isoformat()})

    def _records(self, path: str, authorization: str) -> Response:
        try:
            organization = self._issuer.organization_of(authorization.removeprefix("Bearer "))
        except NotSignedIn as error:
            return _error(HTTPStatus.UNAUTHORIZED, str(error))
        if path == "/company/customers":
            records = company_records.customers(organization, self._database)
        else:
            records = company_records.services(organization, self._today, self._database)
        return Response(json.dumps({"data": records}).encode(), headers=CHECKED_BEFORE_USE, tagged=True)

    def _mint(self, body: bytes) -> Response:
        try:
            request = json.loads(body)
            token = self._issuer.mint(
                request["organizationId"],
                request["userId"],
                request["roles"],
                lifetime=int(request.get("lifetimeSeconds", LIFETIME)),
            )
        except (ValueError, KeyError, TypeError) as error:
            return _error(HTTPStatus.BAD_REQUEST, f"{type(error).__name__}: {error}")
        return _json({"token": token}, HTTPStatus.CREATED)


def _json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(json.dumps(value).encode(), status=status)


def _error(status: HTTPStatus, why: str) -> Response:
    return _json({"error": why}, status)


@contextmanager
def serve_pom(
    issuer: TokenIssuer,
    api_url: str,
    port: int = 0,
    *,
    database: Path,
    today: dt.date,
    stripe_url: str | None = None,
    office: Path = OFFICE,
) -> Iterator[RunningServer]:
    """Serves the site on 127.0.0.1 until the block ends. Port 0 takes a free one."""
    site = PomSite(issuer, api_url, stripe_url=stripe_url, database=database, today=today, office=office)
    with serve(site, port, threads=4) as server:
        yield server


def main() -> None:
    """Serves the site until a stop is requested."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.pom_web",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8001, help="(default: %(default)s)")
    parser.add_argument("--api-url", default="http://127.0.0.1:8000", help="(default: %(default)s)")
    parser.add_argument("--stripe-url", help="the URL of Stripe's dashboard, to which the office links")
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path(".local"),
        help="the directory of the signing key and of POM's events",
    )
    options = parser.parse_args()
    issuer = TokenIssuer(f"http://127.0.0.1:{options.port}", signing_key(options.state_dir / KEY_FILE))
    site = serve_pom(
        issuer,
        options.api_url.rstrip("/"),
        options.port,
        stripe_url=options.stripe_url,
        database=options.state_dir / DATABASE,
        today=dt.datetime.now(dt.UTC).date(),
    )
    with stoppable(), site as server:
        print(f"POM site at {server.url}", flush=True)
        run_until_stopped()


if __name__ == "__main__":
    main()
