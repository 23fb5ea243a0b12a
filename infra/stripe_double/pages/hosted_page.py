"""The hosted invoice page, where payers pay (https://docs.stripe.com/invoicing/hosted-invoice-page)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from ..errors import StripeFault
from ..http.messages import Request, Response, as_html, redirect
from ..objects.cards import ROUTING_NUMBER, Method, by_bank_account, by_card_number
from ..objects.invoice_links import link_ends_at
from ..objects.invoice_payments import default_payment, intent_of
from ..objects.payment_attempts import attempt
from ..state.ledger import JSON, Ledger
from ..state.world import World
from . import frame, invoice_page
from .invoice_page import Problem
from .invoice_pdf import invoice_pdf

_PATH = re.compile(r"^/i/([^/]+)/([^/]+)(/pdf)?$")


class HostedPage:
    """Serves the link of an invoice: a GET shows the page, and a POST pays. After a decline, the link can be used
    again.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, request: Request) -> Response:
        """Returns the response to a request under /i/."""
        match = _PATH.match(request.path)
        with self._world.lock:
            self._world.run_due()
            ledger_and_invoice = self._find(match.group(1), match.group(2)) if match else None
            if match is None or ledger_and_invoice is None:
                return as_html(404, frame.message("Invoice not found", "This link is not valid."))
            ledger, invoice = ledger_and_invoice
            if self._has_expired(invoice, match.group(2)):
                text = f"Ask {invoice['account_name']} for a new link to this invoice."
                return as_html(410, frame.message("Link expired", text))
            if match.group(3):
                body = invoice_pdf(invoice, ledger.lines.get(invoice["id"], []))
                name = f'inline; filename="Invoice-{invoice["number"]}.pdf"'
                return Response(200, body, {"Content-Type": "application/pdf", "Content-Disposition": name})
            problem, form = None, {}
            if request.method == "POST":
                form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
                problem = self._pay(ledger, invoice, form)
                if problem is None:
                    return redirect(request.path)
            intent = self._intent(ledger, invoice)
            lines = ledger.lines.get(invoice["id"], [])
            html = invoice_page.invoice(ledger, invoice, lines, intent, problem, form)
            return as_html(402 if problem else 200, html)

    def _find(self, account: str, token: str) -> tuple[Ledger, JSON] | None:
        ledger = self._world.ledgers.get(account)
        if ledger is None:
            return None
        for invoice in ledger.all("invoice"):
            if token == invoice["_token"] or token in invoice.get("_old_tokens", ()):
                return (ledger, invoice) if invoice["status"] != "draft" else None
        return None

    def _has_expired(self, invoice: JSON, token: str) -> bool:
        if invoice["status"] == "paid":
            return False
        return token != invoice["_token"] or self._world.clock.now() > link_ends_at(invoice)

    def _intent(self, ledger: Ledger, invoice: JSON) -> JSON | None:
        for payment in ledger.all("invoice_payment", invoice=invoice["id"], is_default=True):
            return intent_of(ledger, payment)
        return None

    def _pay(self, ledger: Ledger, invoice: JSON, form: dict[str, str]) -> Problem | None:
        """Tries to pay. Returns the problem to show; None if the attempt succeeded or needs another step.

        After 3-D Secure, the inputs that were typed before it are put back into `form`.
        """
        if invoice["status"] not in ("open", "uncollectible"):
            return None
        try:
            payment = default_payment(ledger, invoice)
            intent = intent_of(ledger, payment)
            authenticated: bool | None = None
            if form.get("authenticate") in ("complete", "fail"):
                if intent["status"] != "requires_action":
                    return Problem("There is nothing to confirm.")
                authenticated = form["authenticate"] == "complete"
                method: Method | Problem = intent["_method"]
                form |= intent.pop("_typed", {})
            else:
                method = _method_from_form(form, self._world.clock.now())
            if isinstance(method, Problem):
                return method
            outcome = attempt(self._world, ledger, intent, method, authenticated=authenticated)
        except StripeFault as exc:
            return Problem(str(exc))
        if outcome.status == "requires_action":
            intent["_typed"] = form
        if outcome.error is None:
            return None
        correctable = _CORRECTABLE.get(outcome.error["code"], ())
        return Problem(outcome.error["message"], correctable, method.kind)


_CORRECTABLE = {"incorrect_number": ("number",), "expired_card": ("exp",), "incorrect_cvc": ("cvc",)}
"""The inputs to correct, by the code of a decline."""


def _method_from_form(form: dict[str, str], now: float) -> Method | Problem:
    """Returns the method that the payer typed, or the problems of the inputs. A wrong input is never charged."""
    by_bank = form.get("method") == "us_bank_account"
    problems = dict(_bank_account_problems(form) if by_bank else _card_problems(form, now))
    if problems:
        return Problem(" ".join(problems.values()), tuple(problems), form.get("method", "card"))
    if not by_bank:
        month, year = _expiry(form["exp"])
        return replace(by_card_number(form["number"]), exp_month=month, exp_year=year)
    account = by_bank_account(form["account"])
    assert account is not None, "an unknown account number was refused above"
    return account


def _bank_account_problems(form: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yields the name of each wrong input and its message, in the order of the form."""
    routing, account = form.get("routing", "").strip(), form.get("account", "").strip()
    if not routing:
        yield "routing", "The routing number is missing."
    elif routing != ROUTING_NUMBER:
        yield "routing", f"The routing number is not valid. Test accounts use {ROUTING_NUMBER}."
    if not account:
        yield "account", "The account number is missing."
    elif by_bank_account(account) is None:
        yield "account", "The account number is not one of Stripe's test accounts."


def _card_problems(form: dict[str, str], now: float) -> Iterator[tuple[str, str]]:
    """Yields the name of each wrong input and Stripe's message, in the order of the form."""
    if not form.get("number", "").strip():
        yield "number", "Your card number is incomplete."
    if problem := _expiry_problem(form.get("exp", ""), now):
        yield "exp", problem
    if not re.match(r"^\d{3,4}$", form.get("cvc", "").strip()):
        yield "cvc", "Your card's security code is incomplete."


_EXPIRY = re.compile(r"^\s*(\d{1,2})\s*/\s*(\d{2}|\d{4})\s*$")


def _expiry(exp: str) -> tuple[int, int]:
    """Returns the month and the year of an expiry that a payer typed, such as `12 / 34`."""
    month, _, year = exp.partition("/")
    return int(month), int(year) % 100 + 2000


def _expiry_problem(exp: str, now: float) -> str | None:
    if not _EXPIRY.match(exp):
        return "Your card's expiration date is incomplete."
    month, year = _expiry(exp)
    if not 1 <= month <= 12:
        return "Your card's expiration month is invalid."
    today = datetime.fromtimestamp(now, UTC)
    return "Your card's expiration date is in the past." if (year, month) < (today.year, today.month) else None
