"""Why an invoice stands where it stands, in plain sentences. Derived from facts and history, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.facts import ChargeFact, DisputeFact
from chalicelib.domain.failures import FAILURE_TEXTS
from chalicelib.domain.history import HistoryEntry
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.status import OPEN_STATUSES, InvoiceStatus
from chalicelib.domain.terms import day_of

DAY = 86400
BANK_DEBITS = {
    "us_bank_account",
    "acss_debit",
    "sepa_debit",
    "bacs_debit",
    "au_becs_debit",
    "ach_debit",
}
METHOD_NAMES = {"card": "card", "link": "Link", **dict.fromkeys(BANK_DEBITS, "bank debit")}
PAYABLE = (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE)


def explain(invoice: Invoice, now: int) -> str:
    """One paragraph for people: why the invoice has its status, and what is known beside it."""
    sentences = [
        *_EXPLAIN[invoice.status](invoice, now),
        *_revisions(invoice),
        *_disputes(invoice),
        *_refund_troubles(invoice),
        *_link(invoice, now),
    ]
    return " ".join(sentences)


def _creating(invoice: Invoice, now: int) -> Iterator[str]:
    yield "It is being made in Stripe; that goes on by itself."


def _draft(invoice: Invoice, now: int) -> Iterator[str]:
    yield "It is a draft: the customer has not been asked to pay. Review and send it."


def _pending(invoice: Invoice, now: int) -> Iterator[str]:
    yield from _asked(invoice)
    if invoice.payment_under_way:
        since = _day(invoice, _under_way_since(invoice))
        if _slow(invoice):
            yield f"A bank debit has been on its way since {since}; it takes up to 5 business days."
        else:
            yield f"A payment has been on its way since {since}; it has neither arrived nor failed yet."
        return
    if any(intent.status == "requires_action" for intent in invoice.facts.payment_intents.values()):
        yield "The customer has begun to pay and has yet to confirm the payment with their bank."
    elif invoice.paid_amount:
        yield f"{_money(invoice, invoice.paid_amount)} of {_money(invoice, invoice.total)} has been paid."
    else:
        yield "Nobody has tried to pay yet."
    yield from _due(invoice, now)


def _failed(invoice: Invoice, now: int) -> Iterator[str]:
    attempt = invoice.failure
    if attempt is not None:
        text = FAILURE_TEXTS[attempt.reason]
        yield f"The latest attempt to pay, on {_day(invoice, attempt.at)}, failed. {text.message} {text.next_step}"
    yield from _due(invoice, now)


def _paid(invoice: Invoice, now: int) -> Iterator[str]:
    yield _how_paid(invoice)
    if invoice.refunded_amount:
        yield f"{_money(invoice, invoice.refunded_amount)} of it was refunded{_refund_day(invoice)}."
    over = invoice.facts.invoice.amount_overpaid if invoice.facts.invoice else 0
    if over:
        yield f"The customer paid {_money(invoice, over)} more than was due; refund it in the Stripe dashboard."


def _refunded(invoice: Invoice, now: int) -> Iterator[str]:
    yield _how_paid(invoice)
    yield f"Refunded in full{_refund_day(invoice)}."


def _void(invoice: Invoice, now: int) -> Iterator[str]:
    deleted = invoice.facts.invoice is not None and invoice.facts.invoice.deleted
    told = _latest(invoice, "voided_by_pom", "voided", "draft_deleted")
    word = "Its draft was deleted" if deleted else "Voided"
    yield f"{word}{_on(invoice, told.at if told else None)}: nothing is to be paid, its services can be billed again."


def _uncollectible(invoice: Invoice, now: int) -> Iterator[str]:
    window = _latest(invoice, "payment_window_passed")
    told = window or _latest(invoice, "marked_uncollectible")
    why = f": it was not paid within {window.reason} after it was due" if window and window.reason else ""
    yield f"Given up{_on(invoice, told.at if told else None)}{why}. It can still be paid."


_EXPLAIN = {
    InvoiceStatus.CREATING: _creating,
    InvoiceStatus.DRAFT: _draft,
    InvoiceStatus.PENDING: _pending,
    InvoiceStatus.FAILED: _failed,
    InvoiceStatus.PAID: _paid,
    InvoiceStatus.REFUNDED: _refunded,
    InvoiceStatus.VOID: _void,
    InvoiceStatus.UNCOLLECTIBLE: _uncollectible,
}


def _revisions(invoice: Invoice) -> Iterator[str]:
    """Yields what people have to know of revisions that somebody makes in Stripe's dashboard."""
    current, others = invoice.facts.invoice, invoice.facts.revisions.values()
    if current is None:
        return
    replaced = [fact.number or fact.id for fact in others if fact.status == "void"]
    if replaced:
        yield f"It was revised in Stripe and replaces {' and '.join(replaced)}."
    if any(fact.unfinished and fact.from_invoice_id == current.id for fact in others):
        yield "Somebody is revising it in Stripe; until that is finalized, this invoice is the one to be paid."


