"""HTML that people see: Connect's authorize page and the hosted invoice page. Everything shown is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape

from .ledger import JSON, Ledger
from .money import shown
from .objects.accounts import name_of

_STYLE = """
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;background:#f6f8fa;color:#30313d;margin:0}
main{max-width:34rem;margin:2.5rem auto;background:#fff;border-radius:12px;padding:2rem;box-shadow:0 4px 24px #0001}
h1{font-size:1.9rem;margin:.1rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}p{margin:.3rem 0}
.muted{color:#697386}table{width:100%;border-collapse:collapse;margin:.6rem 0}td{padding:.45rem 0;vertical-align:top}
td:last-child{text-align:right;white-space:nowrap}tr.total td{border-top:1px solid #e3e8ee;font-weight:600}
label{display:block;margin:.6rem 0 .1rem;font-size:.85rem;color:#4f566b}
input,select{width:100%;box-sizing:border-box;padding:.6rem;border:1px solid #cdd3dc;border-radius:6px;font:inherit}
input[type=radio]{width:auto}.row{display:flex;gap:.8rem}.row>div{flex:1}
button{width:100%;margin-top:1rem;padding:.75rem;border:0;border-radius:6px;background:#635bff;color:#fff;
font:600 1rem system-ui;cursor:pointer}button.plain{background:#e8ebf0;color:#30313d}
.badge{display:inline-block;padding:.1rem .6rem;border-radius:99px;font-size:.8rem;font-weight:600;background:#e8ebf0}
.paid{background:#d7f7c2;color:#006908}.bad{background:#ffe7f2;color:#b3093c}.wait{background:#fff3d6;color:#8a5a00}
.note{padding:.7rem 1rem;border-radius:8px;margin:1rem 0}footer{font-size:.8rem;color:#8792a2;margin-top:1.5rem}
"""


def page(title: str, body: str) -> str:
    """A whole document."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}"
        "<footer>Stripe double: a local stand-in. No money moves.</footer></main></body></html>"
    )


def message(title: str, text: str) -> str:
    """A page that only says something."""
    return page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")


def authorize(application: str, ledgers: Iterable[Ledger], query: str, prefill: Mapping[str, str]) -> str:
    """Choose an account, then Connect or Cancel."""
    options = "".join(
        f'<p><label><input type="radio" name="account" value="{escape(x.id)}"{" checked" if first else ""}> '
        f"{escape(name_of(x.account))} <span class=muted>{escape(x.id)}</span></label></p>"
        for first, x in ((i == 0, x) for i, x in enumerate(ledgers))
    )
    name, email = escape(prefill.get("business_name", "")), escape(prefill.get("email", ""))
    checked = "" if options else " checked"
    body = f"""
<p class=muted>Stripe Connect</p><h1>Connect your account to {escape(application)}</h1>
<p>{escape(application)} will be able to create customers and invoices on your behalf.</p>
<form method="post" action="/oauth/authorize?{escape(query)}"><h2>Your account</h2>{options}
<p><label><input type="radio" name="account" value="new"{checked}> A new account</label></p>
<label for=business_name>Business name</label><input id=business_name name="business_name" value="{name}">
<label for=email>E-mail</label><input id=email name="email" value="{email}">
<button name="decision" value="grant">Connect</button>
<button class=plain name="decision" value="deny">Cancel</button></form>"""
    return page(f"Connect to {application}", body)


_BADGE = {"processing": "wait", "paid": "paid", "void": "bad", "uncollectible": "wait"}


def invoice(ledger: Ledger, inv: JSON, lines: list[JSON], intent: JSON | None, error: str = "") -> str:
    """The invoice with the form that fits its state."""
    currency = inv["currency"]
    rows = "".join(
        f"<tr><td>{escape(x['description'] or 'Item')}<br>"
        f"<span class=muted>Qty {escape(str(x['quantity_decimal']))}</span></td>"
        f"<td>{shown(x['amount'], currency)}</td></tr>"
        for x in lines
    )
    taxes = sum(t["amount"] for t in inv["total_taxes"] if t["tax_behavior"] == "exclusive")
    if taxes:
        rows += f"<tr><td>Tax</td><td>{shown(taxes, currency)}</td></tr>"
    rows += f"<tr class=total><td>Total</td><td>{shown(inv['total'], currency)}</td></tr>"
    if inv["amount_paid"] and inv["status"] != "paid":
        rows += f"<tr><td>Already paid</td><td>-{shown(inv['amount_paid'], currency)}</td></tr>"
    rows += f"<tr class=total><td>Amount due</td><td>{shown(inv['amount_remaining'], currency)}</td></tr>"
    processing = intent is not None and intent["status"] == "processing"
    state = "processing" if processing else inv["status"]
    badge = _BADGE.get(state, "")
    memo = f"<p>{escape(inv['description'])}</p>" if inv["description"] else ""
    foot = f"<p class=muted>{escape(inv['footer'])}</p>" if inv["footer"] else ""
    due = f"Due {_day(inv['due_date'])}" if inv["due_date"] else ""
    body = f"""
<p class=muted>{escape(inv["account_name"] or "")}</p>
<h1>{shown(inv["amount_remaining"] or inv["total"], currency)}</h1>
<p class=muted>Invoice {escape(inv["number"] or "")} · {due}
<span id=status class="badge {badge}">{escape(state.capitalize())}</span></p>
<p>To {escape(inv["customer_name"] or inv["customer_email"] or "")}<br>From {escape(inv["account_name"] or "")}</p>
{memo}<table>{rows}</table>{foot}{_action(inv, intent, error)}
<p><a href="{escape(inv["invoice_pdf"])}">Download invoice (PDF)</a></p>"""
    return page(f"Invoice {inv['number']} from {inv['account_name']}", body)


def _action(inv: JSON, intent: JSON | None, error: str) -> str:
    if inv["status"] == "paid":
        return '<div class="note paid" id=outcome>Paid. Thank you!</div>'
    if inv["status"] == "void":
        return '<div class="note bad" id=outcome>This invoice has been voided and can no longer be paid.</div>'
    if intent is None:
        return '<div class="note" id=outcome>Nothing is due.</div>'
    if intent["status"] == "processing":
        return (
            '<div class="note wait" id=outcome>Your bank payment is processing. This takes a few business days.</div>'
        )
    said = error or (intent["last_payment_error"] or {}).get("message", "")
    problem = f'<div class="note bad" id=outcome>{escape(said)}</div>' if said else ""
    if intent["status"] == "requires_action":
        return f"""{problem}<form method="post"><h2>3-D Secure 2 test page</h2>
<p>Your bank asks you to confirm this payment.</p>
<button name="authenticate" value="complete">Complete</button>
<button class=plain name="authenticate" value="fail">Fail</button></form>"""
    forms = ""
    amount = shown(inv["amount_remaining"], inv["currency"])
    if "card" in intent["payment_method_types"]:
        forms += f"""<form method="post"><h2>Pay by card</h2><input type="hidden" name="method" value="card">
<label for=number>Card number</label>
<input id=number name="number" placeholder="4242 4242 4242 4242" autocomplete="off">
<div class=row><div><label for=exp>Expiry (MM/YY)</label><input id=exp name="exp" placeholder="12/34"></div>
<div><label for=cvc>CVC</label><input id=cvc name="cvc" placeholder="123"></div></div>
<button>Pay {amount}</button></form>"""
    if "us_bank_account" in intent["payment_method_types"]:
        forms += f"""<form method="post"><h2>Pay from a US bank account</h2>
<input type="hidden" name="method" value="us_bank_account">
<div class=row><div><label for=routing>Routing number</label>
<input id=routing name="routing" placeholder="110000000"></div>
<div><label for=account>Account number</label><input id=account name="account" placeholder="000123456789"></div></div>
<button class=plain>Pay {amount} by bank debit</button></form>"""
    return problem + forms


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%B %-d, %Y")
