"""Sends the requests of a recording to a double, with the double's ids, keys and times."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ..double import StripeDouble
from ..http.messages import Request
from .identities import Identities
from .recording import JSON, Exchange
from .timeline import Timeline

BILLION = 1_000_000_000
BEFORE = 5
"""Seconds that are subtracted from the start of a list of events. At the start of a list, a fraction of a second
decides whether an event is included, so the double returns a little more and the recorded response decides.
"""
PAGE = 100


@dataclass(frozen=True)
class DoubleResponse:
    """A response of the double."""

    status: int
    body: JSON
    headers: dict[str, str]
    """The headers. Their names are in lower case."""

    @property
    def message(self) -> str | None:
        """The double's error message; None if the response is no error."""
        error = self.body.get("error") if self.status >= 400 else None
        return str(error.get("message")) if isinstance(error, dict) else error


@dataclass
class Requester:
    """Sends requests to one double."""

    double: StripeDouble
    ids: Identities
    timeline: Timeline
    _moments: dict[tuple[str, str], str] = field(default_factory=dict)

    def send(self, exchange: Exchange) -> DoubleResponse:
        """Returns the double's response to the request of an exchange."""
        if exchange.status == 200 and any(name.startswith("from_invoice[") for name, _ in exchange.form):
            # Whether a revision copies the original's metadata is not documented, so the double does the same as
            # Stripe did.
            metadata_count = sum(name.startswith("metadata[") for name, _ in exchange.form)
            self.double.config.revisions_copy_metadata = len(exchange.body["metadata"]) > metadata_count
        return self._send(exchange, [(name, self._value(exchange, name, value)) for name, value in exchange.form])

    def events(self, exchange: Exchange) -> list[JSON]:
        """Returns the double's events for a recorded list of events, newest first, and a few that came before
        them.
        """
        form = [(n, v) for n, v in exchange.form if n not in ("limit", "starting_after", "ending_before")]
        form = [(name, self._value(exchange, name, value)) for name, value in form]
        form = [(n, str(int(v) - BEFORE) if n.startswith("created[gt") else v) for n, v in form]
        listed_events: list[JSON] = []
        has_more = True
        while has_more:
            cursor = [("starting_after", listed_events[-1]["id"])] if listed_events else []
            page = self._send(exchange, [*form, ("limit", str(PAGE)), *cursor]).body
            listed_events += page["data"]
            has_more = page["has_more"]
        return listed_events

    def _send(self, exchange: Exchange, form: list[tuple[str, str]]) -> DoubleResponse:
        headers = {"authorization": f"Bearer {self.double.config.platform_key_test}"}
        if exchange.account is not None:
            headers["stripe-account"] = self.ids.translate(exchange.account)
        if exchange.key is not None:
            headers["idempotency-key"] = exchange.key
        if "stripe-version" in exchange.headers and exchange.path.startswith("/v1/events"):
            headers["stripe-version"] = exchange.headers["stripe-version"]  # events may be requested in any version
        is_post, form_text = exchange.method == "POST", urlencode(form)
        request = Request(
            exchange.method,
            self.ids.translate(exchange.path),
            "" if is_post else form_text,
            form_text.encode() if is_post else b"",
            headers,
        )
        response = self.double.handle(request)
        headers_by_name = {name.lower(): value for name, value in response.headers.items()}
        return DoubleResponse(response.status, json.loads(response.body), headers_by_name)

    def _value(self, exchange: Exchange, name: str, value: str) -> str:
        if name == "client_id":
            return self.double.config.client_id_test
        if exchange.path == "/oauth/token" and name == "code":
            return self._code(exchange) or value
        if value.isdigit() and BILLION < int(value) < 10 * BILLION:
            # A repeated request with a key has the same parameters as the first, or the double refuses it as another
            # request.
            value_key = (exchange.key or repr(exchange.at), value)
            return self._moments.setdefault(value_key, str(self.timeline.to_double(int(value))))
        return self.ids.translate(value)

    def _code(self, exchange: Exchange) -> str | None:
        """Returns the code of a grant in the double, if Stripe accepted the recorded code; None otherwise."""
        account = exchange.body.get("stripe_user_id")
        was_accepted = exchange.status == 200 and account in self.double.world.ledgers
        return self.double.authorization_code(account) if was_accepted else None
