"""The part of the gateway that reads Stripe's lists, from the first page to the last.

https://docs.stripe.com/api/pagination. A page is requested when all entries of the former page have been read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from chalicelib.adapters.stripe import objects
from chalicelib.adapters.stripe.client import StripeCalls, StripeResponse, on_account, parse
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.adapters.stripe.events import listed_event, pointer_to
from chalicelib.adapters.stripe.objects.fields import Stub
from chalicelib.adapters.stripe.objects.invoices import InvoicePayments
from chalicelib.adapters.stripe.objects.payments import OpenInvoicePayment
from chalicelib.domain.events import SUBSCRIPTION, StripeEvent
from chalicelib.domain.facts import CreditNoteFact, InvoiceFact
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import ChargeFact, DisputeFact, PaymentIntentFact, RefundFact
from chalicelib.ports.listed_invoices import ListedInvoice

PAGE_SIZE = 100
"""The most entries on a page of Stripe's lists."""

CLOCK_MARGIN = 300
"""Seconds by which our clock and Stripe's may differ, for lists that are filtered by time of creation."""

T = TypeVar("T")
Fact = TypeVar("Fact", covariant=True)


class HasFact(Protocol[Fact]):
    """A model of a Stripe object that returns the fact in the object."""

    def fact(self, as_of: int) -> Fact: ...


class ListPage(msgspec.Struct):
    """A page of a list."""

    data: list[msgspec.Raw]
    has_more: bool = False


