"""Stripe on behalf of connected accounts: one method a request, in the domain's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec
import stripe

from chalicelib.adapters.stripe import objects
from chalicelib.adapters.stripe.client import GONE, Answer, on_account, read, translated
from chalicelib.adapters.stripe.customers import Customers
from chalicelib.adapters.stripe.endpoints import ListedEndpoints
from chalicelib.adapters.stripe.events import listed_event
from chalicelib.adapters.stripe.parameters import draft_parameters, lines_parameters
from chalicelib.adapters.stripe.records import Records
from chalicelib.adapters.stripe.trials import Trials
from chalicelib.domain.errors import Gone, Refused
from chalicelib.domain.events import SUBSCRIPTION, StripeEvent
from chalicelib.domain.facts import (
    AccountFact,
    ChargeFact,
    CreditNoteFact,
    CustomerFact,
    DisputeFact,
    InvoiceFact,
    InvoicePaymentFact,
    PaymentIntentFact,
    RefundFact,
    StripeFact,
)
from chalicelib.domain.identifiers import InvoiceId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports.listed import ListedInvoice
from chalicelib.ports.stripe_gateway import OAuthGrant

PAGE = 100
CLOCK_MARGIN = 300
"""Seconds that our clock and Stripe's may differ, when a list is asked for by time of creation."""

T = TypeVar("T")


class Listed(msgspec.Struct):
    """https://docs.stripe.com/api/pagination"""

    data: list[msgspec.Raw]
    has_more: bool = False


