"""Stripe's objects as they come over the wire in our API version, and the facts they hold.

Only what we use is declared: unknown fields are passed over, so Stripe may add to its objects. A reference may
be an id or, when expanded, the object itself.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.adapters.stripe.requirements import disabled_requirement, is_rejected, requirement_text
from chalicelib.adapters.stripe.versions import customer_named, invoice_named, organization_named
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.events import LATEST_MOMENT
from chalicelib.domain.facts import (
    AccountFact,
    ChargeFact,
    CreditNoteFact,
    CustomerFact,
    DisputeFact,
    InvoiceFact,
    InvoicePaymentFact,
    PaymentFailure,
    PaymentIntentFact,
    RefundFact,
    Requirement,
    StripeFact,
)
from chalicelib.domain.failures import failure_reason
from chalicelib.domain.identifiers import STRIPE_ID_PATTERN, InvoiceId
from chalicelib.domain.terms import is_time_zone
from chalicelib.ports.listed import ListedInvoice

SERVICE_KEY = "pom_service_id"

StripeId = Annotated[str, msgspec.Meta(pattern=STRIPE_ID_PATTERN)]


class Expanded(msgspec.Struct):
    """An object in the place of its id."""

    id: StripeId | None = None


Reference = StripeId | Expanded | None
Metadata = dict[str, str] | None

Amount = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]
"""Stripe's amounts have at most twelve digits (https://docs.stripe.com/currencies). DynamoDB adds up 38."""

Moment = Annotated[int, msgspec.Meta(ge=0, le=LATEST_MOMENT)]
"""Epoch seconds UTC."""

Word = Annotated[str, msgspec.Meta(max_length=255)]
"""One of Stripe's codes: a status, a reason, a currency. It is kept in the timeline, so it must not be endless."""


def id_of(reference: Reference) -> str | None:
    """Returns the id behind a reference, expanded or not."""
    return reference.id if isinstance(reference, Expanded) else reference


class StatusTransitions(msgspec.Struct):
    finalized_at: Moment | None = None
    marked_uncollectible_at: Moment | None = None
    paid_at: Moment | None = None
    voided_at: Moment | None = None


class PaymentOfInvoice(msgspec.Struct):
    type: Word = "payment_intent"
    payment_intent: Reference = None


class InvoicePayment(msgspec.Struct):
    """https://docs.stripe.com/api/invoice-payment/object"""

    id: StripeId
    invoice: Reference
    currency: Word
    status: Word
    payment: PaymentOfInvoice = msgspec.field(default_factory=PaymentOfInvoice)
    amount_paid: Amount | None = None

    def fact(self, as_of: int) -> InvoicePaymentFact:
        return InvoicePaymentFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            stripe_invoice_id=id_of(self.invoice) or "",
            amount_paid=self.amount_paid or 0,
            currency=self.currency,
            payment_intent_id=id_of(self.payment.payment_intent),
        )


class InvoicePayments(msgspec.Struct):
    data: list[InvoicePayment]
    has_more: bool = False


class DiscountAmount(msgspec.Struct):
    amount: Amount = 0


class LineOfInvoice(msgspec.Struct):
    amount: int = 0
    metadata: Metadata = None

    @property
    def billed(self) -> tuple[str, int]:
        """Returns the service id, or an empty text, and the amount."""
        return (self.metadata or {}).get(SERVICE_KEY, ""), self.amount


