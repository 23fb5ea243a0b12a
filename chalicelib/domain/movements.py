"""Movements of money: the rows of `GET /payments`, one for each payment, refund and dispute of an invoice.

A payment has a row as soon as its money is on its way. A declined card has no row, because it moved no money.

Each row is stored in the write that stores its invoice, and only if it has changed. A stored row is never removed;
its status shows the outcome. The rows of an invoice add up to the money that it received.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.amounts import disputed_amount, lost_by_dispute
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import ChargeFact, DisputeFact, RefundFact
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
    """The kind of a movement. A payment brings money in, a refund or a dispute takes money out."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True)
class Movement:
    """One payment, refund or dispute.

    `id` is Stripe's id. If the money did not go through Stripe, POM derives the id from the invoice's id. `amount` is
    minor units and never negative. `at` is epoch seconds UTC. A movement counts once `status` is `succeeded`, or
    `lost` for a dispute.
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
    """The payment that was refunded or disputed, or that a returned bank debit belonged to."""
    charge_id: str | None = None
    """The charge that a payment's row shows. None if POM does not know it, and in rows of earlier releases."""
    other_charges: tuple[str, ...] = ()
    """Charges of the same payment that have rows of their own, because they are bank debits that came back."""
    method: str | None = None
    brand: str | None = None
    last4: str | None = None
    reason: str | None = None

    @property
    def settlements_row_id(self) -> str:
        """Returns the id of the row that stores its settlements. All charges of a payment share the payment's row."""
        return self.payment_id or self.id if self.kind is MovementKind.PAYMENT else self.id

    def shows(self, charge_id: str | None) -> bool:
        """Returns True if a settlement of this charge, stored with the payment, belongs to this row.

        The payment's own row shows all settlements whose charges have no rows of their own, so none is hidden.
        """
        if self.settlements_row_id != self.id:
            return charge_id is not None and charge_id == self.charge_id
        return charge_id not in self.other_charges

    def charged_by(self, charge_id: str | None) -> bool:
        """Returns True if this is the charge that the row shows. Returns True if either charge is unknown."""
        return None in (self.charge_id, charge_id) or charge_id == self.charge_id

    @property
    def counted(self) -> int:
        """Returns this row's share of the money received, in minor units. It is negative if money went out."""
        if self.kind is MovementKind.PAYMENT:
            return self.amount if self.status == "succeeded" else 0
        return -self.amount if self.status in {"succeeded", "lost"} else 0


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """The movements to list. Times are epoch seconds UTC. `before` is exclusive."""

    since: int | None = None
    before: int | None = None
    kind: MovementKind | None = None
    method: str | None = None


def movements(invoice: Invoice) -> Iterator[Movement]:
    """Yields the rows of an invoice, in no particular order."""
    payments = payments_of(invoice)
    methods = {payment.id: payment.method for payment in payments}
    methods |= {charge.id: method_of(charge) for charge in invoice.facts.charges.values()}
    returned_debits = list(_returned_debits(invoice, payments))
    for payment in payments:
        if not _had_money_on_its_way(payment, invoice.facts):
            continue
        waits = payment.status is PaymentStatus.REQUIRES_ACTION
        status = PaymentStatus.PENDING if waits else payment.status
        row = _row(invoice, payment.id, MovementKind.PAYMENT, status, payment.at, payment.amount)
        reference = payment.outside.reference if payment.outside is not None else None
        row = replace(
            row, currency=payment.currency, reason=reference, charge_id=_shown_charge_id(payment, invoice.facts)
        )
        other_charges = tuple(sorted(debit.id for debit in returned_debits if debit.payment_id == payment.id))
        yield _by(payment.method, replace(row, other_charges=other_charges))
    yield from returned_debits
    for refund in invoice.facts.refunds.values():
        row = _row(invoice, refund.id, MovementKind.REFUND, refund.status, refund.created, refund.amount)
        row = replace(row, currency=refund.currency, payment_id=payment_id(refund) or None, reason=refund.reason)
        yield _by(_method(refund, methods), row)
    yield from _disputes(invoice, methods)
    yield from _given_back_outside(invoice)


def _had_money_on_its_way(payment: Payment, facts: Snapshots) -> bool:
    """Returns True if the payment succeeded, or its money was ever on its way. A bank debit is on its way for days.

    A declined card and a payment that waits for the payer move no money. A payment that was on its way and then
    failed still has its row, because that row is stored already.
    """
    if payment.status is PaymentStatus.SUCCEEDED:
        return True
    intent = facts.payment_intents.get(payment.id)
    if intent is not None and "processing" in intent.seen:
        return True
    charges = (charge for charge in facts.charges.values() if payment_id(charge) == payment.id)
    return any(charge.status == "pending" or charge.method in BANK_DEBITS for charge in charges)


