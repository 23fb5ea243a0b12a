"""An invoice as Stripe has it, and the credit notes that lower it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from chalicelib.adapters.stripe.event_subjects import our_ids
from chalicelib.adapters.stripe.objects.fields import (
    Amount,
    Code,
    Metadata,
    Reference,
    StripeId,
    Timestamp,
    id_of,
    seen_in,
    timestamp_of,
)
from chalicelib.adapters.stripe.objects.payments import InvoicePayment
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.draft_edit import LineInStripe
from chalicelib.domain.facts import CreditNoteFact, InvoiceFact
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.payment_facts import InvoicePaymentFact
from chalicelib.ports.listed_invoices import ListedInvoice

SERVICE_KEY = "pom_service_id"
DEDUCTION_KEY = "pom_deduction"
"""Where a line of POM's that takes something off says which kind of deduction it is."""
TAX_KEY = "pom_tax"
"""Where the line of POM's own tax says that it is one, because other lines may have the same text."""


class StatusTransitions(msgspec.Struct):
    finalized_at: Timestamp | None = None
    marked_uncollectible_at: Timestamp | None = None
    paid_at: Timestamp | None = None
    voided_at: Timestamp | None = None


class InvoicePayments(msgspec.Struct):
    data: list[InvoicePayment]
    has_more: bool = False


class DiscountAmount(msgspec.Struct):
    amount: Amount = 0


class Period(msgspec.Struct):
    """The days of a line. Whatever somebody entered in Stripe must not keep POM from reading its draft."""

    start: Any = None


class LineOfInvoice(msgspec.Struct):
    """https://docs.stripe.com/api/invoice-line-item/object"""

    amount: int = 0
    metadata: Metadata = None

    @property
    def billed(self) -> tuple[str, int]:
        """Returns the service id, or an empty text, and the amount."""
        return (self.metadata or {}).get(SERVICE_KEY, ""), self.amount


class LineOfDraft(LineOfInvoice):
    """All that POM compares of a line before it changes a draft."""

    id: StripeId = ""
    description: str | None = None
    period: Period | None = None
    taxes: list[msgspec.Raw] | None = None
    discount_amounts: list[DiscountAmount] | None = None

    @property
    def in_stripe(self) -> LineInStripe:
        service_id, amount = self.billed
        metadata = self.metadata or {}
        return LineInStripe(
            id=self.id,
            amount=amount,
            text=self.description or "",
            service_id=service_id or None,
            period_start=timestamp_of(self.period.start) if self.period else None,
            adjusted=bool(self.taxes) or any(each.amount for each in self.discount_amounts or ()),
            deduction=metadata.get(DEDUCTION_KEY),
            tax=TAX_KEY in metadata,
        )


class LinesOfInvoice(msgspec.Struct):
    """The first ten lines (https://docs.stripe.com/api/invoices/object#invoice_object-lines)."""

    data: list[LineOfInvoice] = []
    has_more: bool = False


class PaymentSettings(msgspec.Struct):
    payment_method_types: list[str] | None = None


class CustomField(msgspec.Struct):
    name: str = ""
    value: str = ""


class FromInvoice(msgspec.Struct):
    action: str | None = None
    invoice: Reference = None


