"""Records the requests of a test to its own double, in the way in which Stripe is recorded."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from infra.stripe_double import Clock, Config, InProcessClient, StripeDouble
from infra.stripe_double.recordings.preparing import SETTLING_DAYS
from infra.stripe_double.recordings.recording import KEPT_HEADERS, Exchange, RecordedAccount, Recording
from infra.stripe_double.recordings.waiting import has_values


class RecordingClient(stripe.HTTPClient):
    """An HTTP client for the SDK that records each exchange with a double."""

    name = "scribe"

    def __init__(self, double: StripeDouble) -> None:
        super().__init__()
        self._double, self._inner = double, InProcessClient(double)
        self.step = "a story: a step"
        self.exchanges: list[Exchange] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any) -> Any:
        parts, now = urlsplit(url), self._double.clock.now()
        body, status, response_headers = self._inner.request(method, url, headers, post_data)
        request_headers = {name.lower(): value for name, value in headers.items()}
        text = (post_data or "") if method.upper() == "POST" else parts.query
        form = tuple(parse_qsl(text, keep_blank_values=True))
        recorded_headers = {name: value for name, value in response_headers.items() if name in KEPT_HEADERS}
        self.exchanges.append(
            Exchange(
                self.step,
                now,
                method.upper(),
                parts.path,
                status,
                json.loads(body),
                form,
                request_headers.get("stripe-account"),
                request_headers.get("idempotency-key"),
                recorded_headers,
            )
        )
        return body, status, response_headers

    def close(self) -> None:
        """Does nothing, because the client holds no connection."""

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.0


@dataclass
class RecordedCompany:
    """An account on its own double, and the requests on it. `pause` seconds pass before each request.

    By default, bank debits and refunds settle as fast as in a replay.
    """

    seed: int = 1
    version: str = "2020-08-27"
    settings: Mapping[str, Any] = field(
        default_factory=lambda: {"ach_days": SETTLING_DAYS, "refund_days": SETTLING_DAYS}
    )
    pause: float = 0.4

    def __post_init__(self) -> None:
        self.double = StripeDouble(Config(seed=self.seed, **self.settings), clock=Clock.frozen(1_790_000_000.0))
        self.account = self.double.create_account(api_version=self.version)["id"]
        self.scribe = RecordingClient(self.double)
        self.client = stripe.StripeClient(
            self.double.config.platform_key_test,
            http_client=self.scribe,
            client_id=self.double.config.client_id_test,
            max_network_retries=0,
        )
        self.on_account: Any = {"stripe_account": self.account}
        self.began = self.double.clock.now()
        self._keys = itertools.count(1)

    @property
    def v1(self) -> Any:
        self.double.advance(self.pause)
        return self.client.v1

    @property
    def keyed(self) -> Any:
        """The options of a request with a new idempotency key."""
        return {**self.on_account, "idempotency_key": f"key-{self.seed}-{next(self._keys)}"}

    def sent(self, *amounts: int, **customer: Any) -> Any:
        """Returns an invoice that was mailed to a new customer."""
        person = self.v1.customers.create({"email": "ann@example.com", "name": "Ann", **customer}, self.keyed)
        form: Any = {"customer": person.id, "collection_method": "send_invoice", "days_until_due": 30}
        draft = self.v1.invoices.create({**form, "currency": "usd", "metadata": {"bill": "inv_1"}}, self.keyed)
        lines = [{"amount": amount, "description": f"Service {n}"} for n, amount in enumerate(amounts or (10_000,))]
        self.v1.invoices.add_lines(draft.id, {"lines": lines}, self.keyed)
        return self.v1.invoices.send_invoice(draft.id, {"expand": ["payments"]}, self.keyed)

    def until(self, read: Callable[[], Any], patience: float = 10 * 86_400, **expected: Any) -> Any:
        """Repeats a read until the response has these values. Records only the last read."""
        expected_values = {path.replace("__", "."): value for path, value in expected.items()}
        since, step, waited = len(self.scribe.exchanges), 1.0, 0.0
        while True:
            result = read()
            if has_values(self.scribe.exchanges[-1].body, expected_values) or waited >= patience:
                self.scribe.exchanges[since:] = [replace(self.scribe.exchanges[-1], until=expected_values)]
                return result
            self.double.advance(step)
            waited, step = waited + step, step * 1.5

    def events(self, since: float | None = None) -> Any:
        """Lists the events of the account."""
        self.scribe.step = self.scribe.step.partition(":")[0] + ": events"
        created = {"gte": int(self.began if since is None else since)}
        return self.v1.events.list({"limit": 100, "created": created}, self.on_account)

    def recording(self) -> Recording:
        """Returns the recording of all requests so far."""
        return Recording(self.began, "double", (RecordedAccount(self.account),), tuple(self.scribe.exchanges))