def _returned_debits(invoice: Invoice, payments: Iterable[Payment]) -> Iterator[Movement]:
    """Yields a row for each bank debit that came back, if the row of its payment shows another attempt."""
    payments_by_id = {payment.id: payment for payment in payments}
    for charge in invoice.facts.charges.values():
        payment = payments_by_id.get(payment_id(charge))
        shows_another = payment is not None and _shows_another(payment, charge, invoice.facts)
        if shows_another and charge.status == "failed" and charge.method in BANK_DEBITS:
            row = _row(invoice, charge.id, MovementKind.PAYMENT, charge.status, charge.ended_at, charge.amount)
            row = replace(row, currency=charge.currency, payment_id=payment_id(charge), charge_id=charge.id)
            yield _by(method_of(charge), row)


def _shows_another(payment: Payment, charge: ChargeFact, facts: Snapshots) -> bool:
    """Returns True if the payment's row shows an attempt other than this charge."""
    charge_id = _shown_charge_id(payment, facts)
    if charge_id is not None:
        return charge_id != charge.id
    if payment.status in (PaymentStatus.FAILED, PaymentStatus.SUCCEEDED):
        # POM does not know the charge that succeeded, or the attempt failed before Stripe created a charge.
        return True
    intent = facts.known_intents.get(payment.id)
    return intent is not None and intent.latest_charge_id == charge.id


def _shown_charge_id(payment: Payment, facts: Snapshots) -> str | None:
    """Returns the charge that a payment's row shows, or the intent's latest charge if POM does not know it.

    An attempt that the payer has yet to confirm has no charge, and its intent still names the charge of an earlier
    one.
    """
    if payment.charge_id in facts.charges:
        return payment.charge_id
    if payment.status in (PaymentStatus.FAILED, PaymentStatus.REQUIRES_ACTION):
        return None
    intent = facts.known_intents.get(payment.id)
    return intent.latest_charge_id if intent is not None else None


def changed_movements(before: Invoice | None, after: Invoice) -> tuple[Movement, ...]:
    """Returns the rows of `after` that differ from the stored rows of `before`, or all rows if `before` is None.

    A stored row never disappears. If `after` no longer has it, it is returned as `failed` and without a charge. So
    the settlements of a bank debit appear on one row only, even if its payment shows the debit again.
    """
    stored_invoice = before if before is not None and before.payments_listed else None
    if (
        stored_invoice is not None
        and stored_invoice.facts is after.facts
        and stored_invoice.outside_payment is after.outside_payment
    ):
        return ()  # Money has not moved, for example in a step of the invoice's creation.
    stored_rows = set(movements(stored_invoice)) if stored_invoice is not None else set()
    rows = list(movements(after))
    ids = {row.id for row in rows}
    missing_rows = [
        replace(row, status=PaymentStatus.FAILED, charge_id=None) for row in stored_rows if row.id not in ids
    ]
    return (*(row for row in rows if row not in stored_rows), *missing_rows)


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


def _method(fact: RefundFact | DisputeFact, methods: Mapping[str, PaymentMethod | None]) -> PaymentMethod | None:
    """Returns the payment method of a refund's or a dispute's charge, or of its payment if the charge is unknown."""
    return methods.get(fact.charge_id or "") or methods.get(payment_id(fact))


def _by(method: PaymentMethod | None, row: Movement) -> Movement:
    if method is None:
        return row
    return replace(row, method=method.type, brand=method.brand, last4=method.last4)


def _disputes(invoice: Invoice, methods: Mapping[str, PaymentMethod | None]) -> Iterator[Movement]:
    """Yields a row for each dispute. `amount` is the money that the dispute has taken, or takes if it is lost."""
    facts, lost_amounts = invoice.facts, lost_by_dispute(invoice.facts)
    for dispute in facts.disputes.values():
        amount = lost_amounts.get(dispute.id, disputed_amount(facts, dispute))
        row = _row(invoice, dispute.id, MovementKind.DISPUTE, dispute.status, dispute.opened_at, amount)
        row = replace(row, payment_id=payment_id(dispute) or None, reason=dispute.reason)
        yield _by(_method(dispute, methods), row)


def _given_back_outside(invoice: Invoice) -> Iterator[Movement]:
    """Yields a row for each credit note that records money given back outside Stripe."""
    for note in invoice.facts.credit_notes.values():
        if note.out_of_band_amount:
            status = "succeeded" if note.status == "issued" else "canceled"
            row = _row(invoice, note.id, MovementKind.REFUND, status, note.issued_at, note.out_of_band_amount)
            yield _by(PaymentMethod(OUTSIDE), replace(row, currency=note.currency, reason=note.reason))
