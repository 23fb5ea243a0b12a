"""Chooses the account of a run: the configured account, one that a person connects, or a connected one."""

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
"""Seconds within which a person must connect an account. A code is valid for the same time."""
MAX_CHOICES = 10
"""The most connected accounts that are offered for choice."""


class NoAccount(Exception):
    """Raised when the run has no account. The message says how to get one."""


@dataclass
class Person:
    """A person at a browser. Opens Stripe's page, and receives the code that Stripe sends back to this machine.

    A person is asked once in a run. `state` belongs to this run.
    """

    progress: Callable[[str], None]
    open_page: Callable[[str], object] = webbrowser.open
    port: int = PORT
    patience: float = CONNECT_SECONDS
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    _answers: list[str | None] = field(default_factory=list)

    def __call__(self, url: str) -> str | None:
        """Returns the code; None if no account was connected in time, the person refused, or this is the second
        call.
        """
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
        """Returns the authorize URL with this run's state and the redirect URI of this machine."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        query |= {"state": self.state, "redirect_uri": f"http://localhost:{self.port}{PATH}"}
        return parts._replace(query=urlencode(query)).geturl()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
        is_return = environ["PATH_INFO"] == PATH and query.get("state") == self.state
        if is_return:
            self._answers.append(query.get("code"))
        status, text = (
            ("200 OK", "You can close this page.") if is_return else ("404 Not Found", "There is no such page.")
        )
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [text.encode()]


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Logs nothing, because the address contains the code."""


def account_connected_by(person: Person, session: Session) -> StripeAccountId:
    """Returns the account that the person connects. Raises NoAccount."""
    code = person(session.gateway.authorize_url(person.state, REDIRECT_URI))
    if code is None:
        raise NoAccount("No account was connected. Run the command again, or set STRIPE_TEST_ACCOUNT.")
    try:
        grant = session.gateway.exchange_code(code)
    except IntegrationError as error:
        raise NoAccount(f"Stripe did not accept the authorization code: {error.message}") from None
    if grant.livemode:
        raise NoAccount(
            f"{grant.account_id} was connected in live mode. No further request was made. Disconnect it in its"
            " Dashboard, and use the client id of test mode."
        )
    return grant.account_id


def choose_connected_account(session: Session, choose: Callable[[list[str]], str]) -> StripeAccountId:
    """Returns the account that `choose` picks from the platform's connected accounts. Raises NoAccount."""
    try:
        with session.step("connected accounts"):
            accounts = session.v1.accounts.list({"limit": MAX_CHOICES})
    except stripe.StripeError as error:
        reason = (error.user_message or type(error).__name__).rstrip(".")
        raise NoAccount(
            f"Stripe does not list the connected accounts: {reason}. Is it the platform's key, in test mode?"
            " docs/sandbox.md"
        ) from None
    ids = [account.id for account in accounts.data]
    if not ids:
        raise NoAccount(
            "The platform has no connected account in test mode. Give STRIPE_TEST_CLIENT_ID to connect one in the"
            " browser, or connect one in the Dashboard: docs/sandbox.md#a-connected-test-account"
        )
    return StripeAccountId(ids[0] if len(ids) == 1 else choose(ids))
