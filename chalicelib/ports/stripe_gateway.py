"""The gateway to Stripe's API that the use cases call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.balance_transactions import BalanceAmount, BalanceTransaction
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Values
from chalicelib.domain.draft_edit import DraftChanges, DraftLine, LineInStripe
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.facts import AccountFact, CreditNoteFact, CustomerFact, InvoiceFact, StripeFact
from chalicelib.domain.identifiers import (
    StripeAccountId,
)
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import ChargeFact, DisputeFact, PaymentIntentFact, RefundFact
from chalicelib.domain.payout import PayoutFact
from chalicelib.domain.trial import TrialCustomer, TrialInvoice
from chalicelib.domain.webhook import WebhookEndpoint
from chalicelib.ports.listed_invoices import ListedInvoice
from chalicelib.ports.recoverable_invoice import RecoverableInvoice


@dataclass(frozen=True, slots=True)
class OAuthGrant:
    """Access to an account. Stripe's tokens are not stored, because POM calls Stripe with the platform's key."""

    account_id: StripeAccountId
    livemode: bool
    scope: str


class StripeGateway(Protocol):
    """Stripe's API on behalf of one connected account.

    Every method may raise StripeUnavailable, StripeRefused or AccountUnreachable. A Retryable error never means that
    Stripe refused. The times in facts are Stripe's. `key` is an idempotency key.
    """

    def authorize_url(self, state: str, redirect_uri: str) -> str: ...

    def exchange_code(self, code: str) -> OAuthGrant: ...

    def deauthorize(self, account_id: StripeAccountId) -> None:
        """Ends POM's access. An account that was deauthorized before is accepted."""

    def account(self, account_id: StripeAccountId) -> AccountFact: ...

    def find_customers(self, account_id: StripeAccountId, email: str) -> Sequence[CustomerFact]:
        """Returns all customers with exactly this address. The case of letters matters."""

    def search_customers(self, account_id: StripeAccountId, email: str) -> Sequence[CustomerFact]:
        """Returns all customers with this address in any case. Stripe's search index is up to a minute behind.

        Raises: StripeRefused if search is not available in the account's country.
        """

    def create_customer(self, account_id: StripeAccountId, customer: Customer, key: str) -> CustomerFact: ...

    def update_customer(
        self, account_id: StripeAccountId, stripe_customer_id: str, customer: Customer, changes: Values
    ) -> CustomerFact:
        """Sends these fields and POM's ids to Stripe. Returns a fact with `deleted` if Stripe has no such
        customer.
        """

    def customer(self, account_id: StripeAccountId, stripe_customer_id: str) -> CustomerFact:
        """Returns the customer as Stripe has it now, even if it is deleted. Raises: Gone if it never existed."""

    def delete_customer(self, account_id: StripeAccountId, stripe_customer_id: str) -> None:
        """Deletes the customer for good. A customer that does not exist is accepted."""

    def create_draft(
        self, account_id: StripeAccountId, invoice: Invoice, stripe_customer_id: str, key: str
    ) -> InvoiceFact: ...

    def add_lines(
        self, account_id: StripeAccountId, stripe_invoice_id: str, lines: Sequence[DraftLine], key: str
    ) -> InvoiceFact:
        """Adds lines at the end of a draft, all or none."""

    def remove_lines(
        self, account_id: StripeAccountId, stripe_invoice_id: str, line_ids: Sequence[str], key: str
    ) -> InvoiceFact:
        """Deletes lines of a draft, all or none."""

    def update_draft(
        self, account_id: StripeAccountId, stripe_invoice_id: str, changes: DraftChanges, key: str
    ) -> InvoiceFact:
        """Changes the details of a draft besides its lines."""

    def draft_lines(self, account_id: StripeAccountId, stripe_invoice_id: str) -> Sequence[LineInStripe]:
        """Returns all lines of a draft in the order in which the payer reads them."""

    def send(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        """Finalizes and e-mails an invoice. Returns the invoice and its payments so far."""

    def finalize(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        """Finalizes an invoice without an e-mail."""

    def void(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> InvoiceFact: ...

    def pay_outside(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        """Marks an invoice as paid outside Stripe."""

    def mark_uncollectible(
        self, account_id: StripeAccountId, stripe_invoice_id: str, key: str
    ) -> Sequence[StripeFact]:
        """Marks an invoice as uncollectible. It can still be paid."""

    def delete_draft(self, account_id: StripeAccountId, stripe_invoice_id: str) -> bool:
        """Deletes a draft. Returns False if it was deleted before. Raises StripeRefused if it is no longer a
        draft.
        """

    def find_invoice(self, account_id: StripeAccountId, invoice: Invoice) -> InvoiceFact | None:
        """Returns the Stripe invoice with POM's invoice id from Stripe's list, or None."""

    def billed_lines(self, account_id: StripeAccountId, stripe_invoice_id: str) -> tuple[tuple[str, int], ...]:
        """Returns all lines of an invoice, in the form of `InvoiceFact.drafted_lines`."""

    def events_about(
        self, account_id: StripeAccountId, stripe_invoice_id: str, event_type: str, since: int
    ) -> Sequence[StripeEvent]:
        """Returns the events of this type about the invoice that Stripe lists, the newest first.

        `since` is in epoch seconds UTC. Stripe lists events of 30 days (https://docs.stripe.com/api/events).
        """

    def everything(self, account_id: StripeAccountId, stripe_invoice_id: str) -> Sequence[StripeFact]:
        """Returns the invoice as it is now, with its payments, attempts, refunds and disputes.

        Returns the same for the revision that has replaced it, if there is one.
        """

    def recorded(self, account_id: StripeAccountId, stripe_invoice_id: str) -> RecoverableInvoice | None:
        """Returns Stripe's data about the order, or None if the invoice does not exist or carries no id of POM."""

    def fetch(
        self, account_id: StripeAccountId, object_type: str, object_id: str
    ) -> StripeFact | CustomerFact | AccountFact | None:
        """Returns one object as it is now, or None if Stripe has none with this id."""

    def events(self, account_id: StripeAccountId, since: int, until: int) -> Iterator[Sequence[StripeEvent]]:
        """Yields pages of at most 100 subscribed events created in [since, until] (epoch seconds)."""

    def read_event(self, body: str, account_id: StripeAccountId) -> StripeEvent | None:
        """Returns a parked event, parsed again, or None if it cannot be one of Stripe's."""

    def pointer_to(self, event: StripeEvent) -> str:
        """Returns a body for a parked event with only its object's ids. `read_event` accepts it too."""

    def invoices_of_status(
        self, account_id: StripeAccountId, status: str, since: int, before: int | None
    ) -> Iterator[ListedInvoice]:
        """Yields all invoices with this status of Stripe's, created since `since` and, if set, before `before`."""

    def open_intents(
        self, account_id: StripeAccountId, since: int, before: int | None
    ) -> Iterator[PaymentIntentFact]:
        """Yields the payment intents of open invoice payments, created since `since` and, if set, before `before`."""

    def invoices_since(self, account_id: StripeAccountId, since: int) -> Iterator[ListedInvoice]:
        """Yields all invoices created since then, without their payments."""

    def refund(
        self,
        account_id: StripeAccountId,
        payment_id: str,
        amount: int,
        reason: str | None,
        order_id: str,
        key: str,
    ) -> RefundFact:
        """Refunds a part or all of a payment (`pi_…`, or `ch_…` if it has no intent), in minor units.

        `reason` is one of Stripe's words. `order_id` is written to the refund's metadata, so that the refund can be
        found again. Raises: StripeRefused with the reason and the next step.
        """

    def refunds_of(self, account_id: StripeAccountId, payment_id: str) -> Sequence[RefundFact]:
        """Returns all refunds of a payment (`pi_…` or `ch_…`)."""

    def balance_transaction_of(self, account_id: StripeAccountId, payment_id: str) -> BalanceTransaction | None:
        """Returns the balance transaction of a payment (`pi_…` or `ch_…`), or None while Stripe has none.

        It belongs to the payment's latest charge. One request.
        """

    def payout(self, account_id: StripeAccountId, payout_id: str) -> PayoutFact | None:
        """Returns a payout as it is now, with its bank, or None if Stripe has none with this id."""

    def payouts(self, account_id: StripeAccountId, since: int) -> Iterator[PayoutFact]:
        """Yields the payouts created since then (epoch seconds UTC), the newest first, with their banks."""

    def balance_transactions(
        self, account_id: StripeAccountId, payout_id: str, after: str | None = None
    ) -> Iterator[Sequence[BalanceTransaction]]:
        """Yields pages of at most 100 balance transactions of an automatic payout, the newest first.

        The payout's own transaction is among them. The first page begins after the transaction with the id `after`. A
        page is requested when the page before it has been consumed. Raises: PayoutNotItemized if the payout is not
        automatic.
        """

    def balance(self, account_id: StripeAccountId) -> Sequence[BalanceAmount]:
        """Returns the account's present balance, one amount for each currency."""

    def charges(self, account_id: StripeAccountId, since: int) -> Iterator[ChargeFact]: ...

    def refunds(self, account_id: StripeAccountId, since: int) -> Iterator[RefundFact]: ...

    def disputes(self, account_id: StripeAccountId, since: int) -> Iterator[DisputeFact]: ...

    def credit_notes(self, account_id: StripeAccountId, since: int) -> Iterator[CreditNoteFact]: ...

    def trial_customers(self, account_id: StripeAccountId) -> Sequence[TrialCustomer]:
        """Returns the test customers that still exist, from any run."""

    def create_trial_customer(self, account_id: StripeAccountId, run: str) -> str: ...

    def create_trial_draft(
        self, account_id: StripeAccountId, customer_id: str, run: str, amount: int, currency: str
    ) -> TrialInvoice: ...

    def finalize_trial(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice:
        """Finalizes a test invoice without an e-mail."""

    def trial_invoice(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice: ...

    def trial_invoices(self, account_id: StripeAccountId, customer_id: str) -> Sequence[TrialInvoice]: ...

    def void_trial(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice: ...

    def delete_trial_customer(self, account_id: StripeAccountId, customer_id: str) -> None:
        """Deletes a test customer. A customer that does not exist is accepted."""

    def webhook_endpoints(self) -> Sequence[WebhookEndpoint]:
        """Returns the platform's own webhook endpoints."""
