"""The sentences for each problem of an invoice that needs a person: what happened, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.actions import SEND_REFUSED, SEND_REQUESTED
from chalicelib.domain.attention import AttentionKind, InvoiceTrouble, invoice_troubles
from chalicelib.domain.draft_changes import UNDO
from chalicelib.domain.explanation import why_not_sent
from chalicelib.domain.explanation_of_money import why_failed
from chalicelib.domain.failures import FAILURE_TEXTS
from chalicelib.domain.identifiers import CustomerId, InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import DisputeFact, RefundFact
from chalicelib.domain.status import FailedAttempt
from chalicelib.domain.stripe_pages import object_url
from chalicelib.domain.terms import day_of
from chalicelib.domain.wording import day, days, latest_action, money


@dataclass(frozen=True, slots=True)
class AttentionItem:
    """One problem that has needed a person since `at` (epoch seconds UTC).

    `amount` is minor units of `currency`. `due_by` is when evidence is due, or when the invoice was due (epoch
    seconds UTC). `page` is the page of Stripe's Dashboard that shows it: see `stripe_pages.address`.
    """

    kind: AttentionKind
    subject: str
    """The id of the invoice, dispute, refund, customer, payout or account that it is about."""
    at: int
    message: str
    next_step: str
    invoice_id: InvoiceId | None = None
    number: str | None = None
    customer_id: CustomerId | None = None
    stripe_invoice_id: str | None = None
    payout_id: str | None = None
    amount: int | None = None
    currency: str | None = None
    due_by: int | None = None
    page: str | None = None

    @property
    def id(self) -> str:
        """Returns the item's id, which stays the same as long as the problem lasts."""
        return f"{self.kind}:{self.subject}"


def invoice_attention(invoice: Invoice, now: int) -> list[AttentionItem]:
    """Returns the problems of an invoice that need a person, as of `now` (epoch seconds UTC).

    Being overdue is not among them: see `overdue_item`.
    """
    return [_item(trouble, invoice, now) for trouble in invoice_troubles(invoice)]


def item_about(invoice: Invoice, kind: AttentionKind, at: int, message: str, next_step: str) -> AttentionItem:
    """Returns an item about the invoice itself. Its amount is the invoice's open balance."""
    fact = invoice.facts.invoice
    return AttentionItem(
        kind=kind,
        subject=invoice.id,
        at=at,
        message=message,
        next_step=next_step,
        invoice_id=invoice.id,
        number=fact.number if fact is not None else None,
        customer_id=invoice.order.customer_id,
        stripe_invoice_id=invoice.stripe_invoice_id,
        amount=invoice.balance,
        currency=invoice.order.currency,
        page=object_url("", invoice, invoice.stripe_invoice_id),
    )


def invoice_phrase(invoice: Invoice) -> str:
    """Returns words for an invoice inside a sentence, with its total. A draft has no number."""
    fact = invoice.facts.invoice
    if fact is None or fact.number is None:
        return f"an invoice over {money(invoice, invoice.total)}"
    return f"invoice {fact.number} over {money(invoice, invoice.total)}"


def short_invoice_phrase(invoice: Invoice) -> str:
    """Returns words for an invoice that follow an amount, without the invoice's own total."""
    fact = invoice.facts.invoice
    return f"invoice {fact.number}" if fact is not None and fact.number is not None else "an invoice"


def _item(trouble: InvoiceTrouble, invoice: Invoice, now: int) -> AttentionItem:
    match trouble.about:
        case FailedAttempt() as attempt:
            return _payment_failed(attempt, trouble, invoice)
        case DisputeFact() as dispute:
            return _dispute(dispute, trouble, invoice, now)
        case RefundFact() as refund:
            return _refund_failed(refund, trouble, invoice)
        case None:
            return _invoice_not_sent(trouble, invoice)


def _payment_failed(attempt: FailedAttempt, trouble: InvoiceTrouble, invoice: Invoice) -> AttentionItem:
    text = FAILURE_TEXTS[attempt.reason]
    message = f"The payment of {invoice_phrase(invoice)} failed on {day(invoice, attempt.at)}. {text.message}"
    if invoice.overdue and invoice.due_at is not None:
        message += f" It was due on {day(invoice, invoice.due_at)}."
    item = item_about(invoice, trouble.kind, trouble.at, message, text.next_step)
    return replace(item, due_by=invoice.due_at)


