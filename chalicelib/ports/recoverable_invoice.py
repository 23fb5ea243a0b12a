"""An invoice of ours as Stripe alone remembers it, and the record that can be made of that."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.actions import RECREATED, Action
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, StripeAccountId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Deduction, LineItem, Order
from chalicelib.domain.saga import Saga, Step
from chalicelib.domain.terms import day_of

UNKNOWN_USER = UserId("unknown")
"""Stripe does not know which user of POM's asked for an invoice."""


@dataclass(frozen=True, slots=True)
class RecoverableInvoice:
    """What Stripe has of the order. `lines` are those that name a service, `deductions` those that POM took off with,
    `tax` our own line of it in minor units.

    The other lines were put there by somebody in Stripe: `foreign_lines` counts them.
    """

    stripe_id: str
    organization_id: OrganizationId | None
    invoice_id: InvoiceId
    livemode: bool
    created: int
    status: str
    stripe_customer_id: str
    currency: str
    lines: tuple[LineItem, ...]
    tax: int = 0
    deductions: tuple[Deduction, ...] = ()
    foreign_lines: int = 0
    due_at: int | None = None
    memo: str | None = None
    footer: str | None = None
    payment_methods: tuple[str, ...] = ()
    corrects: InvoiceId | None = None
    """The invoice whose place it took, if it is a copy."""

    @property
    def live(self) -> bool:
        """Whether its services count as billed."""
        return self.status != "void"

    def rebuilt(
        self, account_id: StripeAccountId, customer_id: CustomerId, time_zone: str, nonce: str, now: int
    ) -> Invoice:
        """Our record of it, as far as Stripe remembers, and with nothing yet of what became of it.

        Gone for good are who asked for it, the payment terms' name, the body's fingerprint, so that a repeated
        request is refused instead of answered, and the timeline; how many of a service there were, and when it was
        done, stays as words.
        """
        drafted = self.status == "draft"
        return Invoice(
            organization_id=self.organization_id or OrganizationId(""),
            id=self.invoice_id,
            stripe_account_id=account_id,
            livemode=self.livemode,
            order=Order(
                customer_id=customer_id,
                currency=self.currency,
                line_items=self.lines,
                payment_terms=None,
                days_until_due=None,
                due_date=day_of(self.due_at, time_zone) if self.due_at is not None else None,
                time_zone=time_zone,
                fingerprint="",
                tax=self.tax,
                deductions=self.deductions,
                memo=self.memo,
                footer=self.footer,
                payment_methods=self.payment_methods,
            ),
            saga=Saga(Step.REVIEW if drafted else Step.DONE, send=False, nonce=nonce, step_began_at=now),
            created_at=self.created,
            created_by=UNKNOWN_USER,
            updated_at=now,
            actions=(Action(now, RECREATED, stripe_id=self.stripe_id),),
            stripe_customer_id=self.stripe_customer_id,
            corrects=self.corrects,
        )