class StripeGateway(Customers, ListedEndpoints, Records, Trials):
    """Fulfils `usecases.ports.StripeGateway` with the `stripe` package."""

    # Connecting

    def authorize_url(self, state: str, redirect_uri: str) -> str:
        """Where the admin grants POM access (https://docs.stripe.com/connect/oauth-reference)."""
        return self._client.oauth.authorize_url(
            {
                "response_type": "code",
                "scope": "read_write",
                "state": state,
                "redirect_uri": redirect_uri,
                "stripe_landing": "login",
            }
        )

    @translated
    def exchange_code(self, code: str) -> OAuthGrant:
        """Turn the single-use code into an account id. The tokens that come with it are not kept."""
        try:
            token = self._client.oauth.token({"grant_type": "authorization_code", "code": code})
        except stripe.oauth_error.InvalidGrantError as exc:
            raise Refused(
                "oauth_code_invalid",
                "Stripe did not accept the authorization code: it has expired or was used before.",
                field="code",
                next_step="Start again with Install or Reconnect.",
            ) from exc
        return OAuthGrant(StripeAccountId(str(token.stripe_user_id)), bool(token.livemode), str(token.scope))

    @translated
    def deauthorize(self, account_id: StripeAccountId) -> None:
        """Give up the access; fine if it was given up before."""
        try:
            self._client.oauth.deauthorize({"stripe_user_id": account_id})
        except stripe.oauth_error.InvalidClientError as exc:
            if "not connected" not in str(exc).lower():
                raise

    @translated
    def account(self, account_id: StripeAccountId) -> AccountFact:
        answer = self._ask(self._v1.accounts.retrieve, account_id)
        return answer.read(objects.Account).fact(answer.as_of)

    # The steps of an invoice

    @translated
    def create_draft(
        self, account_id: StripeAccountId, invoice: Invoice, stripe_customer_id: str, key: str
    ) -> InvoiceFact:
        parameters = draft_parameters(invoice, stripe_customer_id)
        return self._invoice(account_id, self._ask(self._v1.invoices.create, parameters, on_account(account_id, key)))

    @translated
    def add_lines(self, account_id: StripeAccountId, invoice: Invoice, key: str) -> InvoiceFact:
        drafted = _drafted(invoice)
        added = self._ask(
            self._v1.invoices.add_lines, drafted, lines_parameters(invoice), on_account(account_id, key)
        )
        return self._invoice(account_id, added)

    @translated
    def set_due_date(self, account_id: StripeAccountId, stripe_invoice_id: str, due_at: int, key: str) -> InvoiceFact:
        changes = {"due_date": due_at}
        changed = self._ask(self._v1.invoices.update, stripe_invoice_id, changes, on_account(account_id, key))
        return self._invoice(account_id, changed)

    @translated
    def send(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        expanded = {"expand": ["payments"]}
        sent = self._ask(self._v1.invoices.send_invoice, stripe_invoice_id, expanded, on_account(account_id, key))
        return self._with_payments(account_id, sent)

    @translated
    def finalize(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        quietly = {"auto_advance": False, "expand": ["payments"]}
        finalized = self._ask(
            self._v1.invoices.finalize_invoice, stripe_invoice_id, quietly, on_account(account_id, key)
        )
        return self._with_payments(account_id, finalized)

    @translated
    def void(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> InvoiceFact:
        voided = self._ask(self._v1.invoices.void_invoice, stripe_invoice_id, None, on_account(account_id, key))
        return self._invoice(account_id, voided)

    @translated
    def pay_outside(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        outside = {"paid_out_of_band": True, "expand": ["payments"]}
        paid = self._ask(self._v1.invoices.pay, stripe_invoice_id, outside, on_account(account_id, key))
        return self._with_payments(account_id, paid)

    @translated
    def mark_uncollectible(
        self, account_id: StripeAccountId, stripe_invoice_id: str, key: str
    ) -> Sequence[StripeFact]:
        marked = self._ask(self._v1.invoices.mark_uncollectible, stripe_invoice_id, None, on_account(account_id, key))
        return self._with_payments(account_id, marked)

    @translated
    def delete_draft(self, account_id: StripeAccountId, stripe_invoice_id: str) -> bool:
        asked = self._ask_unless_gone(self._v1.invoices.delete, stripe_invoice_id, None, on_account(account_id))
        return asked is not None

    def _invoice(self, account_id: StripeAccountId, answer: Answer) -> InvoiceFact:
        facts = self._with_payments(account_id, answer)
        return next(fact for fact in facts if isinstance(fact, InvoiceFact))

    def _with_payments(self, account_id: StripeAccountId, answer: Answer) -> Sequence[StripeFact]:
        """What a step brought. Where its answer is a replay, the world may have gone on since: that is asked for."""
        if answer.replayed:
            return self.everything(account_id, answer.read(objects.Stub).id)
        return _as_answered(answer)

    # Looking before asking again

    @translated
    def find_invoice(self, account_id: StripeAccountId, invoice: Invoice) -> InvoiceFact | None:
        since = invoice.created_at - CLOCK_MARGIN
        for found, as_of in self._all(
            self._v1.invoices.list, objects.Invoice, account_id, {"created": {"gte": since}}
        ):
            if found.ours == invoice.id and found.revised is None:
                return found.fact(as_of)
        return None

    @translated
    def billed_lines(self, account_id: StripeAccountId, stripe_invoice_id: str) -> tuple[tuple[str, int], ...]:
        lines = self._all(
            lambda params, options: self._v1.invoices.line_items.list(stripe_invoice_id, params, options),
            objects.LineOfInvoice,
            account_id,
            {},
        )
        return tuple(sorted(line.billed for line, _ in lines))

    @translated
    def events_about(
        self, account_id: StripeAccountId, stripe_invoice_id: str, event_type: str, since: int
    ) -> Sequence[StripeEvent]:
        query = {"type": event_type, "created": {"gte": since - CLOCK_MARGIN}}
        listed = (
            listed_event(bytes(raw), account_id)
            for raw, _ in self._all(self._v1.events.list, msgspec.Raw, account_id, query)
        )
        return [event for event in listed if event is not None and event.object_id == stripe_invoice_id]

    # Reading the truth

    @translated
    def everything(self, account_id: StripeAccountId, stripe_invoice_id: str) -> Sequence[StripeFact]:
        facts: list[StripeFact] = []
        met: set[str] = set()
        following: str | None = stripe_invoice_id
        while following is not None and following not in met:
            met.add(following)
            found = self._of_one_invoice(account_id, following)
            facts += found
            following = next((each.latest_revision_id for each in found if isinstance(each, InvoiceFact)), None)
        return facts

    def _of_one_invoice(self, account_id: StripeAccountId, stripe_invoice_id: str) -> Sequence[StripeFact]:
        expanded: Any = {"expand": ["payments"]}
        found = self._ask_unless_gone(self._v1.invoices.retrieve, stripe_invoice_id, expanded, on_account(account_id))
        if found is None:
            return [objects.deleted_invoice(stripe_invoice_id, as_of=0)]
        invoice = found.read(objects.Invoice)
        facts = invoice.facts(found.as_of)
        if invoice.has_more_payments:
            facts = [fact for fact in facts if not isinstance(fact, InvoicePaymentFact)]
            of_this: dict[str, Any] = {"invoice": stripe_invoice_id}
            for payment, as_of in self._all(
                self._v1.invoice_payments.list, objects.InvoicePayment, account_id, of_this
            ):
                facts.append(payment.fact(as_of))
        payments = [fact for fact in facts if isinstance(fact, InvoicePaymentFact)]
        intents = {payment.payment_intent_id for payment in payments if payment.payment_intent_id}
        for intent in sorted(intents):
            facts.extend(self._payment(account_id, intent))
        of_invoice = {"invoice": stripe_invoice_id}
        for note, as_of in self._all(self._v1.credit_notes.list, objects.CreditNote, account_id, of_invoice):
            facts.append(note.fact(as_of))
        return facts

    def _payment(self, account_id: StripeAccountId, payment_intent_id: str) -> Iterator[StripeFact]:
        intent = self._ask(self._v1.payment_intents.retrieve, payment_intent_id, None, on_account(account_id))
        yield intent.read(objects.PaymentIntent).fact(intent.as_of)
        of_intent = {"payment_intent": payment_intent_id}
        for charge, as_of in self._all(self._v1.charges.list, objects.Charge, account_id, of_intent):
            yield charge.fact(as_of)
        for refund, as_of in self._all(self._v1.refunds.list, objects.Refund, account_id, of_intent):
            yield refund.fact(as_of)
        for dispute, as_of in self._all(self._v1.disputes.list, objects.Dispute, account_id, of_intent):
            yield dispute.fact(as_of)

    @translated
    def fetch(
        self, account_id: StripeAccountId, object_type: str, object_id: str
    ) -> StripeFact | CustomerFact | AccountFact | None:
        if object_type == "account":
            return self.account(account_id)
        model = objects.OBJECTS[object_type]
        service: Any = getattr(self._v1, f"{object_type}s")
        answer = self._ask_unless_gone(service.retrieve, object_id, None, on_account(account_id))
        if answer is None:
            return objects.deleted_invoice(object_id, as_of=0) if object_type == "invoice" else None
        return answer.read(model).fact(answer.as_of)

    def events(self, account_id: StripeAccountId, since: int, until: int) -> Iterator[Sequence[StripeEvent]]:
        """Newest first. The list takes at most 20 types and we know more, so types are picked out here."""
        query = {"created": {"gte": since, "lte": until}}
        for page, _ in self._pages(self._v1.events.list, account_id, query):
            listed = [listed_event(bytes(raw), account_id) for raw in page.data]
            yield [event for event in listed if event is not None and event.type in SUBSCRIPTION]

    def read_event(self, body: str, account_id: StripeAccountId) -> StripeEvent | None:
        return listed_event(body.encode(), account_id)

    def invoices_of_status(
        self, account_id: StripeAccountId, status: str, since: int, before: int | None
    ) -> Iterator[ListedInvoice]:
        query = {"status": status, "created": _made(since, before), "expand": ["data.payments"]}
        for found, as_of in self._all(self._v1.invoices.list, objects.Invoice, account_id, query):
            yield found.listed(as_of)

    def open_intents(
        self, account_id: StripeAccountId, since: int, before: int | None
    ) -> Iterator[PaymentIntentFact]:
        expanded = ["data.payment.payment_intent"]
        query = {"status": "open", "created": _made(since, before), "expand": expanded}
        for found, as_of in self._all(self._v1.invoice_payments.list, objects.OpenInvoicePayment, account_id, query):
            if found.intent is not None:
                yield found.intent.fact(as_of)

    def invoices_since(
        self, account_id: StripeAccountId, since: int
    ) -> Iterator[tuple[InvoiceFact, InvoiceId | None]]:
        query = {"created": {"gte": since}}
        for found, as_of in self._all(self._v1.invoices.list, objects.Invoice, account_id, query):
            yield found.fact(as_of), found.ours

    def charges(self, account_id: StripeAccountId, since: int) -> Iterator[ChargeFact]:
        query = {"created": {"gte": since}}
        for charge, as_of in self._all(self._v1.charges.list, objects.Charge, account_id, query):
            yield charge.fact(as_of)

    def refunds(self, account_id: StripeAccountId, since: int) -> Iterator[RefundFact]:
        query = {"created": {"gte": since}}
        for refund, as_of in self._all(self._v1.refunds.list, objects.Refund, account_id, query):
            yield refund.fact(as_of)

    def disputes(self, account_id: StripeAccountId, since: int) -> Iterator[DisputeFact]:
        query = {"created": {"gte": since}}
        for dispute, as_of in self._all(self._v1.disputes.list, objects.Dispute, account_id, query):
            yield dispute.fact(as_of)

    def credit_notes(self, account_id: StripeAccountId, since: int) -> Iterator[CreditNoteFact]:
        query = {"created": {"gte": since}}
        for note, as_of in self._all(self._v1.credit_notes.list, objects.CreditNote, account_id, query):
            yield note.fact(as_of)

    def _all(
        self, method: Any, model: type[T], account_id: StripeAccountId, query: dict[str, Any]
    ) -> Iterator[tuple[T, int]]:
        for page, as_of in self._pages(method, account_id, query):
            for raw in page.data:
                yield (raw if model is msgspec.Raw else read(raw, model)), as_of  # type: ignore[misc]

    def _pages(self, method: Any, account_id: StripeAccountId, query: dict[str, Any]) -> Iterator[tuple[Listed, int]]:
        after: dict[str, str] = {}
        while True:
            answer = self._page(method, {**query, **after, "limit": PAGE}, on_account(account_id))
            page = answer.read(Listed)
            yield page, answer.as_of
            if not page.has_more or not page.data:
                return
            after = {"starting_after": read(page.data[-1], objects.Stub).id}

    @translated
    def _page(self, method: Any, query: dict[str, Any], options: Any) -> Answer:
        return self._ask(method, query, options)


def _made(since: int, before: int | None) -> dict[str, int]:
    return {"gte": since} if before is None else {"gte": since, "lt": before}


def _as_answered(answer: Answer) -> Sequence[StripeFact]:
    return answer.read(objects.Invoice).facts(answer.as_of)


def _drafted(invoice: Invoice) -> str:
    if invoice.stripe_invoice_id is None:
        raise Gone(GONE, "The invoice has no draft in Stripe.", next_step="Make a new invoice.")
    return invoice.stripe_invoice_id