def _dispute(dispute: DisputeFact, trouble: InvoiceTrouble, invoice: Invoice, now: int) -> AttentionItem:
    due_by = dispute.due_by or None  # Stripe says 0 if the bank takes no answer.
    inquiry = dispute.status.startswith("warning")
    amount = money(invoice, dispute.amount, dispute.currency)
    if inquiry:
        message = (
            f"The customer's bank asks about {amount} of {short_invoice_phrase(invoice)}. It has not taken any money."
        )
    else:
        message = f"The customer's bank disputes {amount} of {short_invoice_phrase(invoice)}."
    next_step = ANSWER_INQUIRY if inquiry else ANSWER
    if due_by is not None and due_by < now:
        message += f" The evidence was due by {day(invoice, due_by)}, and that has passed."
        next_step = LATE_INQUIRY if inquiry else LATE
    elif due_by is not None:
        days_left = (day_of(due_by, invoice.order.time_zone) - day_of(now, invoice.order.time_zone)).days
        message += f" The evidence is due {_in(days_left)}, by {day(invoice, due_by)}."
    return replace(
        item_about(invoice, trouble.kind, trouble.at, message, next_step),
        subject=dispute.id,
        amount=dispute.amount,
        currency=dispute.currency,
        due_by=due_by,
        page=object_url("", invoice, dispute.id),
    )


ANSWER = "Answer the dispute in the Stripe dashboard, or accept it there. Do not give the money back in another way."
LATE = "Look at the dispute in the Stripe dashboard. Without evidence it is usually lost."
ANSWER_INQUIRY = (
    "Answer the bank's question in the Stripe dashboard. Or refund the whole payment there, which ends the inquiry "
    "without a dispute and its fee."
)
LATE_INQUIRY = (
    "Look at the inquiry in the Stripe dashboard. Without an answer the bank may open a dispute. A refund of the "
    "whole payment there ends the inquiry."
)
"""How an inquiry ends: https://docs.stripe.com/disputes. POM itself does not refund a payment under inquiry."""


def _in(days_left: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days_left, f"in {days(days_left)}")


def _refund_failed(refund: RefundFact, trouble: InvoiceTrouble, invoice: Invoice) -> AttentionItem:
    amount = money(invoice, refund.amount, refund.currency)
    message = (
        f"A refund of {amount} of {invoice_phrase(invoice)} failed on {day(invoice, trouble.at)}"
        f"{why_failed(refund)}. The customer does not have the money."
    )
    return replace(
        item_about(invoice, trouble.kind, trouble.at, message, GIVE_BACK),
        subject=refund.id,
        amount=refund.amount,
        currency=refund.currency,
        page=object_url("", invoice, refund.payment_intent_id or refund.charge_id),
    )


GIVE_BACK = (
    "Refund it again in POM. Or give the money back in another way, and record that by a credit note in the Stripe "
    "dashboard, as given back outside Stripe."
)


def _invoice_not_sent(trouble: InvoiceTrouble, invoice: Invoice) -> AttentionItem:
    refusal = latest_action(invoice, SEND_REFUSED)
    request = latest_action(invoice, SEND_REQUESTED)
    reasons = list(why_not_sent(invoice))
    if refusal is None and request is not None:
        reasons.append(f"POM was asked to send it on {day(invoice, request.at)}.")
    message = " ".join([f"No e-mail was sent for {invoice_phrase(invoice)}.", *reasons])
    reason = refusal.reason if refusal is not None else None
    return item_about(invoice, trouble.kind, trouble.at, message, _NOT_SENT.get(reason or "", SEND_AGAIN))


SEND_AGAIN = "Open the invoice in POM and send it. If it can no longer be sent, correct it, or void the draft."
_NOT_SENT = {
    "changed_in_stripe": UNDO,
    "total_differs": UNDO,
    "due_date_in_past": "Save the draft with a later due date, then send it. Or void it and bill its services again.",
    "stripe_account_not_ready": "Complete the business verification in the Stripe dashboard, then send it in POM.",
    "customer_erased": "Void it. POM then continues to erase the customer.",
}
"""The next step after a refused request to send, by the code of the refusal."""