def _asked(invoice: Invoice) -> Iterator[str]:
    finalized_at = invoice.facts.invoice.finalized_at if invoice.facts.invoice else None
    if invoice.sent_at is not None:
        yield f"Sent on {_day(invoice, invoice.sent_at)}."
    else:
        yield f"Finalized{_on(invoice, finalized_at)}, but no e-mail has been sent from POM."


def _due(invoice: Invoice, now: int) -> Iterator[str]:
    if invoice.due_at is None:
        return
    if invoice.overdue(now):
        days = (now - invoice.due_at) // DAY
        yield f"It was due on {_day(invoice, invoice.due_at)}" + (f", {_counted(days)} ago." if days else ".")
    else:
        yield f"It is due on {_day(invoice, invoice.due_at)}."


def _under_way_since(invoice: Invoice) -> int:
    """When the attempt that is under way began: its charge says it best, then the timeline, then the snapshot."""
    charged = [charge.created for charge in invoice.facts.charges.values() if charge.status == "pending"]
    told = _latest(invoice, "payment_processing")
    if charged:
        return max(charged)
    if told is not None:
        return told.at
    seen = (intent.as_of for intent in invoice.facts.payment_intents.values() if intent.status == "processing")
    return max(seen, default=invoice.updated_at)


def _slow(invoice: Invoice) -> bool:
    """Only bank debits stay under way; unless the charge says that it is something else."""
    methods = {charge.method for charge in invoice.facts.charges.values() if charge.status == "pending"} - {None}
    return not methods or bool(methods & BANK_DEBITS)


def _how_paid(invoice: Invoice) -> str:
    known = invoice.facts.invoice
    if known is None or known.total == 0:
        return "There was nothing to pay."
    if known.amount_paid == 0 and invoice.credited_amount:
        return f"Settled by credit notes over {_money(invoice, invoice.credited_amount)}; no money came in."
    when = _on(invoice, known.paid_at)
    outside = _latest(invoice, "marked_paid")
    if outside is not None and known.amount_paid_off_stripe:
        return f"Paid{when} by {outside.reason}, as recorded in POM."
    if known.amount_paid and known.amount_paid_off_stripe >= known.amount_paid:
        return f"Paid{when} outside Stripe, as recorded in Stripe."
    method = METHOD_NAMES.get(_method(invoice) or "")
    return f"Paid{when}{f' by {method}' if method else ''}."


def _method(invoice: Invoice) -> str | None:
    paid = [charge for charge in invoice.facts.charges.values() if charge.status == "succeeded"]
    latest: ChargeFact | None = max(paid, key=lambda charge: (charge.created, charge.id), default=None)
    return latest.method if latest else None


def _refund_day(invoice: Invoice) -> str:
    done = [refund.created for refund in invoice.facts.refunds.values() if refund.status == "succeeded"]
    return _on(invoice, max(done, default=None))


def _refund_troubles(invoice: Invoice) -> Iterator[str]:
    for refund in sorted(invoice.facts.refunds.values(), key=lambda each: (each.created, each.id)):
        amount = _money(invoice, refund.amount, refund.currency)
        if refund.status in {"pending", "requires_action"}:
            yield f"A refund of {amount} is on its way."
        elif refund.status == "failed":
            yield f"A refund of {amount} failed: the customer does not have it. Look at it in the Stripe dashboard."


def _disputes(invoice: Invoice) -> Iterator[str]:
    for dispute in sorted(invoice.facts.disputes.values(), key=lambda each: each.id):
        yield from _dispute(invoice, dispute)


def _dispute(invoice: Invoice, dispute: DisputeFact) -> Iterator[str]:
    amount = _money(invoice, dispute.amount, dispute.currency)
    if dispute.status == "lost":
        yield f"A dispute over {amount} was lost: the customer's bank has taken it back."
    elif dispute.status.endswith("needs_response"):
        until = f" by {_day(invoice, dispute.due_by)}" if dispute.due_by else ""
        yield f"The customer's bank disputes {amount}; answer it in the Stripe dashboard{until}."
    elif dispute.open:
        yield f"The customer's bank is looking into a dispute over {amount}; there is nothing to do until it decides."


def _link(invoice: Invoice, now: int) -> Iterator[str]:
    if invoice.status in PAYABLE and invoice.link_expired(now):
        yield "The payment link has expired; refresh the invoice to get a new one."


def _latest(invoice: Invoice, *kinds: str) -> HistoryEntry | None:
    found = (entry for entry in invoice.history if entry.kind in kinds)
    return max(found, key=lambda entry: entry.at, default=None)


def _money(invoice: Invoice, amount: int, currency: str | None = None) -> str:
    """An amount with its currency, which of a dispute may be another than the invoice's."""
    currency = currency or invoice.order.currency
    return f"{decimal_string(amount, currency)} {currency.upper()}"


def _on(invoice: Invoice, moment: int | None) -> str:
    return f" on {_day(invoice, moment)}" if moment else ""


def _day(invoice: Invoice, moment: int) -> str:
    """The day in the organization's time zone, such as 23 November 2026."""
    day = day_of(moment, invoice.order.time_zone)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_MONTHS = tuple("January February March April May June July August September October November December".split())


def _counted(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"