class Invoice(msgspec.Struct):
    """https://docs.stripe.com/api/invoices/object"""

    id: StripeId
    currency: Code = ""
    status: Code | None = "draft"
    total: Amount = 0
    amount_paid: Amount = 0
    amount_remaining: Amount = 0
    amount_paid_off_stripe: Amount | None = None
    amount_overpaid: Amount | None = None
    amount_due: Amount | None = None
    starting_balance: Amount | None = None
    ending_balance: Amount | None = None
    total_discount_amounts: list[DiscountAmount] | None = None
    pre_payment_credit_notes_amount: Amount | None = None
    post_payment_credit_notes_amount: Amount | None = None
    customer_email: str | None = None
    customer: Reference = None
    application: Reference | msgspec.UnsetType = msgspec.UNSET
    from_invoice: FromInvoice | None = None
    latest_revision: Reference = None
    number: str | None = None
    due_date: Timestamp | None = None
    hosted_invoice_url: str | None = None
    invoice_pdf: str | None = None
    status_transitions: StatusTransitions = msgspec.field(default_factory=StatusTransitions)
    metadata: Metadata = None
    payments: InvoicePayments | None = None
    lines: LinesOfInvoice | None = None
    collection_method: str | None = None
    description: str | None = None
    footer: str | None = None
    payment_settings: PaymentSettings | None = None
    custom_fields: list[CustomField] | None = None
    deleted: bool = False

    @property
    def details(self) -> DraftDetails:
        methods = self.payment_settings.payment_method_types if self.payment_settings else None
        fields = ((field.name, field.value) for field in self.custom_fields or ())
        return DraftDetails.of(self.description, self.footer, methods or (), fields)

    @property
    def paid_outside(self) -> int | None:
        """Returns what was paid outside Stripe, in minor units, or None if the invoice does not tell.

        Not every account's invoices have `amount_paid_off_stripe`. Then all that was paid and that no payment in
        Stripe brought was paid outside, provided that all payments are here. A surplus is no such money, whether or
        not the payments contain it.
        """
        if self.amount_paid_off_stripe is not None or not self.amount_paid:
            return self.amount_paid_off_stripe or 0
        if self.payments is None or self.payments.has_more:
            return None
        not_through_stripe = self.amount_paid - sum(payment.through_stripe for payment in self.payments.data)
        return 0 if not_through_stripe == self.amount_overpaid else max(not_through_stripe, 0)

    def fact(self, as_of: int) -> InvoiceFact:
        """Returns the snapshot. If `paid_outside` is None, it is as if all had been paid through Stripe."""
        if self.deleted:
            return deleted_invoice(self.id, as_of)
        finalized = (self.status or "draft") != "draft"
        origin = self.from_invoice
        drafted_lines = None
        if not finalized and self.lines is not None and not self.lines.has_more:
            drafted_lines = tuple(sorted(line.billed for line in self.lines.data))
        return InvoiceFact(
            id=self.id,
            as_of=as_of,
            status=self.status or "draft",
            total=self.total,
            amount_paid=self.amount_paid,
            amount_remaining=self.amount_remaining,
            amount_paid_off_stripe=self.paid_outside or 0,
            amount_overpaid=self.amount_overpaid or 0,
            # A draft's values follow its customer, without an event about the draft, until it is finalized.
            amount_due=self.amount_due if finalized else None,
            starting_balance=self.starting_balance if finalized else None,
            ending_balance=self.ending_balance if finalized else None,
            customer_email=self.customer_email if finalized else None,
            drafted_for=None if finalized else id_of(self.customer),
            drafted_lines=drafted_lines,
            drafted_details=None if finalized else self.details,
            charges_automatically=not finalized and self.collection_method == "charge_automatically",
            discount_amount=sum(discount.amount for discount in self.total_discount_amounts or ()),
            pre_payment_credit_notes_amount=self.pre_payment_credit_notes_amount or 0,
            post_payment_credit_notes_amount=self.post_payment_credit_notes_amount or 0,
            from_invoice_id=id_of(origin.invoice) if origin is not None and origin.action == "revision" else None,
            latest_revision_id=id_of(self.latest_revision),
            currency=self.currency,
            number=self.number,
            due_at=self.due_date,
            hosted_url=self.hosted_invoice_url,
            pdf_url=self.invoice_pdf,
            finalized_at=self.status_transitions.finalized_at,
            paid_at=self.status_transitions.paid_at,
            voided_at=self.status_transitions.voided_at,
            marked_uncollectible_at=self.status_transitions.marked_uncollectible_at,
        )

    @property
    def ours(self) -> InvoiceId | None:
        """Our id, if it carries one."""
        return our_ids(self.metadata).invoice_id

    def payment_facts(self, as_of: int) -> tuple[InvoicePaymentFact, ...]:
        """The payments, if they were expanded."""
        return tuple(payment.fact(as_of) for payment in self.payments.data) if self.payments else ()

    def listed(self, as_of: int) -> ListedInvoice:
        """As a list shows it whose payments were expanded."""
        application = "" if self.application is msgspec.UNSET else id_of(self.application)
        return ListedInvoice(self.fact(as_of), self.payment_facts(as_of), self.ours, application)


def deleted_invoice(stripe_invoice_id: str, as_of: int) -> InvoiceFact:
    """Returns the fact of a draft that was deleted at `as_of`, as an event says."""
    return InvoiceFact(
        stripe_invoice_id,
        as_of=as_of,
        status="draft",
        total=0,
        amount_paid=0,
        amount_remaining=0,
        currency="",
        deleted=True,
        seen=seen_in("deleted", as_of),
    )


def missing_invoice(stripe_invoice_id: str, read_at: int) -> InvoiceFact:
    """Returns the fact of a draft that Stripe no longer has at `looked_at`.

    Nobody knows when it was deleted, so `as_of` is 0. The second of the look only shows that it was deleted by then.
    Merging keeps the earliest such second, so an event that says when corrects it, before or after.
    """
    return replace(deleted_invoice(stripe_invoice_id, as_of=0), seen=seen_in("deleted", read_at))


class RefundOfCreditNote(msgspec.Struct):
    amount_refunded: Amount = 0
    type: Code | None = None

    @property
    def outside_stripe(self) -> bool:
        """Returns True if it gave back a payment made outside Stripe. Stripe makes no refund object for it."""
        return self.type == "payment_record_refund"


class CreditNote(msgspec.Struct):
    """https://docs.stripe.com/api/credit_notes/object"""

    id: StripeId
    status: Code
    amount: Amount
    currency: Code
    invoice: Reference
    reason: Code | None = None
    pre_payment_amount: Amount | None = None
    post_payment_amount: Amount | None = None
    out_of_band_amount: Amount | None = None
    refunds: list[RefundOfCreditNote] | None = None
    created: Any = None
    voided_at: Any = None

    def fact(self, as_of: int) -> CreditNoteFact:
        refunds = self.refunds or []
        outside = sum(refund.amount_refunded for refund in refunds if refund.outside_stripe)
        return CreditNoteFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            stripe_invoice_id=id_of(self.invoice) or "",
            reason=self.reason,
            pre_payment_amount=self.pre_payment_amount or 0,
            post_payment_amount=self.post_payment_amount or 0,
            refunded_amount=sum(refund.amount_refunded for refund in refunds if not refund.outside_stripe),
            out_of_band_amount=(self.out_of_band_amount or 0) + outside,
            created=timestamp_of(self.created),
            voided_at=timestamp_of(self.voided_at),
        )
