"""Finds an object by an id or a number: an invoice, a payment, a customer, a payout or an event.

Every lookup uses a key or an index. Without an organization there is one lookup for each organization that was ever
connected. Stripe is called only for an object whose id leads to no record of POM's, such as a charge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import IntegrationError
from chalicelib.domain.identifiers import (
    ACCOUNT_ID,
    INVOICE_PREFIX,
    STRIPE_ID,
    CustomerId,
    InvoiceId,
    OrganizationId,
    StripeAccountId,
    is_id,
)
from chalicelib.domain.payment_facts import ChargeFact, DisputeFact, RefundFact
from chalicelib.domain.payments import OUTSIDE_ID
from chalicelib.ports.storage import InvoiceFilter
from infra.ops import lookups
from infra.ops.stage import Stage

ASKED_AT_MOST = 20
"""The most accounts that are searched in Stripe for one object, with one call each."""

SAME_NUMBER = 10
"""The most invoices of one organization with the same number. A second one exists only on another account."""


class Kind(StrEnum):
    """The kinds of objects that `explain` can show."""

    INVOICE = "invoice"
    PAYMENT = "payment"
    """A payment, a refund or a dispute."""
    CUSTOMER = "customer"
    PAYOUT = "payout"
    EVENT = "event"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class Match:
    """One object that a search found: a payment with its invoice, an event with its account."""

    kind: Kind
    organization_id: OrganizationId
    id: str
    invoice_id: InvoiceId | None = None
    account_id: StripeAccountId | None = None


@dataclass
class Search:
    """One search in these connections: what it found, where it searched, and notes for the operator.

    Stripe's ids are searched on `account`, or on the account that each organization connected last.
    """

    stage: Stage
    query: str
    connections: Sequence[Connection]
    account: StripeAccountId | None = None
    matches: list[Match] = field(default_factory=list)
    looked_for: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def accounts(self) -> Iterator[tuple[OrganizationId, StripeAccountId]]:
        """Yields each organization that has an account, with the account that is searched."""
        for each in self.connections:
            if account_id := self._account_of(each):
                yield each.organization_id, account_id

    def _account_of(self, connection: Connection) -> StripeAccountId | None:
        return self.account or connection.account_id

    def run(self) -> None:
        """Runs every lookup that fits the form of the query."""
        for name, look_up in self._look_ups():
            self.looked_for.append(name)
            for match in look_up():
                if match not in self.matches:
                    self.matches.append(match)

    def _look_ups(self) -> Iterator[tuple[str, Callable[[], Iterator[Match]]]]:
        """Yields each lookup that fits the form of the query, with the kind of object that it finds."""
        prefix = self.query.partition("_")[0] if "_" in self.query else ""
        if is_id(self.query):
            yield "an organization", self._organizations
            yield "a customer of POM's", self._customers
        if self.query.startswith(INVOICE_PREFIX) and is_id(self.query):
            yield "an invoice of POM's", self._invoices
        by_prefix = {
            "in": ("an invoice of Stripe's", self._stripe_invoices),
            "cus": ("a customer of Stripe's", self._stripe_customers),
            "po": ("a payout", self._payouts),
            "evt": ("an event", self._events),
            "acct": ("an account of Stripe's", self._accounts),
            **dict.fromkeys(PAYMENTS, ("a payment, a refund or a dispute", self._payments)),
        }
        if prefix in by_prefix and is_id(self.query, STRIPE_ID):
            yield by_prefix[prefix]
        elif not self.query.startswith(INVOICE_PREFIX):
            yield "an invoice with this number", self._numbers

    def _organizations(self) -> Iterator[Match]:
        for each in self.connections:
            if each.organization_id == self.query:
                yield Match(Kind.ORGANIZATION, each.organization_id, self.query)

    def _accounts(self) -> Iterator[Match]:
        if not is_id(self.query, ACCOUNT_ID):
            return
        owner = self.stage.ports.connections.organization_of(StripeAccountId(self.query))
        if owner is not None and owner in {each.organization_id for each in self.connections}:
            yield Match(Kind.ORGANIZATION, owner, owner)

    def _customers(self) -> Iterator[Match]:
        for each in self.connections:
            if self.stage.ports.customers.get(each.organization_id, CustomerId(self.query)) is not None:
                yield Match(Kind.CUSTOMER, each.organization_id, self.query)

    def _stripe_customers(self) -> Iterator[Match]:
        for organization_id, account_id in self.accounts:
            customer = self.stage.ports.customers.find_by_stripe_id(account_id, self.query)
            if customer is not None:
                yield Match(Kind.CUSTOMER, organization_id, customer.id)

    def _invoices(self) -> Iterator[Match]:
        for each in self.connections:
            if self.stage.ports.invoices.get(each.organization_id, InvoiceId(self.query)) is not None:
                yield Match(Kind.INVOICE, each.organization_id, self.query)

    def _stripe_invoices(self) -> Iterator[Match]:
        """Yields the invoice that the reference leads to. A previous revision of an invoice keeps its reference."""
        for _, account_id in self.accounts:
            for organization_id, invoice_id in self._invoice_of(account_id, self.query):
                yield Match(Kind.INVOICE, organization_id, invoice_id)

    def _numbers(self) -> Iterator[Match]:
        """Yields invoices by their number. Stripe's numbers have capital letters, but the query may not."""
        for each in self.connections:
            for number in dict.fromkeys((self.query, self.query.upper())):
                page = self.stage.ports.invoices.page(
                    each.organization_id, InvoiceFilter(number=number), SAME_NUMBER, None
                )
                yield from (Match(Kind.INVOICE, each.organization_id, invoice.id) for invoice in page.items)

    def _payouts(self) -> Iterator[Match]:
        for each in self.connections:
            if self.stage.ports.payouts.get(each.organization_id, self.query) is not None:
                yield Match(Kind.PAYOUT, each.organization_id, self.query)

    def _events(self) -> Iterator[Match]:
        for organization_id, account_id in self.accounts:
            if lookups.event(self.stage, account_id, self.query) is not None:
                yield Match(Kind.EVENT, organization_id, self.query, account_id=account_id)

    def _payments(self) -> Iterator[Match]:
        """Yields payments by their rows and references, or else by the object that Stripe returns.

        A declined card moved no money, so it has no row. A charge has a row only if its money came back.
        """
        stored_matches = list(self._stored_payments())
        yield from stored_matches or self._payments_of_stripe()

    def _stored_payments(self) -> Iterator[Match]:
        for each in self.connections:
            row = self.stage.ports.payments.find(each.organization_id, [self.query]).get(self.query)
            if row is not None:
                yield self._payment(each.organization_id, row.movement.invoice_id)
            elif account_id := self._account_of(each):
                yield from (self._payment(*owner) for owner in self._invoice_of(account_id, self.query))

    def _payments_of_stripe(self) -> Iterator[Match]:
        object_type = PAYMENTS[self.query.partition("_")[0]]
        if object_type is None:
            return
        accounts = list(self.accounts)
        if len(accounts) > ASKED_AT_MOST:
            self.notes.append(f"Stripe was not searched, because {len(accounts)} accounts are too many.")
            return
        for organization_id, account_id in accounts:
            try:
                fact = self.stage.ports.stripe.fetch(account_id, object_type, self.query)
            except IntegrationError as error:
                self.notes.append(f"Stripe could not be searched on {account_id}: {error.message}")
                continue
            if not isinstance(fact, ChargeFact | RefundFact | DisputeFact):
                continue
            owners = list(self._invoice_of(account_id, fact.payment_intent_id or ""))
            yield from (self._payment(*owner) for owner in owners)
            if not owners:
                self.notes.append(
                    f"Stripe has it on {account_id}, the account of {organization_id}, but it belongs to no invoice "
                    "that POM knows."
                )

    def _payment(self, organization_id: OrganizationId, invoice_id: InvoiceId) -> Match:
        return Match(Kind.PAYMENT, organization_id, self.query, invoice_id)

    def _invoice_of(self, account_id: StripeAccountId, stripe_id: str) -> Iterator[tuple[OrganizationId, InvoiceId]]:
        """Yields the invoice that a Stripe object belongs to, if POM has one."""
        if stripe_id:
            yield from self.stage.ports.invoices.find_by_reference(account_id, [stripe_id]).values()


PAYMENTS = {
    "pi": None,
    "ch": "charge",
    "py": "charge",
    "re": "refund",
    "pyr": "refund",
    "dp": "dispute",
    "du": "dispute",
    "cn": None,
    OUTSIDE_ID.rstrip("_"): None,
}
"""The prefixes of ids of payments, refunds and disputes, and the type of object to fetch from Stripe, if any.

The id of a payment outside Stripe is POM's own. A credit note can record money that was returned outside Stripe.
"""

PAYMENT_WORDS = {**{begins: kind for begins, kind in PAYMENTS.items() if kind is not None}, "cn": "credit note"}
"""The word for an object of the kind `payment`, by the prefix of its id. Any other prefix means a payment."""