class LinesOfInvoice(msgspec.Struct):
    """The first ten lines (https://docs.stripe.com/api/invoices/object#invoice_object-lines)."""

    data: list[LineOfInvoice] = []
    has_more: bool = False

    @property
    def billed(self) -> tuple[tuple[str, int], ...] | None:
        """Returns each line's service id and amount, or None if there are more lines."""
        if self.has_more:
            return None
        return tuple(sorted(line.billed for line in self.data))


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
    currency: Word = ""
    status: Word | None = "draft"
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
    from_invoice: FromInvoice | None = None
    latest_revision: Reference = None
    number: str | None = None
    due_date: Moment | None = None
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

    def fact(self, as_of: int) -> InvoiceFact:
        if self.deleted:
            return deleted_invoice(self.id, as_of)
        finalized = (self.status or "draft") != "draft"
        return InvoiceFact(
            id=self.id,
            as_of=as_of,
            status=self.status or "draft",
            total=self.total,
            amount_paid=self.amount_paid,
            amount_remaining=self.amount_remaining,
            amount_paid_off_stripe=self.amount_paid_off_stripe or 0,
            amount_overpaid=self.amount_overpaid or 0,
            # A draft's values follow its customer, without an event about the draft, until it is finalized.
            amount_due=self.amount_due if finalized else None,
            starting_balance=self.starting_balance if finalized else None,
            ending_balance=self.ending_balance if finalized else None,
            customer_email=self.customer_email if finalized else None,
            drafted_for=None if finalized else id_of(self.customer),
            drafted_lines=None if finalized or self.lines is None else self.lines.billed,
            drafted_details=None if finalized else self.details,
            charges_automatically=not finalized and self.collection_method == "charge_automatically",
            discount_amount=sum(discount.amount for discount in self.total_discount_amounts or ()),
            pre_payment_credit_notes_amount=self.pre_payment_credit_notes_amount or 0,
            post_payment_credit_notes_amount=self.post_payment_credit_notes_amount or 0,
            from_invoice_id=self.revised,
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
    def has_more_payments(self) -> bool:
        """Whether the expanded payments are the first page of more."""
        return self.payments is not None and self.payments.has_more

    @property
    def revised(self) -> str | None:
        """Returns the id of the invoice that this one is a revision of."""
        origin = self.from_invoice
        return id_of(origin.invoice) if origin is not None and origin.action == "revision" else None

    @property
    def ours(self) -> InvoiceId | None:
        """Our id, if it carries one."""
        return invoice_named(self.metadata)

    def listed(self, as_of: int) -> ListedInvoice:
        """As a list shows it whose payments were expanded."""
        shown = self.payments or InvoicePayments([], has_more=True)
        payments = tuple(payment.fact(as_of) for payment in shown.data)
        return ListedInvoice(self.fact(as_of), payments, self.ours, complete=not shown.has_more)

    def facts(self, as_of: int) -> list[StripeFact]:
        """The invoice and, where they were expanded, its payments."""
        payments = self.payments.data if self.payments else []
        return [self.fact(as_of), *(payment.fact(as_of) for payment in payments)]


def deleted_invoice(stripe_invoice_id: str, as_of: int) -> InvoiceFact:
    """A draft that is gone: the same fact, whether an event tells it or a look finds nothing."""
    return InvoiceFact(
        stripe_invoice_id,
        as_of=as_of,
        status="draft",
        total=0,
        amount_paid=0,
        amount_remaining=0,
        currency="",
        deleted=True,
    )


class PaymentError(msgspec.Struct):
    code: Word | None = None
    decline_code: Word | None = None


class PaymentIntent(msgspec.Struct):
    """https://docs.stripe.com/api/payment_intents/object"""

    id: StripeId
    status: Word
    amount: Amount
    currency: Word
    latest_charge: Reference = None
    last_payment_error: PaymentError | None = None

    def fact(self, as_of: int) -> PaymentIntentFact:
        error = self.last_payment_error
        return PaymentIntentFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            latest_charge_id=id_of(self.latest_charge),
            failure=PaymentFailure(failure_reason(error.code, error.decline_code)) if error else None,
        )


class PaymentWithIntent(msgspec.Struct):
    payment_intent: StripeId | PaymentIntent | None = None


class OpenInvoicePayment(msgspec.Struct):
    """An invoice payment, listed with its intent expanded."""

    id: StripeId
    payment: PaymentWithIntent = msgspec.field(default_factory=PaymentWithIntent)

    @property
    def intent(self) -> PaymentIntent | None:
        """Returns the intent itself, where it was expanded."""
        expanded = self.payment.payment_intent
        return expanded if isinstance(expanded, PaymentIntent) else None


class ChargeOutcome(msgspec.Struct):
    reason: Word | None = None


class PaymentMethodDetails(msgspec.Struct):
    type: Word | None = None


class Charge(msgspec.Struct):
    """https://docs.stripe.com/api/charges/object"""

    id: StripeId
    status: Word
    amount: Amount
    currency: Word
    created: Moment
    payment_intent: Reference = None
    failure_code: Word | None = None
    outcome: ChargeOutcome | None = None
    payment_method_details: PaymentMethodDetails | None = None

    def fact(self, as_of: int) -> ChargeFact:
        reason = self.outcome.reason if self.outcome else None
        failed = self.status == "failed"
        return ChargeFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            created=self.created,
            payment_intent_id=id_of(self.payment_intent),
            failure=PaymentFailure(failure_reason(self.failure_code, reason)) if failed else None,
            method=self.payment_method_details.type if self.payment_method_details else None,
        )


class Refund(msgspec.Struct):
    """https://docs.stripe.com/api/refunds/object"""

    id: StripeId
    amount: Amount
    currency: Word
    created: Moment
    status: Word | None = None
    payment_intent: Reference = None
    charge: Reference = None
    failure_reason: Word | None = None

    def fact(self, as_of: int) -> RefundFact:
        return RefundFact(
            id=self.id,
            as_of=as_of,
            status=self.status or "pending",
            amount=self.amount,
            currency=self.currency,
            created=self.created,
            payment_intent_id=id_of(self.payment_intent),
            charge_id=id_of(self.charge),
            failure_reason=self.failure_reason,
        )


class EvidenceDetails(msgspec.Struct):
    due_by: Moment | None = None


class Dispute(msgspec.Struct):
    """https://docs.stripe.com/api/disputes/object"""

    id: StripeId
    status: Word
    amount: Amount
    currency: Word
    reason: Word | None = None
    evidence_details: EvidenceDetails | None = None
    payment_intent: Reference = None
    charge: Reference = None

    def fact(self, as_of: int) -> DisputeFact:
        return DisputeFact(
            id=self.id,
            as_of=as_of,
            status=self.status,
            amount=self.amount,
            currency=self.currency,
            reason=self.reason,
            due_by=self.evidence_details.due_by if self.evidence_details else None,
            payment_intent_id=id_of(self.payment_intent),
            charge_id=id_of(self.charge),
        )


