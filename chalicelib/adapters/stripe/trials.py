"""What a test of the connection asks of Stripe. Its objects carry a key of their own: they are never POM's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.stripe import objects
from chalicelib.adapters.stripe.client import StripeCalls, StripeResponse, on_account, parse
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.adapters.stripe.lists import PAGE_SIZE, ListPage
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.trial import TRIAL_EMAIL, TRIAL_NAME, TrialCustomer, TrialInvoice

if TYPE_CHECKING:
    from stripe.params import InvoiceCreateParams

TRIAL_KEY = "pom_connection_test"


class Trials(StripeCalls):
    """The part of the gateway that sets up and takes down test invoices."""

    @translates_errors
    def trial_customers(self, account_id: StripeAccountId) -> Sequence[TrialCustomer]:
        """Those that are still there, whichever run made them."""
        answer = self._call(
            self._v1.customers.list, {"email": TRIAL_EMAIL, "limit": PAGE_SIZE}, on_account(account_id)
        )
        customers = [parse(raw, objects.Customer) for raw in answer.parse(ListPage).data]
        return [
            TrialCustomer(each.id, each.metadata[TRIAL_KEY], each.created, answer.as_of)
            for each in customers
            if each.metadata and TRIAL_KEY in each.metadata
        ]

    @translates_errors
    def create_trial_customer(self, account_id: StripeAccountId, run: str) -> str:
        """A customer that nobody is; answers its id."""
        parameters: Any = {"email": TRIAL_EMAIL, "name": TRIAL_NAME, "metadata": {TRIAL_KEY: run}}
        answer = self._call(self._v1.customers.create, parameters, on_account(account_id))
        return answer.parse(objects.Customer).id

    @translates_errors
    def create_trial_draft(
        self, account_id: StripeAccountId, customer_id: str, run: str, amount: int, currency: str
    ) -> TrialInvoice:
        """A draft of one line that Stripe neither finalizes nor e-mails by itself."""
        draft: InvoiceCreateParams = {
            "customer": customer_id,
            "collection_method": "send_invoice",
            "days_until_due": 30,
            "currency": currency,
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "description": "A test of the connection with POM. It is voided at once.",
            "metadata": {TRIAL_KEY: run},
        }
        invoice = self._call(self._v1.invoices.create, draft, on_account(account_id)).parse(objects.Invoice)
        line: Any = {"lines": [{"amount": amount, "description": TRIAL_NAME}]}
        return _trial_in(self._call(self._v1.invoices.add_lines, invoice.id, line, on_account(account_id)))

    @translates_errors
    def finalize_trial(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice:
        """Finalize without an e-mail."""
        quietly = {"auto_advance": False}
        return _trial_in(self._call(self._v1.invoices.finalize_invoice, trial_id, quietly, on_account(account_id)))

    @translates_errors
    def trial_invoice(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice:
        return _trial_in(self._call(self._v1.invoices.retrieve, trial_id, None, on_account(account_id)))

    @translates_errors
    def trial_invoices(self, account_id: StripeAccountId, customer_id: str) -> Sequence[TrialInvoice]:
        """What a test customer was billed; only what a test made."""
        answer = self._call(
            self._v1.invoices.list, {"customer": customer_id, "limit": PAGE_SIZE}, on_account(account_id)
        )
        invoices = [parse(raw, objects.Invoice) for raw in answer.parse(ListPage).data]
        return [_trial(each) for each in invoices if TRIAL_KEY in (each.metadata or {})]

    @translates_errors
    def void_trial(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice:
        return _trial_in(self._call(self._v1.invoices.void_invoice, trial_id, None, on_account(account_id)))

    @translates_errors
    def delete_trial_customer(self, account_id: StripeAccountId, customer_id: str) -> None:
        """Fine if it is gone."""
        self._call_unless_missing(self._v1.customers.delete, customer_id, None, on_account(account_id))


def _trial_in(answer: StripeResponse) -> TrialInvoice:
    return _trial(answer.parse(objects.Invoice))


def _trial(invoice: objects.Invoice) -> TrialInvoice:
    payable = bool(invoice.hosted_invoice_url)
    return TrialInvoice(invoice.id, invoice.status or "draft", invoice.total, invoice.currency, payable)