class Lists(StripeCalls):
    """A part of `StripeGateway`."""

    # Events

    def events(self, account_id: StripeAccountId, since: int, until: int) -> Iterator[Sequence[StripeEvent]]:
        """Yields pages, newest first. Stripe filters by at most 20 types and we need more, so the filter is here."""
        query = {"created": {"gte": since, "lte": until}}
        for page, _ in self._pages(self._v1.events.list, account_id, query):
            listed = [listed_event(bytes(raw), account_id) for raw in page.data]
            yield [event for event in listed if event is not None and event.type in SUBSCRIPTION]

    @translates_errors
    def events_about(
        self, account_id: StripeAccountId, stripe_invoice_id: str, event_type: str, since: int
    ) -> Sequence[StripeEvent]:
        query = {"type": event_type, "created": {"gte": since - CLOCK_MARGIN}}
        events = (
            listed_event(bytes(raw), account_id)
            for raw, _ in self._all(self._v1.events.list, msgspec.Raw, account_id, query)
        )
        return [event for event in events if event is not None and event.object_id == stripe_invoice_id]

    def read_event(self, body: str, account_id: StripeAccountId) -> StripeEvent | None:
        return listed_event(body.encode(), account_id)

    def pointer_to(self, event: StripeEvent) -> str:
        return pointer_to(event)

    # Invoices

    @translates_errors
    def find_invoice(self, account_id: StripeAccountId, invoice: Invoice) -> InvoiceFact | None:
        query = {"created": {"gte": invoice.created_at - CLOCK_MARGIN}, "expand": ["data.payments"]}
        for stripe_invoice, as_of in self._all(self._v1.invoices.list, objects.Invoice, account_id, query):
            if stripe_invoice.ours == invoice.id and stripe_invoice.fact(as_of).from_invoice_id is None:
                return self._with_all_payments(account_id, stripe_invoice).fact(as_of)
        return None

    def invoices_since(self, account_id: StripeAccountId, since: int) -> Iterator[ListedInvoice]:
        """Yields invoices without their payments, so their facts lack the amount that was paid outside Stripe."""
        query = {"created": {"gte": since}}
        for stripe_invoice, as_of in self._all(self._v1.invoices.list, objects.Invoice, account_id, query):
            yield stripe_invoice.as_listed(as_of)

    def invoices_of_status(
        self, account_id: StripeAccountId, status: str, since: int, before: int | None
    ) -> Iterator[ListedInvoice]:
        query = {"status": status, "created": _created_between(since, before), "expand": ["data.payments"]}
        for stripe_invoice, as_of in self._all(self._v1.invoices.list, objects.Invoice, account_id, query):
            yield self._with_all_payments(account_id, stripe_invoice).as_listed(as_of)

    def _with_all_payments(self, account_id: StripeAccountId, invoice: objects.Invoice) -> objects.Invoice:
        """Returns an invoice with all its payments, including those beyond the page that was expanded."""
        if invoice.payments is not None and invoice.payments.has_more:
            of_invoice = {"invoice": invoice.id}
            payments = self._all(self._v1.invoice_payments.list, objects.InvoicePayment, account_id, of_invoice)
            invoice.payments = InvoicePayments([payment for payment, _ in payments])
        return invoice

    # Payments

    def open_intents(
        self, account_id: StripeAccountId, since: int, before: int | None
    ) -> Iterator[PaymentIntentFact]:
        expand = ["data.payment.payment_intent"]
        query = {"status": "open", "created": _created_between(since, before), "expand": expand}
        for invoice_payment, as_of in self._all(
            self._v1.invoice_payments.list, OpenInvoicePayment, account_id, query
        ):
            if invoice_payment.intent is not None:
                yield invoice_payment.intent.fact(as_of)

    def charges(self, account_id: StripeAccountId, since: int) -> Iterator[ChargeFact]:
        return self._facts(self._v1.charges.list, objects.Charge, account_id, {"created": {"gte": since}})

    def refunds(self, account_id: StripeAccountId, since: int) -> Iterator[RefundFact]:
        return self._facts(self._v1.refunds.list, objects.Refund, account_id, {"created": {"gte": since}})

    def disputes(self, account_id: StripeAccountId, since: int) -> Iterator[DisputeFact]:
        return self._facts(self._v1.disputes.list, objects.Dispute, account_id, {"created": {"gte": since}})

    def credit_notes(self, account_id: StripeAccountId, since: int) -> Iterator[CreditNoteFact]:
        return self._facts(self._v1.credit_notes.list, objects.CreditNote, account_id, {"created": {"gte": since}})

    # From page to page

    def _facts(
        self, method: Any, model: type[HasFact[Fact]], account_id: StripeAccountId, query: dict[str, Any]
    ) -> Iterator[Fact]:
        for each, as_of in self._all(method, model, account_id, query):
            yield each.fact(as_of)

    def _all(
        self, method: Any, model: type[T], account_id: StripeAccountId, query: dict[str, Any]
    ) -> Iterator[tuple[T, int]]:
        """Yields each entry with the second of its page's request by Stripe's clock."""
        for page, as_of in self._pages(method, account_id, query):
            for raw in page.data:
                yield parse(raw, model), as_of

    def _lines(self, model: type[T], account_id: StripeAccountId, stripe_invoice_id: str) -> Iterator[T]:
        """Yields all lines of an invoice. The invoice itself has only the first ten."""

        def page_of_lines(query: Any, options: Any) -> Any:
            return self._v1.invoices.line_items.list(stripe_invoice_id, query, options)

        for line, _ in self._all(page_of_lines, model, account_id, {}):
            yield line

    def _pages(
        self, method: Any, account_id: StripeAccountId, query: dict[str, Any], after: str | None = None
    ) -> Iterator[tuple[ListPage, int]]:
        """Yields each page with the second of its request.

        The first page begins after the entry with the id `after`.
        """
        while True:
            cursor = {"starting_after": after} if after is not None else {}
            response = self._page(method, {**query, **cursor, "limit": PAGE_SIZE}, on_account(account_id))
            page = response.parse(ListPage)
            yield page, response.as_of
            if not page.has_more or not page.data:
                return
            after = parse(page.data[-1], Stub).id

    @translates_errors
    def _page(self, method: Any, query: dict[str, Any], options: Any) -> StripeResponse:
        return self._call(method, query, options)


def _created_between(since: int, before: int | None) -> dict[str, int]:
    return {"gte": since} if before is None else {"gte": since, "lt": before}
