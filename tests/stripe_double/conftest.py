"""Fixtures: one served double for the session. Each test gets its own connected account on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY, Clock, Config, InProcessClient, Server, StripeDouble
from infra.stripe_double.recordings.recording import Recording
from tests.stripe_double.browser import Browser
from tests.stripe_double.scribe import RecordedCompany
from tests.stripe_double.stories import everything

stripe.enable_telemetry = False


@dataclass
class Company:
    """A pool company's account and an SDK client that acts on it."""

    double: StripeDouble
    client: stripe.StripeClient
    account: str
    opts: Any = field(init=False)

    def __post_init__(self) -> None:
        self.opts = {"stripe_account": self.account}

    @property
    def v1(self) -> Any:
        return self.client.v1

    def customer(self, **params: Any) -> Any:
        return self.v1.customers.create({"email": "ann@example.com", "name": "Ann Diver", **params}, self.opts)

    def draft(self, *amounts: int, customer: str | None = None, **params: Any) -> Any:
        draft_params = {
            "customer": customer or self.customer().id,
            "collection_method": "send_invoice",
            "currency": "usd",
            **({} if "due_date" in params else {"days_until_due": 30}),
            **params,
        }
        invoice = self.v1.invoices.create(draft_params, self.opts)
        if amounts:
            lines = [{"amount": a, "description": f"Service {i}"} for i, a in enumerate(amounts)]
            invoice = self.v1.invoices.add_lines(invoice.id, {"lines": lines}, self.opts)
        return invoice

    def open(self, *amounts: int, **params: Any) -> Any:
        return self.v1.invoices.finalize_invoice(self.draft(*(amounts or (10_000,)), **params).id, None, self.opts)

    def get(self, invoice: Any) -> Any:
        return self.v1.invoices.retrieve(invoice.id, None, self.opts)

    def pay(self, invoice: Any, method: str = "pm_card_visa", **more: Any) -> Any:
        return self.double.pay(self.account, invoice.id, method, **more)

    def intent(self, invoice: Any) -> Any:
        payments = self.v1.invoice_payments.list(
            {"invoice": invoice.id, "expand": ["data.payment.payment_intent"]}, self.opts
        )
        return payments.data[-1].payment.payment_intent

    def charge(self, invoice: Any) -> Any:
        return self.v1.charges.retrieve(self.intent(invoice).latest_charge, None, self.opts)

    def paid(self, amount: int = 10_000, **params: Any) -> Any:
        """Returns the charge of an invoice that was paid by card."""
        invoice = self.open(amount, **params)
        self.pay(invoice)
        return self.charge(invoice)

    def payouts(self, **filters: Any) -> list[Any]:
        """Returns the payouts, oldest first."""
        return list(reversed(self.v1.payouts.list({"limit": 100, **filters}, self.opts).data))

    def lines(self, payout: Any) -> list[Any]:
        """Returns the lines of a payout except its own transaction, oldest first."""
        transactions = self.v1.balance_transactions.list({"payout": payout.id, "limit": 100}, self.opts)
        oldest_first = reversed(list(transactions.auto_paging_iter()))
        return [line for line in oldest_first if line.id != payout.balance_transaction]

    def events(self, *patterns: str) -> list[Any]:
        """Returns the newest 100 events at most, oldest first, of the types that match a pattern; of all types
        without one.
        """
        listing = self.v1.events.list({"limit": 100, **({"types": list(patterns)} if patterns else {})}, self.opts)
        return list(reversed(listing.data))

    def types(self, since: int = 0) -> list[str]:
        return [e.type for e in self.events()[since:]]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server(StripeDouble(Config(seed=1), clock=Clock.frozen()), deliver=False) as running:
        yield running


@pytest.fixture
def company(server: Server) -> Iterator[Company]:
    """A company with a client that speaks HTTP, as the backend does."""
    double = server.double
    client = stripe.StripeClient(
        double.config.platform_key_test,
        base_addresses={"api": server.url, "connect": server.url},
        client_id=double.config.client_id_test,
        max_network_retries=0,
    )
    yield Company(double, client, double.create_account()["id"])
    double.clear_faults()
    double.set_rates()


@pytest.fixture
def daily(company: Company) -> Company:
    """A company with daily payouts. The double's clock is at the beginning of a day."""
    company.double.advance(DAY - company.double.clock.now() % DAY)
    company.double.update_account(company.account, payout_schedule="daily")
    return company


@dataclass
class Inbox:
    """A webhook receiver without a network. It stores the webhooks, and responds with `answers` or 200."""

    answers: list[int | Exception] = field(default_factory=list)
    received: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes, headers: Any) -> int:
        self.received.append((url, body, dict(headers)))
        response = self.answers.pop(0) if self.answers else 200
        if isinstance(response, Exception):
            raise response
        return response


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def alone(inbox: Inbox) -> Company:
    """A company on its own double, in process and without threads, for webhooks step by step."""
    double = StripeDouble(Config(seed=3), clock=Clock.frozen(), transport=inbox)
    client = stripe.StripeClient(
        double.config.platform_key_test,
        http_client=InProcessClient(double),
        client_id=double.config.client_id_test,
    )
    return Company(double, client, double.create_account()["id"])


@pytest.fixture
def browser(alone: Company) -> Browser:
    """A browser on the dashboard of the company `alone`."""
    return Browser(alone.double, alone.account)


@pytest.fixture(scope="session")
def recording() -> Recording:
    """A recording of all stories, made once. Tests change copies of it."""
    return everything(RecordedCompany())
