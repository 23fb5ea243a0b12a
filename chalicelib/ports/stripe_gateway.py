"""What the use cases ask of Stripe."""

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
    """Access to an account. Stripe's tokens are not kept: calls are made with the platform key."""

    account_id: StripeAccountId
    livemode: bool
    scope: str


class StripeGateway(Protocol):
    """Stripe, on behalf of one connected account.

    Every method raises StripeUnavailable, StripeRefused or AccountUnreachable, and Retryable is never a
    definite no. Facts carry Stripe's own clock. `key` is an idempotency key.
    """

    def authorize_url(self, state: str, redirect_uri: str) -> str: ...

    def exchange_code(self, code: str) -> OAuthGrant: ...

    def deauthorize(self, account_id: StripeAccountId) -> None:
        """Fine if it was deauthorized before."""

    def account(self, account_id: StripeAccountId) -> AccountFact: ...

    def find_customers(self, account_id: StripeAccountId, email: str) -> Sequence[CustomerFact]:
        """Returns all customers with exactly this address. Stripe compares case."""

    def search_customers(self, account_id: StripeAccountId, email: str) -> Sequence[CustomerFact]:
        """Returns all customers with this address in any case. Stripe's index is up to a minute behind.

        Raises: StripeRefused if the account's country has no search.
        """

    def create_customer(self, account_id: StripeAccountId, customer: Customer, key: str) -> CustomerFact: ...

    def update_customer(
        self, account_id: StripeAccountId, stripe_customer_id: str, customer: Customer, changes: Values
    ) -> CustomerFact:
        """Gives Stripe these fields and POM's ids. The fact says `deleted` if Stripe has no such customer."""

    def customer(self, account_id: StripeAccountId, stripe_customer_id: str) -> CustomerFact:
        """Returns the customer as Stripe has it now, even if it is deleted. Raises: Gone if there never was one."""

    def delete_customer(self, account_id: StripeAccountId, stripe_customer_id: str) -> None:
        """Deletes the customer, for good. Fine if it is gone."""

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
        """Changes what a draft says beside its lines."""

    def draft_lines(self, account_id: StripeAccountId, stripe_invoice_id: str) -> Sequence[LineInStripe]:
        """Returns all lines of a draft in the order in which the payer would read them."""

    def send(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        """Finalize and e-mail: the invoice and its payments so far."""

    def finalize(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        """Finalize without an e-mail."""

    def void(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> InvoiceFact: ...

    def pay_outside(self, account_id: StripeAccountId, stripe_invoice_id: str, key: str) -> Sequence[StripeFact]:
        """Mark as paid by other means than Stripe."""

    def mark_uncollectible(
        self, account_id: StripeAccountId, stripe_invoice_id: str, key: str
    ) -> Sequence[StripeFact]:
        """Give up expecting the money; it can still be paid."""

    def delete_draft(self, account_id: StripeAccountId, stripe_invoice_id: str) -> bool:
        """Returns False if it was deleted before. Raises StripeRefused if it is no draft any more."""

    def find_invoice(self, account_id: StripeAccountId, invoice: Invoice) -> InvoiceFact | None:
        """The Stripe invoice that carries our invoice's id, looked up in Stripe's list."""

    def billed_lines(self, account_id: StripeAccountId, stripe_invoice_id: str) -> tuple[tuple[str, int], ...]:
        """Returns all lines of an invoice as `InvoiceFact.drafted_lines` has them."""

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
        """What Stripe remembers of the order; None if it is gone, or carries no id of ours."""

    def fetch(
        self, account_id: StripeAccountId, object_type: str, object_id: str
    ) -> StripeFact | CustomerFact | AccountFact | None:
        """One object as it is now; None if Stripe has none of that id."""

    def events(self, account_id: StripeAccountId, since: int, until: int) -> Iterator[Sequence[StripeEvent]]:
        """Pages of at most 100 subscribed events created in [since, until], both epoch seconds."""

    def read_event(self, body: str, account_id: StripeAccountId) -> StripeEvent | None:
        """Returns a parked event, read again, or None if it cannot be Stripe's by what is known today."""

    def pointer_to(self, event: StripeEvent) -> str:
        """Returns a body for a parked event that has its object's ids alone. `read_event` takes it, too."""

    def invoices_of_status(
        self, account_id: StripeAccountId, status: str, since: int, before: int | None
    ) -> Iterator[ListedInvoice]:
        """All invoices of one of Stripe's statuses that were made since then and, if said, before then."""

    def open_intents(
        self, account_id: StripeAccountId, since: int, before: int | None
    ) -> Iterator[PaymentIntentFact]:
        """The intents behind payments of invoices that are not made yet, where the payment is of that time."""

    def invoices_since(self, account_id: StripeAccountId, since: int) -> Iterator[ListedInvoice]:
        """Yields all invoices made since then, without their payments."""

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

        `reason` is one of Stripe's words. `order_id` goes into the refund's metadata, so that it can be found again;
        `key` is the idempotency key. Raises: StripeRefused, which says why and what to do.
        """

    def refunds_of(self, account_id: StripeAccountId, payment_id: str) -> Sequence[RefundFact]:
        """Returns all refunds of a payment (`pi_…` or `ch_…`)."""

    def balance_transaction_of(self, account_id: StripeAccountId, payment_id: str) -> BalanceTransaction | None:
        """Returns the balance transaction of a payment (`pi_…` or `ch_…`), or None while Stripe has none.

        It is that of the latest charge. One request.
        """

    def payout(self, account_id: StripeAccountId, payout_id: str) -> PayoutFact | None:
        """Returns a payout as it is now, with its bank; None if Stripe has none of that id."""

    def payouts(self, account_id: StripeAccountId, since: int) -> Iterator[PayoutFact]:
        """Yields the payouts made since then (epoch seconds UTC), the newest first, with their banks."""

    def balance_transactions(
        self, account_id: StripeAccountId, payout_id: str, after: str | None = None
    ) -> Iterator[Sequence[BalanceTransaction]]:
        """Yields pages of at most 100 balance transactions of an automatic payout, the newest first.

        The payout's own is among them. `after` is the id of the one after which the first page begins. A page is
        asked for when the page before it has been taken. Raises: PayoutNotItemized if the payout is not automatic.
        """

    def balance(self, account_id: StripeAccountId) -> Sequence[BalanceAmount]:
        """Returns the account's balance now, one amount for each currency."""

    def charges(self, account_id: StripeAccountId, since: int) -> Iterator[ChargeFact]: ...

    def refunds(self, account_id: StripeAccountId, since: int) -> Iterator[RefundFact]: ...

    def disputes(self, account_id: StripeAccountId, since: int) -> Iterator[DisputeFact]: ...

    def credit_notes(self, account_id: StripeAccountId, since: int) -> Iterator[CreditNoteFact]: ...

    def trial_customers(self, account_id: StripeAccountId) -> Sequence[TrialCustomer]:
        """Test customers that are still there, whichever run made them."""

    def create_trial_customer(self, account_id: StripeAccountId, run: str) -> str: ...

    def create_trial_draft(
        self, account_id: StripeAccountId, customer_id: str, run: str, amount: int, currency: str
    ) -> TrialInvoice: ...

    def finalize_trial(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice:
        """Finalize without an e-mail."""

    def trial_invoice(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice: ...

    def trial_invoices(self, account_id: StripeAccountId, customer_id: str) -> Sequence[TrialInvoice]: ...

    def void_trial(self, account_id: StripeAccountId, trial_id: str) -> TrialInvoice: ...

    def delete_trial_customer(self, account_id: StripeAccountId, customer_id: str) -> None:
        """Fine if it is gone."""

    def webhook_endpoints(self) -> Sequence[WebhookEndpoint]:
        """The platform's own."""
