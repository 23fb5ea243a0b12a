"""The objects that a test of the connection creates in Stripe. Their own metadata key keeps them out of POM."""

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
    """The part of the gateway that creates and removes test invoices."""

    @translates_errors
    def trial_customers(self, account_id: StripeAccountId) -> Sequence[TrialCustomer]:
        """Returns the test customers that still exist, from any run."""
        response = self._call(
            self._v1.customers.list, {"email": TRIAL_EMAIL, "limit": PAGE_SIZE}, on_account(account_id)
        )
        customers = [parse(raw, objects.Customer) for raw in response.parse(ListPage).data]
        return [
            TrialCustomer(each.id, each.metadata[TRIAL_KEY], each.created, response.as_of)
            for each in customers
            if each.metadata and TRIAL_KEY in each.metadata
        ]

    @translates_errors
    def create_trial_customer(self, account_id: StripeAccountId, run: str) -> str:
        """Creates a customer who is no real person, and returns its id."""
        parameters: Any = {"email": TRIAL_EMAIL, "name": TRIAL_NAME, "metadata": {TRIAL_KEY: run}}
        response = self._call(self._v1.customers.create, parameters, on_account(account_id))
        return response.parse(objects.Customer).id

    @translates_errors
    def create_trial_draft(
        self, account_id: StripeAccountId, customer_id: str, run: str, amount: int, currency: str
    ) -> TrialInvoice:
        """Creates a draft of one line that Stripe neither finalizes nor e-mails automatically."""
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
        """Finalizes the test invoice without an e-mail."""
        parameters = {"auto_advance": False}
        return _trial_in(self._call(self._v1.invoices.finalize_invoice, trial_id, parameters, on_account(account_id)))

    @translates_errors
    def trial_invoice(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice:
        return _trial_in(self._call(self._v1.invoices.retrieve, trial_id, None, on_account(account_id)))

    @translates_errors
    def trial_invoices(self, account_id: StripeAccountId, customer_id: str) -> Sequence[TrialInvoice]:
        """Returns the customer's invoices that a test created."""
        response = self._call(
            self._v1.invoices.list, {"customer": customer_id, "limit": PAGE_SIZE}, on_account(account_id)
        )
        invoices = [parse(raw, objects.Invoice) for raw in response.parse(ListPage).data]
        return [_trial(each) for each in invoices if TRIAL_KEY in (each.metadata or {})]

    @translates_errors
    def void_trial(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice:
        return _trial_in(self._call(self._v1.invoices.void_invoice, trial_id, None, on_account(account_id)))

    @translates_errors
    def delete_trial_customer(self, account_id: StripeAccountId, customer_id: str) -> None:
        """Deletes the test customer. Does nothing if the customer no longer exists."""
        self._call_unless_missing(self._v1.customers.delete, customer_id, None, on_account(account_id))


def _trial_in(response: StripeResponse) -> TrialInvoice:
    return _trial(response.parse(objects.Invoice))


def _trial(invoice: objects.Invoice) -> TrialInvoice:
    payable = bool(invoice.hosted_invoice_url)
    return TrialInvoice(invoice.id, invoice.status or "draft", invoice.total, invoice.currency, payable)