class RefundOfCreditNote(msgspec.Struct):
    amount_refunded: Amount = 0
    type: Word | None = None

    @property
    def outside_stripe(self) -> bool:
        """Returns True if it gave back a payment made outside Stripe. Stripe makes no refund object for it."""
        return self.type == "payment_record_refund"


class CreditNote(msgspec.Struct):
    """https://docs.stripe.com/api/credit_notes/object"""

    id: StripeId
    status: Word
    amount: Amount
    currency: Word
    invoice: Reference
    reason: Word | None = None
    pre_payment_amount: Amount | None = None
    post_payment_amount: Amount | None = None
    out_of_band_amount: Amount | None = None
    refunds: list[RefundOfCreditNote] | None = None

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
        )


class Address(msgspec.Struct):
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Customer(msgspec.Struct):
    """https://docs.stripe.com/api/customers/object"""

    id: StripeId
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: Address | None = None
    created: Moment = 0
    metadata: Metadata = None
    deleted: bool = False

    def fact(self, as_of: int) -> CustomerFact:
        address = self.address or Address()
        return CustomerFact(
            id=self.id,
            as_of=as_of,
            email=self.email,
            name=self.name,
            phone=self.phone,
            street=address.line1,
            street2=address.line2,
            city=address.city,
            state=address.state,
            zip_code=address.postal_code,
            country=address.country,
            pom_customer_id=customer_named(self.metadata),
            pom_organization_id=organization_named(self.metadata),
            deleted=self.deleted,
        )


class BusinessProfile(msgspec.Struct):
    name: str | None = None


class Dashboard(msgspec.Struct):
    display_name: str | None = None
    timezone: str | None = None


class AccountSettings(msgspec.Struct):
    dashboard: Dashboard | None = None


class RequirementError(msgspec.Struct):
    requirement: str
    reason: Word = ""


class Requirements(msgspec.Struct):
    currently_due: list[str] | None = None
    past_due: list[str] | None = None
    disabled_reason: str | None = None
    errors: list[RequirementError] | None = None


class Account(msgspec.Struct):
    """https://docs.stripe.com/api/accounts/object"""

    id: StripeId
    business_profile: BusinessProfile | None = None
    settings: AccountSettings | None = None
    charges_enabled: bool = False
    details_submitted: bool = False
    default_currency: str | None = None
    country: str | None = None
    requirements: Requirements | None = None
    capabilities: dict[str, str] | None = None

    @property
    def business_name(self) -> str | None:
        """Returns the name in the profile, which many accounts leave empty, or else the Dashboard's."""
        dashboard = self.settings.dashboard if self.settings else None
        names = (
            self.business_profile.name if self.business_profile else None,
            dashboard.display_name if dashboard else None,
        )
        return next((name for name in names if name and name.strip()), None)

    @property
    def time_zone(self) -> str | None:
        """Returns the Dashboard's time zone, or None if there is none of this name."""
        named = self.settings.dashboard.timezone if self.settings and self.settings.dashboard else None
        return named if named and is_time_zone(named) else None

    def fact(self, as_of: int) -> AccountFact:
        return AccountFact(
            id=self.id,
            as_of=as_of,
            business_name=self.business_name,
            charges_enabled=self.charges_enabled,
            details_submitted=self.details_submitted,
            default_currency=self.default_currency or "usd",
            country=self.country,
            requirements=_plain(self.requirements or Requirements()),
            payment_capabilities=self.capabilities or {},
            time_zone=self.time_zone,
        )


def _plain(requirements: Requirements) -> tuple[Requirement, ...]:
    """Returns what Stripe asks for, in words (https://docs.stripe.com/connect/handling-api-verification).

    A rejected account may still list documents; they are not asked for, since they would change nothing.
    """
    disabled = requirements.disabled_reason
    if disabled and is_rejected(disabled):
        return (disabled_requirement(disabled),)
    problems = {error.requirement: error.reason for error in requirements.errors or []}
    due = dict.fromkeys([*(requirements.past_due or []), *(requirements.currently_due or []), *problems])
    found = tuple(Requirement(field, problems.get(field) or requirement_text(field)) for field in due)
    if not found and disabled:
        return (disabled_requirement(disabled),)
    return found


class Stub(msgspec.Struct):
    """An entry of a list, of which only the id is of interest."""

    id: str = ""


OBJECTS: dict[
    str,
    type[Invoice]
    | type[InvoicePayment]
    | type[PaymentIntent]
    | type[Charge]
    | type[Refund]
    | type[Dispute]
    | type[CreditNote]
    | type[Customer]
    | type[Account],
] = {
    "invoice": Invoice,
    "invoice_payment": InvoicePayment,
    "payment_intent": PaymentIntent,
    "charge": Charge,
    "refund": Refund,
    "dispute": Dispute,
    "credit_note": CreditNote,
    "customer": Customer,
    "account": Account,
}
"""Stripe's `object` names to what is read of them."""
