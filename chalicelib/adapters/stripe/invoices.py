"""The part of the gateway that creates, sends and settles invoices."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.adapters.stripe import objects
from chalicelib.adapters.stripe.client import StripeResponse, on_account
from chalicelib.adapters.stripe.drafts import (
    changes_parameters,
    draft_parameters,
    lines_parameters,
    removal_parameters,
)
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.adapters.stripe.objects.fields import Stub
from chalicelib.adapters.stripe.retrieval import Retrieval
from chalicelib.domain.draft_edit import DraftChanges, DraftLine
from chalicelib.domain.facts import InvoiceFact, StripeFact
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice


class Invoices(Retrieval):
    """A part of `StripeGateway`."""

    @translates_errors
    def create_draft(
        self, account_id: StripeAccountId, invoice: Invoice, stripe_customer_id: str, key: str
    ) -> InvoiceFact:
        parameters = draft_parameters(invoice, stripe_customer_id)
        return self._invoice(
            account_id, self._call(self._v1.invoices.create, parameters, on_account(account_id, key))
        )

    @translates_errors
    def add_lines(
        self, account_id: StripeAccountId, stripe_invoice_id: str, lines: Sequence[DraftLine], key: str
    ) -> InvoiceFact:
        parameters = lines_parameters(lines)
        response = self._call(self._v1.invoices.add_lines, stripe_invoice_id, parameters, on_account(account_id, key))
        return self._invoice(account_id, response)

    @translates_errors
    def remove_lines(
        self, account_id: StripeAccountId, stripe_invoice_id: str, line_ids: Sequence[str], key: str
    ) -> InvoiceFact:
        parameters = removal_parameters(line_ids)
        response = self._call(
            self._v1.invoices.remove_lines, stripe_invoice_id, parameters, on_account(account_id, key)
        )
        return self._invoice(account_id, response)

    @translates_errors
    def update_draft(
        self, account_id: StripeAccountId, stripe_invoice_id: str, changes: DraftChanges, key: str
    ) -> InvoiceFact:
        parameters = changes_parameters(changes)
        response = self._call(self._v1.invoices.update, stripe_invoice_id, parameters, on_account(account_id, key))
        return self._invoice(account_id, response)

    @translates_errors
    def send(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        parameters = {"expand": ["payments"]}
        response = self._call(
            self._v1.invoices.send_invoice, stripe_invoice_id, parameters, on_account(account_id, key)
        )
        return self._with_payments(account_id, response)

    @translates_errors
    def finalize(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        parameters = {"auto_advance": False, "expand": ["payments"]}
        response = self._call(
            self._v1.invoices.finalize_invoice, stripe_invoice_id, parameters, on_account(account_id, key)
        )
        return self._with_payments(account_id, response)

    @translates_errors
    def void(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> InvoiceFact:
        response = self._call(self._v1.invoices.void_invoice, stripe_invoice_id, None, on_account(account_id, key))
        return self._invoice(account_id, response)

    @translates_errors
    def pay_outside(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        parameters = {"paid_out_of_band": True, "expand": ["payments"]}
        response = self._call(self._v1.invoices.pay, stripe_invoice_id, parameters, on_account(account_id, key))
        return self._with_payments(account_id, response)

    @translates_errors
    def mark_uncollectible(
        self, account_id: StripeAccountId, stripe_invoice_id: str, key: str
    ) -> Sequence[StripeFact]:
        response = self._call(
            self._v1.invoices.mark_uncollectible, stripe_invoice_id, None, on_account(account_id, key)
        )
        return self._with_payments(account_id, response)

    @translates_errors
    def delete_draft(self, account_id: StripeAccountId, stripe_invoice_id: str) -> bool:
        response = self._call_unless_missing(
            self._v1.invoices.delete, stripe_invoice_id, None, on_account(account_id)
        )
        return isinstance(response, StripeResponse)

    def _invoice(self, account_id: StripeAccountId, response: StripeResponse) -> InvoiceFact:
        facts = self._with_payments(account_id, response)
        return next(fact for fact in facts if isinstance(fact, InvoiceFact))

    def _with_payments(self, account_id: StripeAccountId, response: StripeResponse) -> Sequence[StripeFact]:
        """Returns the facts in the response of a step.

        The invoice is read again if the response is a replay, because it may have changed since, or if the response
        lacks the amount that was paid outside Stripe.
        """
        if response.replayed:
            return self.everything(account_id, response.parse(Stub).id)
        invoice = response.parse(objects.Invoice)
        if invoice.paid_outside is None:
            return self.everything(account_id, invoice.id)
        return [invoice.fact(response.as_of), *invoice.payment_facts(response.as_of)]
