"""The part of the gateway that reads one object, or one invoice with all that belongs to it, in its current state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.adapters.stripe import objects
from chalicelib.adapters.stripe.client import Missing, on_account
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.adapters.stripe.lists import Lists
from chalicelib.adapters.stripe.objects.invoices import LineOfDraft, LineOfInvoice, missing_invoice
from chalicelib.domain.draft_edit import LineInStripe
from chalicelib.domain.facts import AccountFact, CustomerFact, InvoiceFact, StripeFact
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.payment_facts import InvoicePaymentFact


class Retrieval(Lists):
    """The part of `StripeGateway` that reads an invoice with its payments, refunds, disputes and credit notes."""

    @translates_errors
    def everything(self, account_id: StripeAccountId, stripe_invoice_id: str) -> Sequence[StripeFact]:
        facts: list[StripeFact] = []
        read_ids: set[str] = set()
        next_id: str | None = stripe_invoice_id
        while next_id is not None and next_id not in read_ids:
            read_ids.add(next_id)
            invoice_facts = self._of_one_invoice(account_id, next_id)
            facts += invoice_facts
            next_id = next((each.latest_revision_id for each in invoice_facts if isinstance(each, InvoiceFact)), None)
        return facts

    def _of_one_invoice(self, account_id: StripeAccountId, stripe_invoice_id: str) -> Sequence[StripeFact]:
        invoice, payments = self._invoice_and_payments(account_id, stripe_invoice_id)
        if invoice.deleted:
            return [invoice]
        facts: list[StripeFact] = [invoice, *payments]
        for intent in sorted({payment.payment_intent_id for payment in payments if payment.payment_intent_id}):
            facts += self._payment(account_id, intent)
        of_invoice = {"invoice": stripe_invoice_id}
        facts += self._facts(self._v1.credit_notes.list, objects.CreditNote, account_id, of_invoice)
        return facts

    def _invoice_and_payments(
        self, account_id: StripeAccountId, stripe_invoice_id: str
    ) -> tuple[InvoiceFact, Sequence[InvoicePaymentFact]]:
        """Returns an invoice with all its payments, which show the amount that was paid outside Stripe."""
        query: Any = {"expand": ["payments"]}
        response = self._call_unless_missing(
            self._v1.invoices.retrieve, stripe_invoice_id, query, on_account(account_id)
        )
        if isinstance(response, Missing):
            return missing_invoice(stripe_invoice_id, response.as_of), ()
        invoice = self._with_all_payments(account_id, response.parse(objects.Invoice))
        return invoice.fact(response.as_of), invoice.payment_facts(response.as_of)

    def _payment(self, account_id: StripeAccountId, payment_intent_id: str) -> Iterator[StripeFact]:
        response = self._call(self._v1.payment_intents.retrieve, payment_intent_id, None, on_account(account_id))
        yield response.parse(objects.PaymentIntent).fact(response.as_of)
        of_intent = {"payment_intent": payment_intent_id}
        yield from self._facts(self._v1.charges.list, objects.Charge, account_id, of_intent)
        yield from self._facts(self._v1.refunds.list, objects.Refund, account_id, of_intent)
        yield from self._facts(self._v1.disputes.list, objects.Dispute, account_id, of_intent)

    @translates_errors
    def billed_lines(self, account_id: StripeAccountId, stripe_invoice_id: str) -> tuple[tuple[str, int], ...]:
        lines = self._lines(LineOfInvoice, account_id, stripe_invoice_id)
        return tuple(sorted(line.service_and_amount for line in lines))

    @translates_errors
    def draft_lines(self, account_id: StripeAccountId, stripe_invoice_id: str) -> Sequence[LineInStripe]:
        return [line.in_stripe for line in self._lines(LineOfDraft, account_id, stripe_invoice_id)]

    @translates_errors
    def account(self, account_id: StripeAccountId) -> AccountFact:
        response = self._call(self._v1.accounts.retrieve, account_id)
        return response.parse(objects.Account).fact(response.as_of)

    @translates_errors
    def fetch(
        self, account_id: StripeAccountId, object_type: str, object_id: str
    ) -> StripeFact | CustomerFact | AccountFact | None:
        if object_type == "account":
            return self.account(account_id)
        if object_type == "invoice":
            return self._invoice_and_payments(account_id, object_id)[0]
        model = objects.OBJECTS[object_type]
        service: Any = getattr(self._v1, f"{object_type}s")
        response = self._call_unless_missing(service.retrieve, object_id, None, on_account(account_id))
        if isinstance(response, Missing):
            return None
        return response.parse(model).fact(response.as_of)
