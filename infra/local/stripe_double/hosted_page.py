"""The hosted invoice page: the payer's door (https://docs.stripe.com/invoicing/hosted-invoice-page)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from . import pages, payment_engine
from .cards import ROUTING_NUMBER, Method, by_bank_account, by_card_number
from .errors import StripeFault
from .http import Request, Response, as_html, redirect
from .ledger import JSON, Ledger
from .objects.invoice_states import link_ends_at
from .pdf import invoice_pdf
from .world import World

_PATH = re.compile(r"^/i/([^/]+)/([^/]+)(/pdf)?$")


class HostedPage:
    """GET shows, POST pays; both at the same link, which can be opened again after a decline."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, request: Request) -> Response:
        """Answer a path under /i/."""
        match = _PATH.match(request.path)
        with self._world.lock:
            self._world.run_due()
            found = self._find(match.group(1), match.group(2)) if match else None
            if match is None or found is None:
                return as_html(404, pages.message("Invoice not found", "This link is not valid."))
            ledger, invoice = found
            if self._expired(invoice, match.group(2)):
                return as_html(410, pages.message("Link expired", "Ask the company for a new link to this invoice."))
            if match.group(3):
                body = invoice_pdf(invoice, ledger.lines.get(invoice["id"], []))
                name = f'inline; filename="Invoice-{invoice["number"]}.pdf"'
                return Response(200, body, {"Content-Type": "application/pdf", "Content-Disposition": name})
            error = ""
            if request.method == "POST":
                form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
                error = self._pay(ledger, invoice, form)
                if not error:
                    return redirect(request.path)
            intent = self._intent(ledger, invoice)
            lines = ledger.lines.get(invoice["id"], [])
            return as_html(402 if error else 200, pages.invoice(ledger, invoice, lines, intent, error))

    def _find(self, account: str, token: str) -> tuple[Ledger, JSON] | None:
        ledger = self._world.ledgers.get(account)
        if ledger is None:
            return None
        for invoice in ledger.all("invoice"):
            if token == invoice["_token"] or token in invoice.get("_old_tokens", ()):
                return (ledger, invoice) if invoice["status"] != "draft" else None
        return None

    def _expired(self, invoice: JSON, token: str) -> bool:
        if invoice["status"] == "paid":
            return False
        return token != invoice["_token"] or self._world.clock.now() > link_ends_at(invoice)

    def _intent(self, ledger: Ledger, invoice: JSON) -> JSON | None:
        for payment in ledger.all("invoice_payment", invoice=invoice["id"], is_default=True):
            return payment_engine.intent_of(ledger, payment)
        return None

    def _pay(self, ledger: Ledger, invoice: JSON, form: dict[str, str]) -> str:
        """Try to pay; the empty string, or what to tell the payer."""
        if invoice["status"] not in ("open", "uncollectible"):
            return ""
        try:
            payment = payment_engine.default_payment(ledger, invoice)
            intent = payment_engine.intent_of(ledger, payment)
            passed: bool | None = None
            if form.get("authenticate") in ("complete", "fail"):
                if intent["status"] != "requires_action":
                    return "There is nothing to confirm."
                passed = form["authenticate"] == "complete"
                method: Method | str = intent["_method"]
            else:
                method = _typed(form, self._world.clock.now())
            if isinstance(method, str):
                return method
            outcome = payment_engine.attempt(self._world, ledger, payment, method, passed=passed)
        except StripeFault as exc:
            return str(exc)
        return outcome.error["message"] if outcome.error else ""


def _typed(form: dict[str, str], now: float) -> Method | str:
    """What the payer typed, or what is wrong with it; bad dates and codes never reach Stripe's servers."""
    if form.get("method") == "us_bank_account":
        method = by_bank_account(form.get("account", ""))
        if form.get("routing", "").strip() != ROUTING_NUMBER:
            return "The routing number is not valid. Test accounts use 110000000."
        return method or "The account number is not one of Stripe's test accounts."
    match = re.match(r"^\s*(\d{1,2})\s*/\s*(\d{2}|\d{4})\s*$", form.get("exp", ""))
    if not match or not 1 <= int(match.group(1)) <= 12:
        return "Your card's expiration date is incomplete."
    year = int(match.group(2)) % 100 + 2000
    today = datetime.fromtimestamp(now, UTC)
    if (year, int(match.group(1))) < (today.year, today.month):
        return "Your card's expiration date is in the past."
    if not re.match(r"^\d{3,4}$", form.get("cvc", "").strip()):
        return "Your card's security code is incomplete."
    if not form.get("number", "").strip():
        return "Your card number is incomplete."
    return by_card_number(form["number"])
