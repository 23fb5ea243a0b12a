"""Invoices: the list, and the page of one invoice with the actions that its owner has in Stripe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..objects import invoice_actions, invoices
from ..objects.money import format_amount
from ..state.ledger import JSON
from . import mails, payments
from .pieces import (
    Html,
    badge,
    buttons,
    code,
    columns,
    description_list,
    form,
    join,
    link,
    local_time,
    money,
    muted_text,
    paginate,
    section,
    table,
    text,
)
from .visit import FormAction, Page, Show, Visit

_STATES = {
    "draft": ("Draft", ""),
    "open": ("Open", "wait"),
    "paid": ("Paid", "paid"),
    "void": ("Void", ""),
    "uncollectible": ("Uncollectible", "bad"),
}


def list_page(visit: Visit, _: str) -> Page:
    """Returns the page that lists the invoices, newest first."""
    page_items, page_links = paginate(visit, list(visit.ledger.all("invoice"))[::-1], "invoices")
    empty = f"There are no invoices yet. {visit.platform} creates them on its screen Billing."
    return Page("Invoices", section("All invoices", invoice_table(visit, page_items, empty), page_links))


def invoice_table(visit: Visit, invoice_objects: Sequence[JSON], empty: str) -> Html:
    """Returns a table of invoices."""
    rows = [
        (
            link(visit.url(f"invoices/{each['id']}"), each["number"] or "Draft"),
            _state(visit, each),
            payments.customer_link(visit, each["customer"]),
            money(each["total"], each["currency"]),
            money(each["amount_remaining"], each["currency"]),
            local_time(visit.ledger, each["due_date"]),
        )
        for each in invoice_objects
    ]
    names = ("Number", "Status", "Customer", "Total", "Remaining", "Due")
    return table("Invoices", names, rows, empty=empty, amount_columns=("Total", "Remaining"))


def page(visit: Visit, invoice_id: str) -> Page:
    """Returns the page of an invoice. Its links are renewed, as they are when the API reads the invoice."""
    invoice = invoices.retrieve(visit.call(invoice_id))
    return Page(
        f"Invoice {invoice['number']}" if invoice["number"] else "Draft invoice",
        join(
            columns(_facts(visit, invoice), _action_forms(visit, invoice)),
            _lines(visit, invoice),
            _payments(visit, invoice),
            section(
                "Mails", mails.mail_table(visit, [m for m in visit.ledger.mails if m["invoice"] == invoice["id"]])
            ),
        ),
    )


def _state(visit: Visit, invoice: JSON) -> Html:
    overdue = invoice["status"] == "open" and invoice["due_date"] and invoice["due_date"] < visit.controls.clock.now()
    return badge("Overdue", "bad") if overdue else badge(*_STATES[invoice["status"]])


def _facts(visit: Visit, invoice: JSON) -> Html:
    currency = invoice["currency"]
    original = visit.ledger.find("invoice", (invoice["from_invoice"] or {}).get("invoice"))
    pairs = [
        ("Status", _state(visit, invoice)),
        ("Customer", payments.customer_link(visit, invoice["customer"])),
        ("E-mail", invoice["customer_email"] or ""),
        ("Total", money(invoice["total"], currency)),
        ("Paid", money(invoice["amount_paid"], currency)),
        ("Paid outside Stripe", _unless_zero(invoice["amount_paid_off_stripe"], currency)),
        ("Credited", _unless_zero(invoice["pre_payment_credit_notes_amount"], currency)),
        ("Remaining", money(invoice["amount_remaining"], currency)),
        ("Created", local_time(visit.ledger, invoice["created"])),
        ("Due", local_time(visit.ledger, invoice["due_date"])),
        ("Replaces", link(visit.url(f"invoices/{original['id']}"), original["number"]) if original else ""),
        ("Memo", invoice["description"] or ""),
        ("Footer", invoice["footer"] or ""),
        ("Invoice", code(invoice["id"])),
    ]
    return section("Details", description_list(pairs))


def _unless_zero(amount: int, currency: str) -> str:
    return money(amount, currency) if amount else ""


def _action_forms(visit: Visit, invoice: JSON) -> Html:
    path, status = f"invoices/{invoice['id']}", invoice["status"]
    if status == "draft":
        forms = [
            form(visit, path, "send", "Finalize and send"),
            form(visit, path, "delete", "Delete the draft", plain=True),
        ]
        return section("What the owner can do", buttons(*forms))
    if status not in ("open", "uncollectible"):
        return section("What the owner can do", muted_text(f"Nothing: the invoice is {status}."))
    pay = Html(f"<p>{link(invoice['hosted_invoice_url'], 'Open the payment page')}</p>")
    forms = [
        form(visit, path, "pay-outside", "Mark as paid outside Stripe", plain=True),
        form(visit, path, "void", "Void", plain=True),
    ]
    if status == "open":
        forms.insert(0, form(visit, path, "send", "Send again"))
        forms.insert(2, form(visit, path, "give-up", "Mark as uncollectible", plain=True))
    return section("What the owner can do", pay, buttons(*forms))


def _lines(visit: Visit, invoice: JSON) -> Html:
    currency = invoice["currency"]
    rows = [
        (text(each["description"] or "Item"), str(each["quantity_decimal"]), money(each["amount"], currency))
        for each in visit.ledger.lines.get(invoice["id"], [])
    ]
    rows += [(Html(f"<b>{name}</b>"), "", amount) for name, amount in _sums(invoice)]
    lines = table("Lines", ("Description", "Quantity", "Amount"), rows, empty="", amount_columns=("Amount",))
    return section("Lines", lines)


def _sums(invoice: JSON) -> Iterator[tuple[str, Html]]:
    currency = invoice["currency"]
    if discount := sum(each["amount"] for each in invoice["total_discount_amounts"] or ()):
        yield "Discount", money(-discount, currency)
    if taxes := sum(tax["amount"] for tax in invoice["total_taxes"] if tax["tax_behavior"] == "exclusive"):
        yield "Tax", money(taxes, currency)
    yield "Total", money(invoice["total"], currency)


def _payments(visit: Visit, invoice: JSON) -> Html:
    ledger = visit.ledger
    rows = []
    for each in ledger.all("invoice_payment", invoice=invoice["id"]):
        intent = ledger.find("payment_intent", each["payment"]["payment_intent"])
        if intent is not None:
            amount = link(visit.url(f"payments/{intent['id']}"), format_amount(intent["amount"], intent["currency"]))
            rows.append((amount, payments.state(ledger, intent), local_time(ledger, intent["created"])))
    names = ("Amount", "Status", "Created")
    return section("Payments", table("Payments", names, rows[::-1], empty="There are no payments yet."))


def _send(visit: Visit, invoice: str) -> None:
    invoice_actions.send(visit.call(invoice))


def _delete(visit: Visit, invoice: str) -> str:
    invoices.delete(visit.call(invoice))
    return "invoices"


def _void(visit: Visit, invoice: str) -> None:
    invoice_actions.void(visit.call(invoice))


def _give_up(visit: Visit, invoice: str) -> None:
    invoice_actions.mark_uncollectible(visit.call(invoice))


def _pay_outside(visit: Visit, invoice: str) -> None:
    invoice_actions.pay(visit.call(invoice, paid_out_of_band=True))


PAGES: dict[str, Show] = {"invoices": list_page, "invoices/*": page}
ACTIONS = {
    "invoices/*/send": FormAction(_send, "Stripe has mailed the invoice."),
    "invoices/*/delete": FormAction(_delete, "The draft was deleted."),
    "invoices/*/void": FormAction(_void, "The invoice is void."),
    "invoices/*/give-up": FormAction(_give_up, "The invoice is uncollectible. Its link can still be paid."),
    "invoices/*/pay-outside": FormAction(_pay_outside, "The invoice is paid, outside Stripe."),
}
