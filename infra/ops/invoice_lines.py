"""The rows and lines of `explain invoice`: rows for JSON, and one line of 80 columns for each row.

A line has several forms, the fullest first, and `Screen.lines` prints the first form that fits. Amounts are decimal
strings, and `currency` is a field of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from chalicelib.adapters.tables.markers import PARKED
from chalicelib.domain.events import NOTHING_NEW, LoggedEvent
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import decimal_string
from chalicelib.domain.parked_reasons import reason_in_words
from chalicelib.domain.payments import Payment, PaymentMethod, PaymentStatus
from chalicelib.domain.refund_order import RefundOrder
from chalicelib.domain.timeline_entries import Entry, EntryKind
from infra.ops.screen import Row, duration_in_words, timestamp
from infra.timeline_words import clock_time, money, paid_with, sentence

Forms = Sequence[str]


def invoice_row(invoice: Invoice) -> dict[str, Any]:
    """Returns the state of an invoice. `number` is None until Stripe has assigned a number."""
    currency, fact = invoice.order.currency, invoice.facts.invoice
    return {
        "invoice": invoice.id,
        "number": fact.number if fact is not None else None,
        "customer": invoice.order.customer_id,
        "status": invoice.status.value,
        "currency": currency,
        "total": decimal_string(invoice.total, currency),
        "paid": decimal_string(invoice.amounts.paid, currency),
        "refunded": decimal_string(invoice.amounts.refunded, currency),
        "lost": decimal_string(invoice.amounts.lost, currency),
        "received": decimal_string(invoice.amounts.received, currency),
        "balance": decimal_string(invoice.balance, currency),
        "stripe": invoice.stripe_invoice_id,
        "step": invoice.saga.step.value,
        "attempts": invoice.saga.attempts,
        "resumes": timestamp(invoice.resume_at),
    }


def fact_rows(invoice: Invoice) -> list[dict[str, Any]]:
    """Returns a row for the latest snapshot of each Stripe object, the invoice first."""
    return [{"id": each.id, "status": each.status, "as_of": timestamp(each.as_of)} for each in _facts(invoice)]


def _facts(invoice: Invoice) -> Iterator[StripeFact]:
    if invoice.facts.invoice is not None:
        yield invoice.facts.invoice
    yield from (fact for fact in invoice.facts.by_id.values() if fact is not invoice.facts.invoice)


def fact_line(row: Row) -> Forms:
    return (f"{_at(row['as_of'])}  {row['id']}  {row['status']}",)


def order_row(order: RefundOrder, invoice: Invoice) -> dict[str, Any]:
    """Returns the row of a refund that was ordered in POM and whose outcome is unknown."""
    currency = invoice.order.currency
    return {
        "ordered": timestamp(order.at),
        "amount": decimal_string(order.amount, currency),
        "currency": currency,
        "by": order.actor,
        "reason": order.reason,
        "payment": order.payment_id,
        "attempts": order.attempts,
        "resumes": timestamp(order.resume_at),
    }


def order_line(row: Row) -> Forms:
    next_attempt = f"POM resumes at {_at(row['resumes'])}" if row["resumes"] else "POM does not resume by itself"
    line = f"{_at(row['ordered'])}  {money(row['amount'], row['currency'])} ({row['by']}); {next_attempt}"
    return f"{line}  {row['payment']}", line


def payment_row(payment: Payment) -> dict[str, Any]:
    given_back = sum(each.amount for each in payment.refunds if each.status == "succeeded")
    return {
        "id": payment.id,
        "status": payment.status.value,
        "at": timestamp(payment.at),
        "amount": decimal_string(payment.amount, payment.currency),
        "currency": payment.currency,
        "method": _method(payment.method),
        "failure": payment.failure,
        "refunded": decimal_string(given_back, payment.currency) if given_back else None,
        "disputes": ", ".join(each.status for each in payment.disputes) or None,
    }


def payment_line(row: Row) -> Forms:
    kind = _KINDS[PaymentStatus(row["status"])]
    line = f"{_at(row['at'])}  {sentence(kind, _amount(row), _in_words(row['method']), row['failure'])}"
    if row["refunded"]:
        line += f", {money(row['refunded'], row['currency'])} refunded"
    short = f"{line}, disputed" if row["disputes"] else line
    if row["disputes"]:
        line += f", dispute: {row['disputes']}".replace("_", " ")
    return f"{line}  {row['id']}", line, short


_KINDS = {
    PaymentStatus.SUCCEEDED: EntryKind.PAID,
    PaymentStatus.PENDING: EntryKind.PAYMENT_UNDER_WAY,
    PaymentStatus.FAILED: EntryKind.PAYMENT_FAILED,
}


def entry_row(entry: Entry) -> dict[str, Any]:
    amount = None
    if entry.amount is not None and entry.currency is not None:
        amount = decimal_string(entry.amount, entry.currency)
    return {
        "at": timestamp(entry.at),
        "kind": entry.kind.value,
        "amount": amount,
        "currency": entry.currency,
        "method": _method(entry.method),
        "by": (entry.actor or "pom") if entry.by_pom else "stripe",
        "reason": entry.reason,
        "to": entry.to,
        "due_by": timestamp(entry.due_by),
        "stripe_id": entry.stripe_id,
    }


def entry_line(row: Row) -> Forms:
    """Returns the line of a timeline's entry. It names the actor in brackets, unless Stripe reported the entry.

    The shortest form of a refund has no payment method, because the payment above it has the same one.
    """
    words = (row["kind"], _amount(row), _in_words(row["method"]), row["reason"])
    by = "" if row["by"] == "stripe" else f" ({'POM' if row['by'] == 'pom' else row['by']})"
    evidence = f", evidence is due {_at(row['due_by'])}" if row["due_by"] else ""
    short = f"{_at(row['at'])}  {sentence(*words)}{by}"
    full = f"{_at(row['at'])}  {sentence(*words, row['to'])}{evidence}{by}"
    with_id = [f"{full}  {row['stripe_id']}"] if row["stripe_id"] else []
    without_method = sentence(row["kind"], _amount(row), None, row["reason"])
    shortest = [f"{_at(row['at'])}  {without_method}{by}"] if "refund" in row["kind"] else []
    return *with_id, full, short, *shortest


def event_row(event: LoggedEvent) -> dict[str, Any]:
    """Returns the row of an event. `error` is for programs: an error code, or the class of an unexpected error."""
    return {
        "arrived": timestamp(event.received_at),
        "type": event.type,
        "outcome": outcome(event.outcome),
        "lag_seconds": event.lag,
        "repeated": event.repeated,
        "id": event.id,
        "created": timestamp(event.created),
        "source": event.source,
        "object": event.object_id or None,
        "error": event.error,
        "reason": reason_in_words(event.error) if event.outcome == PARKED else None,
    }


def event_lines(rows: Sequence[Row]) -> tuple[str, list[Forms]]:
    """Returns the heading and the lines of an event log, with columns as wide as this log needs."""
    cell_rows = [
        (
            _at(row["arrived"]),
            duration_in_words(row["lag_seconds"]),
            row["type"],
            row["outcome"].replace("_", " "),
            str(row["repeated"]),
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(EVENT_LOG, *cell_rows, strict=True)]
    arrived, lag, event_type, became, repeated = widths
    heading, *lines = (
        f"{cells[0]:{arrived}} {cells[1]:>{lag}}  {cells[2]:{event_type}}  {cells[3]:{became}} {cells[4]:>{repeated}}"
        for cells in (EVENT_LOG, *cell_rows)
    )
    return heading, [(f"{line}  {row['id']}", line) for line, row in zip(lines, rows, strict=True)]


EVENT_LOG = ("Arrived", " Lag", "Type", "Outcome", "Again")


def outcome(stored_outcome: str) -> str:
    """Returns the outcome of an event in the words of the event log that offices read."""
    return "nothing_new" if stored_outcome == NOTHING_NEW else stored_outcome


def _at(instant: str | None) -> str:
    return clock_time(instant) if instant else "time unknown".ljust(19)


def _amount(row: Row) -> str | None:
    return money(row["amount"], row["currency"]) if row["amount"] is not None else None


def _method(method: PaymentMethod | None) -> dict[str, str | None] | None:
    return asdict(method) if method is not None else None


def _in_words(method: dict[str, str | None] | None) -> str | None:
    return paid_with(method["type"], method["brand"], method["last4"]) if method is not None else None
