"""The HTML of the hosted invoice page: the amounts, and the form for the invoice's state; without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from ..objects.accounts import day
from ..objects.money import format_amount
from ..state.ledger import JSON, Ledger
from .frame import isolated, page


@dataclass(frozen=True)
class Problem:
    """The reason why an attempt to pay failed, the ids of the inputs to correct, and the kind of payment method.

    An empty `method` means that the problem concerns no particular method.
    """

    message: str
    inputs: tuple[str, ...] = ()
    method: str = ""


_BADGE = {"processing": "wait", "paid": "paid", "void": "bad", "uncollectible": "wait"}


def invoice(
    ledger: Ledger,
    inv: JSON,
    lines: list[JSON],
    intent: JSON | None,
    problem: Problem | None = None,
    entered: Mapping[str, str] | None = None,
) -> str:
    """Returns the page. After a failed attempt it shows the reason, and its inputs hold the texts that the payer
    `entered`.
    """
    currency = inv["currency"]
    processing = intent is not None and intent["status"] == "processing"
    state = "processing" if processing else inv["status"]
    facts = " · ".join((f"Invoice {escape(inv['number'] or '')}", *_days(ledger, inv)))
    memo = f"<p>{isolated(inv['description'])}</p>" if inv["description"] else ""
    foot = f"<p class=muted>{isolated(inv['footer'])}</p>" if inv["footer"] else ""
    to, company = inv["customer_name"] or inv["customer_email"] or "", inv["account_name"] or ""
    body = f"""
<p class=muted>{isolated(company)}</p>
<h1>{format_amount(inv["amount_remaining"] or inv["total"], currency)}</h1>
<p class=muted>{facts} <span id=status class="badge {_BADGE.get(state, "")}">{escape(state.capitalize())}</span></p>
<p>To {isolated(to)}<br>From {isolated(company)}</p>
{memo}<table>{"".join(_rows(inv, lines))}</table>{foot}{_action(inv, intent, problem, entered or {})}
<p><a href="{escape(inv["invoice_pdf"])}">Download invoice (PDF)</a></p>"""
    return page(f"{'Error: ' if problem else ''}Invoice {inv['number']} from {company}", body)


def _days(ledger: Ledger, inv: JSON) -> Iterator[str]:
    if inv["status"] == "paid":
        yield f"Paid {day(ledger.account, inv['status_transitions']['paid_at'])}"
    elif inv["due_date"] and inv["status"] != "void":
        yield f"Due {day(ledger.account, inv['due_date'])}"


def _rows(inv: JSON, lines: list[JSON]) -> Iterator[str]:
    """Yields the rows of the table: the lines, and the amounts that add up to the amount due."""
    currency = inv["currency"]
    for line in lines:
        quantity = f"<br><span class=muted>Qty {escape(str(line['quantity_decimal']))}</span>"
        yield _row(isolated(line["description"] or "Item") + quantity, format_amount(line["amount"], currency))
    discount = sum(each["amount"] for each in inv["total_discount_amounts"] or ())
    if discount:
        yield _row("Discount", format_amount(-discount, currency))
    taxes = sum(tax["amount"] for tax in inv["total_taxes"] if tax["tax_behavior"] == "exclusive")
    if taxes:
        yield _row("Tax", format_amount(taxes, currency))
    yield _row("Total", format_amount(inv["total"], currency), "total")
    if inv["status"] == "void":
        return
    if inv["pre_payment_credit_notes_amount"]:
        yield _row("Credit note", format_amount(-inv["pre_payment_credit_notes_amount"], currency))
    applied_balance = inv["starting_balance"] - (inv["ending_balance"] or 0)
    if applied_balance:
        yield _row("Applied balance", format_amount(applied_balance, currency))
    if inv["amount_paid"]:
        yield _row("Already paid", format_amount(-inv["amount_paid"], currency))
    if inv["amount_overpaid"]:
        yield _row("Added to your credit balance", format_amount(inv["amount_overpaid"], currency))
    yield _row("Amount due", format_amount(inv["amount_remaining"], currency), "total")


def _row(label: str, amount: str, kind: str = "") -> str:
    return f'<tr class="{kind}"><td>{label}</td><td>{amount}</td></tr>'


def _action(inv: JSON, intent: JSON | None, problem: Problem | None, entered: Mapping[str, str]) -> str:
    if inv["status"] == "paid":
        return '<div class="note paid" role=status id=outcome>Paid. Thank you!</div>'
    if inv["status"] == "void":
        text = "This invoice has been voided and can no longer be paid."
        return f'<div class="note bad" role=status id=outcome>{text}</div>'
    if intent is None:
        return '<div class="note" role=status id=outcome>Nothing is due.</div>'
    if intent["status"] == "processing":
        text = "Your bank payment is processing. This takes a few business days."
        return f'<div class="note wait" role=status id=outcome>{text}</div>'
    if intent["status"] == "requires_action":
        return _alert(problem) + _CONFIRM
    return _forms(inv, intent, problem or _previous_problem(intent), entered)


def _previous_problem(intent: JSON) -> Problem | None:
    """Returns the reason why the latest attempt failed; None if no attempt has failed."""
    error = intent["last_payment_error"]
    return Problem(error["message"], method=error["payment_method"]["type"]) if error else None


def _alert(problem: Problem | None) -> str:
    """Returns an alert that screen readers announce at once, and that has the keyboard focus."""
    if problem is None:
        return ""
    return f'<div class="note bad" role=alert tabindex=-1 autofocus id=outcome>{escape(problem.message)}</div>'


_CONFIRM = """<form method="post"><h2>3-D Secure 2 test page</h2>
<p>Your bank asks you to confirm this payment.</p>
<button name="authenticate" value="complete">Complete</button>
<button class=plain name="authenticate" value="fail">Fail</button></form>"""


def _forms(inv: JSON, intent: JSON, problem: Problem | None, entered: Mapping[str, str]) -> str:
    amount = format_amount(inv["amount_remaining"], inv["currency"])
    wrong_inputs = problem.inputs if problem else ()

    def field(name: str, label: str, example: str) -> str:
        aria = " aria-invalid=true aria-describedby=outcome" if name in wrong_inputs else ""
        return (
            f'<div><label for={name}>{label}</label><input id={name} name={name} placeholder="{example}"'
            f' value="{escape(entered.get(name, ""))}" autocomplete=off{aria}></div>'
        )

    def alert(method: str) -> str:
        return _alert(problem) if problem and problem.method == method else ""

    method_types = intent["payment_method_types"]
    forms = _alert(problem) if problem and problem.method not in method_types else ""
    if "card" in method_types:
        forms += f"""<form method="post"><h2>Pay by card</h2>{alert("card")}
<input type="hidden" name="method" value="card">
{field("number", "Card number", "4242 4242 4242 4242")}
<div class=row>{field("exp", "Expiry (MM/YY)", "12/34")}{field("cvc", "CVC", "123")}</div>
<button>Pay {amount}</button></form>"""
    if "us_bank_account" in method_types:
        forms += f"""<form method="post"><h2>Pay from a US bank account</h2>{alert("us_bank_account")}
<input type="hidden" name="method" value="us_bank_account">
<div class=row>{field("routing", "Routing number", "110000000")}
{field("account", "Account number", "000123456789")}</div>
<button class=plain>Pay {amount} by bank debit</button></form>"""
    return forms
