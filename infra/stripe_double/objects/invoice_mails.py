"""The e-mails with which Stripe asks a customer to pay: the first of an invoice, and reminders of it.

Sending an open invoice again is Stripe's reminder by API (https://docs.stripe.com/invoicing/send-email). The words
are the double's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.headerregistry import Address

from ..state.ledger import JSON, Ledger
from .accounts import day
from .money import format_amount

INVOICE, REMINDER = "invoice", "reminder"


def about_invoice(ledger: Ledger, inv: JSON, to: str, now: int) -> JSON:
    """Returns the e-mail that sending an open invoice makes now: a reminder if the invoice was mailed before.

    `at` is epoch seconds, `text` is for people; the rest are headers and ids.
    """
    mailed_before = any(mail["invoice"] == inv["id"] for mail in ledger.mails)
    kind = REMINDER if mailed_before else INVOICE
    company = _one_line(inv["account_name"] or "")
    return {
        "at": now,
        "kind": kind,
        "from": str(Address(company, f"invoice+statements+{ledger.id}", "stripe.com")),
        "to": to,
        "subject": _subject(ledger, inv, company, kind, now),
        "text": "\n".join(_text(ledger, inv, company, kind, now)) + "\n",
        "link": inv["hosted_invoice_url"],
        "invoice": inv["id"],
        "account": ledger.id,
    }


def _subject(ledger: Ledger, inv: JSON, company: str, kind: str, now: int) -> str:
    if kind == INVOICE:
        return f"New invoice from {company} #{inv['number']}"
    due = f" {_due(ledger, inv, now)}" if inv["due_date"] else ""
    return f"Reminder: invoice #{inv['number']} from {company}{due}"


def _text(ledger: Ledger, inv: JSON, company: str, kind: str, now: int) -> Iterator[str]:
    if inv["customer_name"]:
        yield from (f"Hello {_one_line(inv['customer_name'])},", "")
    if kind == INVOICE:
        yield f"{company} sent you invoice #{inv['number']}."
    else:
        yield f"This is a reminder: invoice #{inv['number']} from {company} has not been paid in full."
    yield ""
    yield f"Amount due: {format_amount(inv['amount_remaining'], inv['currency'])}"
    if inv["due_date"]:
        yield f"Due: {day(ledger.account, inv['due_date'])}{' (overdue)' if inv['due_date'] < now else ''}"
    yield from ("", f"View and pay: {inv['hosted_invoice_url']}")
    for words in (inv["description"], inv["footer"]):
        if words:
            yield from ("", words)
    support = ledger.account["business_profile"]["support_email"] or ledger.account["email"]
    if support:
        yield from ("", f"Questions? Write to {company}: {support}")


def _due(ledger: Ledger, inv: JSON, now: int) -> str:
    return f"{'was' if inv['due_date'] < now else 'is'} due {day(ledger.account, inv['due_date'])}"


def _one_line(text: str) -> str:
    """A header has one line."""
    return " ".join(text.split())
