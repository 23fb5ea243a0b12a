"""The e-mails with which Stripe asks a customer to pay: the first e-mail of an invoice, and its reminders.

Sending an open invoice again is how Stripe's API sends a reminder (https://docs.stripe.com/invoicing/send-email). The
texts are the double's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.headerregistry import Address

from ..state.ledger import JSON, Ledger
from .accounts import day
from .money import format_amount

INVOICE, REMINDER = "invoice", "reminder"


def about_invoice(ledger: Ledger, invoice: JSON, to: str, now: int) -> JSON:
    """Returns the e-mail for sending an open invoice now. It is a reminder if the invoice was mailed before.

    `at` is in epoch seconds, and `text` is the body. The other fields are headers and ids.
    """
    mailed_before = any(mail["invoice"] == invoice["id"] for mail in ledger.mails)
    kind = REMINDER if mailed_before else INVOICE
    company = _one_line(invoice["account_name"] or "")
    return {
        "at": now,
        "kind": kind,
        "from": str(Address(company, f"invoice+statements+{ledger.id}", "stripe.com")),
        "to": to,
        "subject": _subject(ledger, invoice, company, kind, now),
        "text": "\n".join(_text(ledger, invoice, company, kind, now)) + "\n",
        "link": invoice["hosted_invoice_url"],
        "invoice": invoice["id"],
        "account": ledger.id,
    }


def _subject(ledger: Ledger, invoice: JSON, company: str, kind: str, now: int) -> str:
    if kind == INVOICE:
        return f"New invoice from {company} #{invoice['number']}"
    due = f" {_due(ledger, invoice, now)}" if invoice["due_date"] else ""
    return f"Reminder: invoice #{invoice['number']} from {company}{due}"


def _text(ledger: Ledger, invoice: JSON, company: str, kind: str, now: int) -> Iterator[str]:
    if invoice["customer_name"]:
        yield from (f"Hello {_one_line(invoice['customer_name'])},", "")
    if kind == INVOICE:
        yield f"{company} sent you invoice #{invoice['number']}."
    else:
        yield f"This is a reminder: invoice #{invoice['number']} from {company} has not been paid in full."
    yield ""
    yield f"Amount due: {format_amount(invoice['amount_remaining'], invoice['currency'])}"
    if invoice["due_date"]:
        yield f"Due: {day(ledger.account, invoice['due_date'])}{' (overdue)' if invoice['due_date'] < now else ''}"
    yield from ("", f"View and pay: {invoice['hosted_invoice_url']}")
    for words in (invoice["description"], invoice["footer"]):
        if words:
            yield from ("", words)
    support = ledger.account["business_profile"]["support_email"] or ledger.account["email"]
    if support:
        yield from ("", f"Questions? Write to {company}: {support}")


def _due(ledger: Ledger, invoice: JSON, now: int) -> str:
    return f"{'was' if invoice['due_date'] < now else 'is'} due {day(ledger.account, invoice['due_date'])}"


def _one_line(text: str) -> str:
    """Returns the text on one line, because a header has one line."""
    return " ".join(text.split())
