"""Money that came in or went out, one row for each payment, refund and dispute of an invoice.

A payment has a row as soon as its money is under way. A declined card never moved any, so it has none.

`GET /payments` lists the rows of an organization. Each is stored in the write that stores its invoice, and only if it
has changed. A row that was stored once stays, with what became of it. An invoice's rows add up to what it received.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.amounts import disputed_amount, lost_by_dispute
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_methods import BANK_DEBITS
from chalicelib.domain.payments import (
    OUTSIDE,
    Payment,
    PaymentMethod,
    PaymentStatus,
    method_of,
    payment_id,
    payments_of,
)
from chalicelib.domain.snapshots import Snapshots


class MovementKind(StrEnum):
    """What moved the money. A payment brings it in, the others take it out."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True)
class Movement:
    """One payment, refund or dispute. `id` is Stripe's, or made of ours if the money did not go through Stripe.

    `amount` is minor units and never negative; `at` is epoch seconds UTC. A movement counts once `status` is
    `succeeded`, or `lost` for a dispute.
    """

    id: str
    kind: MovementKind
    status: str
    at: int
    amount: int
    currency: str
    invoice_id: InvoiceId
    customer_id: CustomerId
    number: str | None = None
    """The number of the invoice, if it has one."""
    payment_id: str | None = None
    """The payment that was refunded or disputed."""
    method: str | None = None
    brand: str | None = None
    last4: str | None = None
    reason: str | None = None

    @property
    def counted(self) -> int:
        """Returns what it adds to the money received, in minor units. It is negative if money went out."""
        if self.kind is MovementKind.PAYMENT:
            return self.amount if self.status == "succeeded" else 0
        return -self.amount if self.status in {"succeeded", "lost"} else 0


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """Which movements to list. Times are epoch seconds UTC; `before` is exclusive."""

    since: int | None = None
    before: int | None = None
    kind: MovementKind | None = None
    method: str | None = None


def movements(invoice: Invoice) -> Iterator[Movement]:
    """Yields all that is known of an invoice's money, in no order."""
    payments = payments_of(invoice)
    methods = {payment.id: payment.method for payment in payments}
    for payment in payments:
        if not _began(payment, invoice.facts):
            continue
        waits = payment.status is PaymentStatus.REQUIRES_ACTION
        status = PaymentStatus.PENDING if waits else payment.status
        row = _row(invoice, payment.id, MovementKind.PAYMENT, status, payment.at, payment.amount)
        reference = payment.outside.reference if payment.outside is not None else None
        yield _by(payment.method, replace(row, currency=payment.currency, reason=reference))
    yield from _returned_debits(invoice, payments)
    for refund in invoice.facts.refunds.values():
        row = _row(invoice, refund.id, MovementKind.REFUND, refund.status, refund.created, refund.amount)
        row = replace(row, currency=refund.currency, payment_id=payment_id(refund) or None, reason=refund.reason)
        yield _by(methods.get(payment_id(refund)), row)
    yield from _disputes(invoice, methods)
    yield from _given_back_outside(invoice)


def _began(payment: Payment, facts: Snapshots) -> bool:
    """Returns True if the money of a payment came in, or was ever on its way, as that of a bank debit is for days.

    A declined card moves nothing, and neither does a payment that waits for the payer. What was on its way once still
    counts after it has failed, because its row was stored before.
    """
    if payment.status is PaymentStatus.SUCCEEDED:
        return True
    intent = facts.payment_intents.get(payment.id)
    if intent is not None and "processing" in intent.seen:
        return True
    charges = (charge for charge in facts.charges.values() if payment_id(charge) == payment.id)
    return any(charge.status == "pending" or charge.method in BANK_DEBITS for charge in charges)


def _returned_debits(invoice: Invoice, payments: Iterable[Payment]) -> Iterator[Movement]:
    """Yields each bank debit that came back, if its payment shows another attempt: it has a row of its own."""
    shown = {payment.id: payment.charge_id for payment in payments}
    for charge in invoice.facts.charges.values():
        other = shown.get(payment_id(charge)) not in (None, charge.id)
        if other and charge.status == "failed" and charge.method in BANK_DEBITS:
            row = _row(invoice, charge.id, MovementKind.PAYMENT, charge.status, charge.ended_at, charge.amount)
            row = replace(row, currency=charge.currency, payment_id=payment_id(charge))
            yield _by(method_of(charge), row)


def changed_movements(before: Invoice | None, after: Invoice) -> tuple[Movement, ...]:
    """Returns the rows of `after` that differ from those of `before`, which has been stored. None: all rows.

    A row never disappears. If nothing has come of a stored payment, it is one that failed.
    """
    stored = set(movements(before)) if before is not None and before.payments_listed else set()
    rows = list(movements(after))
    ids = {row.id for row in rows}
    failed = [replace(row, status=PaymentStatus.FAILED) for row in stored if row.id not in ids]
    return (*(row for row in rows if row not in stored), *failed)


def _row(invoice: Invoice, row_id: str, kind: MovementKind, status: str, at: int, amount: int) -> Movement:
    """Returns a row in the invoice's currency."""
    fact = invoice.facts.invoice
    return Movement(
        id=row_id,
        kind=kind,
        status=status,
        at=at,
        amount=amount,
        currency=invoice.order.currency,
        invoice_id=invoice.id,
        customer_id=invoice.order.customer_id,
        number=fact.number if fact is not None else None,
    )


def _by(method: PaymentMethod | None, row: Movement) -> Movement:
    if method is None:
        return row
    return replace(row, method=method.type, brand=method.brand, last4=method.last4)


def _disputes(invoice: Invoice, methods: Mapping[str, PaymentMethod | None]) -> Iterator[Movement]:
    """Yields each dispute with what it takes, or may take, of the invoice's money."""
    facts, lost = invoice.facts, lost_by_dispute(invoice.facts)
    for dispute in facts.disputes.values():
        at = dispute.created if dispute.created is not None else dispute.as_of
        amount = lost.get(dispute.id, disputed_amount(facts, dispute))
        row = _row(invoice, dispute.id, MovementKind.DISPUTE, dispute.status, at, amount)
        row = replace(row, payment_id=payment_id(dispute) or None, reason=dispute.reason)
        yield _by(methods.get(payment_id(dispute)), row)


def _given_back_outside(invoice: Invoice) -> Iterator[Movement]:
    """Yields what credit notes record as given back outside Stripe."""
    for note in invoice.facts.credit_notes.values():
        if note.out_of_band_amount:
            at = note.created if note.created is not None else note.as_of
            status = "succeeded" if note.status == "issued" else "canceled"
            row = _row(invoice, note.id, MovementKind.REFUND, status, at, note.out_of_band_amount)
            yield _by(PaymentMethod(OUTSIDE), replace(row, currency=note.currency, reason=note.reason))
