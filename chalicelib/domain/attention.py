"""The kinds of things that need a person, and those that follow from an invoice's own facts.

Nothing here depends on the clock, because invoices are indexed by it when they are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.actions import SEND_REFUSED, SEND_REQUESTED
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.payments import payment_id
from chalicelib.domain.refund_rules import left_to_refund, payment_of
from chalicelib.domain.status import OPEN_STATUSES, FailedAttempt, InvoiceStatus
from chalicelib.domain.wording import latest_action


@dataclass(frozen=True, slots=True)
class UnknownInvoice:
    """An invoice of POM's in Stripe that POM does not know. `invoice_id` is the one its metadata names, if any.

    `said` is what is wrong, for people. `at` is when POM found it first (epoch seconds UTC).
    """

    stripe_id: str
    invoice_id: InvoiceId | None
    said: str
    at: int


@dataclass(frozen=True, slots=True)
class UnknownInvoices:
    """The unknown invoices of an account, as the latest comparison with Stripe found them.

    `at` is when it compared them (epoch seconds UTC). `count` is how many there are; `invoices` may be only some.
    """

    at: int
    count: int
    invoices: tuple[UnknownInvoice, ...] = ()


class AttentionKind(StrEnum):
    """The kind of a thing that needs a person."""

    PAYMENT_FAILED = "payment_failed"
    """The latest attempt to pay an invoice failed."""
    DISPUTE_NEEDS_RESPONSE = "dispute_needs_response"
    """A bank disputes or asks about a payment, and waits for the company's answer."""
    INVOICE_NOT_SENT = "invoice_not_sent"
    """POM was asked to e-mail an invoice, and it was not e-mailed."""
    REFUND_FAILED = "refund_failed"
    """A refund failed, so the customer does not have the money."""
    INVOICE_OVERDUE = "invoice_overdue"
    """An invoice has not been paid for many days after it was due."""
    CUSTOMER_WITHOUT_EMAIL = "customer_without_email"
    """No invoice can be sent to a customer."""
    PAYOUT_FAILED = "payout_failed"
    """A payout did not arrive at the bank, and its money has not gone out again."""
    INVOICE_UNKNOWN = "invoice_unknown"
    """Stripe has an invoice with POM's id that POM does not know."""
    ACCOUNT_RESTRICTED = "account_restricted"
    """Stripe does not let the account take payments, or pays nothing out of it."""


OF_INVOICES = (
    AttentionKind.PAYMENT_FAILED,
    AttentionKind.DISPUTE_NEEDS_RESPONSE,
    AttentionKind.INVOICE_NOT_SENT,
    AttentionKind.REFUND_FAILED,
)
"""The kinds that `invoice_troubles` finds."""


@dataclass(frozen=True, slots=True)
class InvoiceTrouble:
    """A thing about an invoice that needs a person since `at` (epoch seconds UTC).

    `about` is the failed attempt to pay, the dispute or the refund. None if the invoice was not sent.
    """

    kind: AttentionKind
    at: int
    about: FailedAttempt | DisputeFact | RefundFact | None = None


def invoice_attention_at(invoice: Invoice) -> int | None:
    """Returns when the latest thing began for which this invoice needs a person (epoch seconds UTC).

    Returns None if it needs no person. That an invoice is overdue is left out, because it needs a person only
    some days later, which depends on the clock.
    """
    return max((trouble.at for trouble in invoice_troubles(invoice)), default=None)


def invoice_troubles(invoice: Invoice) -> Iterator[InvoiceTrouble]:
    """Yields what needs a person about this invoice."""
    if invoice.failure is not None:
        yield InvoiceTrouble(AttentionKind.PAYMENT_FAILED, invoice.failure.at, invoice.failure)
    for dispute in invoice.facts.disputes.values():
        if dispute.status.endswith("needs_response"):
            yield InvoiceTrouble(AttentionKind.DISPUTE_NEEDS_RESPONSE, dispute.opened_at, dispute)
    yield from _not_sent(invoice)
    for refund in invoice.facts.refunds.values():
        if refund.status == "failed" and _still_owed(refund, invoice):
            failed_at = refund.seen.get("failed", refund.as_of)
            yield InvoiceTrouble(AttentionKind.REFUND_FAILED, failed_at, refund)


def _not_sent(invoice: Invoice) -> Iterator[InvoiceTrouble]:
    """Yields that POM was asked to e-mail the invoice and that it has not been e-mailed.

    While POM is at it, or while the payer's money is on its way, there is nothing to do. A revision that somebody
    made in Stripe is not what POM was asked to send.
    """
    if invoice.sent_at is not None or invoice.saga.running or invoice.facts.payment_under_way:
        return
    if invoice.status not in (InvoiceStatus.DRAFT, *OPEN_STATUSES):
        return
    refused = latest_action(invoice, SEND_REFUSED)
    if refused is not None:
        yield InvoiceTrouble(AttentionKind.INVOICE_NOT_SENT, refused.at)
        return
    fact, asked = invoice.facts.invoice, latest_action(invoice, SEND_REQUESTED)
    if asked is not None and fact is not None and fact.finalized_at is not None and fact.from_invoice_id is None:
        yield InvoiceTrouble(AttentionKind.INVOICE_NOT_SENT, max(fact.finalized_at, asked.at))


def _still_owed(failed: RefundFact, invoice: Invoice) -> bool:
    """Returns True if the money of a refund that failed has not gone to the customer in another way.

    Refunds that were made or ordered later count, and so do credit notes about money that went back outside Stripe.
    They are held against all refunds that failed from this one on, so each pays for one of them. If nothing is left
    of the payment to refund, the customer has it, or a dispute over it decides who gets it.
    """
    facts, about = invoice.facts, payment_id(failed)
    if failed.payment_intent_id in facts.paid_elsewhere:
        return False
    payment = payment_of(invoice, about)
    if payment is not None and left_to_refund(invoice, payment) == 0:
        return False
    refunds = [each for each in facts.refunds.values() if payment_id(each) == about]
    owed = sum(each.amount for each in refunds if each.status == "failed" and each.created >= failed.created)
    again = sum(each.amount for each in refunds if not each.given_up and each.created > failed.created)
    ordered = sum(each.amount for each in invoice.refund_orders if each.awaits(about) and each.at > failed.created)
    outside = sum(
        note.out_of_band_amount
        for note in facts.credit_notes.values()
        if note.status == "issued" and note.issued_at > failed.created
    )
    return again + ordered + outside < owed
