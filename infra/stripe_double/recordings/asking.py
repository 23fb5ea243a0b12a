"""Asks a double what a recording asked Stripe: with the double's ids, keys and times."""

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
"""Seconds by which a list of events is asked from earlier on than the recording did. At the very beginning of a list,
an event can be there or not by a part of a second; only the recorded answer decides."""
PAGE = 100


@dataclass(frozen=True)
class Answer:
    """What the double answered."""

    status: int
    body: JSON
    headers: dict[str, str]
    """Names are in lower case."""

    @property
    def message(self) -> str | None:
        """What the double says if it refuses."""
        error = self.body.get("error") if self.status >= 400 else None
        return str(error.get("message")) if isinstance(error, dict) else error


@dataclass
class Requester:
    """Asks one double."""

    double: StripeDouble
    ids: Identities
    timeline: Timeline
    _moments: dict[tuple[str, str], str] = field(default_factory=dict)

    def send(self, exchange: Exchange) -> Answer:
        """Returns the double's answer to the request of an exchange."""
        if exchange.status == 200 and any(name.startswith("from_invoice[") for name, _ in exchange.form):
            # Nobody knows whether revisions have the metadata of the original: the double does as Stripe did.
            metadata_count = sum(name.startswith("metadata[") for name, _ in exchange.form)
            self.double.config.revisions_copy_metadata = len(exchange.body["metadata"]) > metadata_count
        return self._send(exchange, [(name, self._value(exchange, name, value)) for name, value in exchange.form])

    def events(self, exchange: Exchange) -> list[JSON]:
        """Returns the double's events for a recorded list of events, newest first, and some that came before it."""
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

    def _send(self, exchange: Exchange, form: list[tuple[str, str]]) -> Answer:
        headers = {"authorization": f"Bearer {self.double.config.platform_key_test}"}
        if exchange.account is not None:
            headers["stripe-account"] = self.ids.translate(exchange.account)
        if exchange.key is not None:
            headers["idempotency-key"] = exchange.key
        if "stripe-version" in exchange.headers and exchange.path.startswith("/v1/events"):
            headers["stripe-version"] = exchange.headers["stripe-version"]  # events may be asked for in any version
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
        return Answer(response.status, json.loads(response.body), headers_by_name)

    def _value(self, exchange: Exchange, name: str, value: str) -> str:
        if name == "client_id":
            return self.double.config.client_id_test
        if exchange.path == "/oauth/token" and name == "code":
            return self._code(exchange) or value
        if value.isdigit() and BILLION < int(value) < 10 * BILLION:
            # The parameters of a key stay as they were, else the double takes a repeated request for another one.
            value_key = (exchange.key or repr(exchange.at), value)
            return self._moments.setdefault(value_key, str(self.timeline.to_double(int(value))))
        return self.ids.translate(value)

    def _code(self, exchange: Exchange) -> str | None:
        """Has the owner press Connect in the double and returns the code, if Stripe took the recorded one."""
        account = exchange.body.get("stripe_user_id")
        was_accepted = exchange.status == 200 and account in self.double.world.ledgers
        return self.double.authorization_code(account) if was_accepted else None
