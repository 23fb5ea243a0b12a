"""Which account a run is on: the one that is given, one that a person connects, or one that is connected already."""

from __future__ import annotations

import secrets
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import stripe

from chalicelib.domain.errors import IntegrationError
from chalicelib.domain.identifiers import StripeAccountId
from infra.sandbox.session import Session

PORT = 4242
PATH = "/connected"
REDIRECT_URI = f"http://localhost:{PORT}{PATH}"
"""The redirect URI to register for test mode, which may be plain HTTP on this machine."""
CONNECT_SECONDS = 300
"""Seconds within which somebody has to connect; a code is good for as long."""
MAX_CHOICES = 10
"""Connected accounts that are offered."""


class NoAccount(Exception):
    """There is no account to run on. The message says how to get one."""


@dataclass
class Person:
    """Somebody at a browser: opens Stripe's page, and this machine catches the code that Stripe sends back.

    A person is asked once in a run; the state is this run's.
    """

    progress: Callable[[str], None]
    open_page: Callable[[str], object] = webbrowser.open
    port: int = PORT
    patience: float = CONNECT_SECONDS
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    _answers: list[str | None] = field(default_factory=list)

    def __call__(self, url: str) -> str | None:
        """Returns the code, or None if nobody connected an account in time, refused, or was asked before."""
        if self._answers:
            return None
        with make_server("127.0.0.1", self.port, self._answer, handler_class=_Silent) as server:
            address = self._with_return(url)
            self.progress(
                f"Open this page, and connect a test account (within {self.patience / 60:.0f} min):\n{address}"
            )
            self.open_page(address)
            end = time.monotonic() + self.patience
            while not self._answers and time.monotonic() < end:
                server.timeout = max(end - time.monotonic(), 0.01)
                server.handle_request()
        self._answers.append(None)
        return self._answers[0]

    def _with_return(self, url: str) -> str:
        """Returns the authorize URL with this run's state and the address of this machine."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        query |= {"state": self.state, "redirect_uri": f"http://localhost:{self.port}{PATH}"}
        return parts._replace(query=urlencode(query)).geturl()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        ours = environ["PATH_INFO"] == PATH and query.get("state") == self.state
        if ours:
            self._answers.append(query.get("code"))
        status, text = ("200 OK", "You can close this page.") if ours else ("404 Not Found", "Not this page.")
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [text.encode()]


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Writes nothing: the address holds the code."""


def account_connected_by(person: Person, session: Session) -> StripeAccountId:
    """Returns the account that somebody connects. Raises NoAccount."""
    code = person(session.gateway.authorize_url(person.state, REDIRECT_URI))
    if code is None:
        raise NoAccount("Nobody connected an account. Run it again, or give the account as STRIPE_TEST_ACCOUNT.")
    try:
        grant = session.gateway.exchange_code(code)
    except IntegrationError as error:
        raise NoAccount(f"Stripe did not take the code of the connection: {error.message}") from None
    if grant.livemode:
        raise NoAccount(
            f"{grant.account_id} was connected in live mode. Nothing else was asked. Disconnect it in its Dashboard,"
            " and use the client id of test mode."
        )
    return grant.account_id


def choose_connected_account(session: Session, choose: Callable[[list[str]], str]) -> StripeAccountId:
    """Returns the account that is chosen of those that are connected to the platform. Raises NoAccount."""
    try:
        with session.step("connected accounts"):
            listed = session.v1.accounts.list({"limit": MAX_CHOICES})
    except stripe.StripeError as error:
        reason = (error.user_message or type(error).__name__).rstrip(".")
        raise NoAccount(
            f"Stripe does not list the connected accounts: {reason}. Is it the platform's key, in test mode?"
            " docs/sandbox.md"
        ) from None
    ids = [account.id for account in listed.data]
    if not ids:
        raise NoAccount(
            "The platform has no connected account in test mode. Give STRIPE_TEST_CLIENT_ID to connect one in the"
            " browser, or connect one in the Dashboard: docs/sandbox.md#a-connected-test-account"
        )
    return StripeAccountId(ids[0] if len(ids) == 1 else choose(ids))
