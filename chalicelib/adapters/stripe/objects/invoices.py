"""An invoice in Stripe's form, and the credit notes that reduce it."""

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
"""The metadata key in which a line of POM's names its kind of deduction."""
TAX_KEY = "pom_tax"
"""The metadata key that marks the line of POM's own tax, because other lines may have the same text."""


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
    """The days of a line.

    Any value is accepted, so that an entry in Stripe does not prevent POM from reading its draft.
    """

    start: Any = None


class LineOfInvoice(msgspec.Struct):
    """https://docs.stripe.com/api/invoice-line-item/object"""

    amount: int = 0
    metadata: Metadata = None

    @property
    def service_and_amount(self) -> tuple[str, int]:
        """Returns the service id, or "", and the amount in minor units."""
        return (self.metadata or {}).get(SERVICE_KEY, ""), self.amount


class LineOfDraft(LineOfInvoice):
    """A line with all fields that POM compares before it changes a draft."""

    id: StripeId = ""
    description: str | None = None
    period: Period | None = None
    taxes: list[msgspec.Raw] | None = None
    discount_amounts: list[DiscountAmount] | None = None

    @property
    def in_stripe(self) -> LineInStripe:
        service_id, amount = self.service_and_amount
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
        """Returns the amount that was paid outside Stripe, in minor units, or None if the invoice does not show it.

        Not every account's invoices have `amount_paid_off_stripe`. Without it, the amount is everything that was paid
        and that did not come from a payment in Stripe, if all payments are known. An overpayment does not count,
        whether or not the payments include it.
        """
        if self.amount_paid_off_stripe is not None or not self.amount_paid:
            return self.amount_paid_off_stripe or 0
        if self.payments is None or self.payments.has_more:
            return None
        not_through_stripe = self.amount_paid - sum(payment.through_stripe for payment in self.payments.data)
        return 0 if not_through_stripe == self.amount_overpaid else max(not_through_stripe, 0)

    def fact(self, as_of: int) -> InvoiceFact:
        """Returns the snapshot. If `paid_outside` is None, the snapshot has 0 as the amount paid outside Stripe."""
        if self.deleted:
            return deleted_invoice(self.id, as_of)
        finalized = (self.status or "draft") != "draft"
        origin = self.from_invoice
        drafted_lines = None
        if not finalized and self.lines is not None and not self.lines.has_more:
            drafted_lines = tuple(sorted(line.service_and_amount for line in self.lines.data))
        return InvoiceFact(
            id=self.id,
            as_of=as_of,
            status=self.status or "draft",
            total=self.total,
            amount_paid=self.amount_paid,
            amount_remaining=self.amount_remaining,
            amount_paid_off_stripe=self.paid_outside or 0,
            amount_overpaid=self.amount_overpaid or 0,
            # Until a draft is finalized, these values follow its customer without an event about the draft.
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
        """Returns our id in the invoice's metadata, or None."""
        return our_ids(self.metadata).invoice_id

    def payment_facts(self, as_of: int) -> tuple[InvoicePaymentFact, ...]:
        """Returns the payments, or nothing if they were not expanded."""
        return tuple(payment.fact(as_of) for payment in self.payments.data) if self.payments else ()

    def as_listed(self, as_of: int) -> ListedInvoice:
        """Returns the invoice as an entry of a list whose payments were expanded."""
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
    """Returns the fact of a draft that Stripe no longer has. It was read at `read_at`.

    The time of the deletion is unknown, so `as_of` is 0. `read_at` only shows that the draft had been deleted by
    then. Merging keeps the earliest such time, so an event with the exact time corrects it, whether it comes before
    or after.
    """
    return replace(deleted_invoice(stripe_invoice_id, as_of=0), seen=seen_in("deleted", read_at))


class RefundOfCreditNote(msgspec.Struct):
    amount_refunded: Amount = 0
    type: Code | None = None

    @property
    def outside_stripe(self) -> bool:
        """Returns True if this refunded a payment outside Stripe. Stripe creates no refund object for it."""
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
