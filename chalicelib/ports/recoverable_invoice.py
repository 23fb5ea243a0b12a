"""An invoice of POM as Stripe alone has it, and the record that POM can rebuild from it."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.actions import RECREATED, Action
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, StripeAccountId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import Deduction, LineItem, Order
from chalicelib.domain.saga import Saga, Step
from chalicelib.domain.terms import day_of

UNKNOWN_USER = UserId("unknown")
"""Stands for the user who asked for an invoice, because Stripe does not know that user."""


@dataclass(frozen=True, slots=True)
class RecoverableInvoice:
    """Stripe's data about an order. `lines` are the lines that name a service, and `deductions` POM's deductions.

    `tax` is POM's own tax line, in minor units. `foreign_lines` counts the other lines, which somebody added in
    Stripe.
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
    """The invoice that it corrects, if it is a copy."""

    @property
    def live(self) -> bool:
        """Returns True if its services count as billed."""
        return self.status != "void"

    def rebuilt(
        self, account_id: StripeAccountId, customer_id: CustomerId, time_zone: str, nonce: str, now: int
    ) -> Invoice:
        """Returns POM's record of the invoice as far as Stripe has the data, without any facts about it.

        The user who asked for it, the name of the payment terms, the timeline and the request's fingerprint are lost.
        Without the fingerprint, a repeated request is refused instead of answered. A service's quantity and date stay
        as text.
        """
        is_draft = self.status == "draft"
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
            saga=Saga(Step.REVIEW if is_draft else Step.DONE, send=False, nonce=nonce, step_began_at=now),
            created_at=self.created,
            created_by=UNKNOWN_USER,
            updated_at=now,
            actions=(Action(now, RECREATED, stripe_id=self.stripe_id),),
            stripe_customer_id=self.stripe_customer_id,
            corrects=self.corrects,
        )
