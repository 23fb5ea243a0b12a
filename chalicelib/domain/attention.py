"""The kinds of problems that need a person, and the problems that follow from an invoice's own facts.

Nothing here depends on the clock, because invoices are indexed by these problems when they are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.actions import SEND_REFUSED, SEND_REQUESTED
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.owed_refunds import failed_at, refunds_still_owed
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.status import OPEN_STATUSES, FailedAttempt, InvoiceStatus
from chalicelib.domain.wording import latest_action


@dataclass(frozen=True, slots=True)
class UnknownInvoice:
    """An invoice of POM in Stripe that POM has no record of. `invoice_id` is POM's id in its metadata, if there is
    one.

    `said` describes the problem in words for the office. `at` is when POM first found it (epoch seconds UTC).
    """

    stripe_id: str
    invoice_id: InvoiceId | None
    said: str
    at: int


@dataclass(frozen=True, slots=True)
class UnknownInvoices:
    """The unknown invoices of an account, as the latest comparison with Stripe found them.

    `at` is the time of that comparison (epoch seconds UTC). `count` is the number of all; `invoices` may hold only
    some.
    """

    at: int
    count: int
    invoices: tuple[UnknownInvoice, ...] = ()


class AttentionKind(StrEnum):
    """The kind of a problem that needs a person."""

    PAYMENT_FAILED = "payment_failed"
    """The latest attempt to pay an invoice failed."""
    DISPUTE_NEEDS_RESPONSE = "dispute_needs_response"
    """A bank disputes a payment or asks about it, and waits for the company's response."""
    INVOICE_NOT_SENT = "invoice_not_sent"
    """A user asked POM to e-mail an invoice, and it was not e-mailed."""
    REFUND_FAILED = "refund_failed"
    """A refund failed, so the customer does not have the money."""
    INVOICE_OVERDUE = "invoice_overdue"
    """An invoice has not been paid for many days after it was due."""
    CUSTOMER_WITHOUT_EMAIL = "customer_without_email"
    """No invoice can be sent to a customer."""
    PAYOUT_FAILED = "payout_failed"
    """A payout failed, and its money has not been paid out again."""
    INVOICE_UNKNOWN = "invoice_unknown"
    """Stripe has an invoice with POM's id that POM has no record of."""
    ACCOUNT_RESTRICTED = "account_restricted"
    """Stripe does not let the account take payments, or does not pay out its balance."""


INVOICE_KINDS = (
    AttentionKind.DISPUTE_NEEDS_RESPONSE,
    AttentionKind.REFUND_FAILED,
    AttentionKind.PAYMENT_FAILED,
    AttentionKind.INVOICE_NOT_SENT,
)
"""The kinds that `invoice_troubles` yields, the most urgent first.

A dispute is lost if nobody responds in time. A failed refund is the customer's money. The others concern the
company's own money.
"""


@dataclass(frozen=True, slots=True)
class InvoiceTrouble:
    """A problem of an invoice that has needed a person since `at` (epoch seconds UTC).

    `about` is the failed attempt to pay, the dispute or the refund. It is None if the invoice was not sent.
    """

    kind: AttentionKind
    at: int
    about: FailedAttempt | DisputeFact | RefundFact | None = None


def most_urgent(invoice: Invoice) -> InvoiceTrouble | None:
    """Returns the most urgent problem of this invoice, the latest one if several are equally urgent.

    Returns None if there is none. An overdue invoice is not among the problems here, because it needs a person only
    some days after the due day, which depends on the clock.
    """
    troubles = list(invoice_troubles(invoice))
    return min(troubles, key=lambda trouble: (INVOICE_KINDS.index(trouble.kind), -trouble.at), default=None)


def invoice_troubles(invoice: Invoice) -> Iterator[InvoiceTrouble]:
    """Yields the problems of this invoice that need a person."""
    if invoice.failure is not None:
        yield InvoiceTrouble(AttentionKind.PAYMENT_FAILED, invoice.failure.at, invoice.failure)
    for dispute in invoice.facts.disputes.values():
        if dispute.status.endswith("needs_response"):
            yield InvoiceTrouble(AttentionKind.DISPUTE_NEEDS_RESPONSE, dispute.opened_at, dispute)
    yield from _not_sent(invoice)
    for refund in refunds_still_owed(invoice):
        yield InvoiceTrouble(AttentionKind.REFUND_FAILED, failed_at(refund), refund)


def _not_sent(invoice: Invoice) -> Iterator[InvoiceTrouble]:
    """Yields a problem if a user asked POM to e-mail the invoice and it has not been e-mailed.

    While POM is sending it, or while a payment is on its way, there is nothing to do. A revision that somebody
    created in Stripe does not count, because no user asked POM to send it.
    """
    if invoice.sent_at is not None or invoice.saga.running or invoice.facts.payment_under_way:
        return
    if invoice.status not in (InvoiceStatus.DRAFT, *OPEN_STATUSES):
        return
    refusal = latest_action(invoice, SEND_REFUSED)
    if refusal is not None:
        yield InvoiceTrouble(AttentionKind.INVOICE_NOT_SENT, refusal.at)
        return
    fact, request = invoice.facts.invoice, latest_action(invoice, SEND_REQUESTED)
    if request is not None and fact is not None and fact.finalized_at is not None and fact.from_invoice_id is None:
        yield InvoiceTrouble(AttentionKind.INVOICE_NOT_SENT, max(fact.finalized_at, request.at))
