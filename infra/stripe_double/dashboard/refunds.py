"""The refunds on the page of a payment."""

from __future__ import annotations

from ..state.ledger import JSON
from .pieces import NOTHING, Html, badge, buttons, code, form, local_time, money, section, table
from .visit import Visit

_STATES = {"succeeded": "paid", "pending": "wait", "requires_action": "wait", "failed": "bad"}


def of_charge(visit: Visit, intent: JSON, charge: JSON) -> Html:
    """Returns the refunds of a charge with the buttons of each; empty HTML if there are none."""
    path = f"payments/{intent['id']}"
    rows = [
        (
            money(each["amount"], each["currency"]),
            badge(each["status"].replace("_", " ").capitalize(), _STATES.get(each["status"], "")),
            local_time(visit.ledger, each["created"]),
            (each.get("failure_reason") or "").replace("_", " "),
            code(each["id"]),
            _action_forms(visit, path, each),
        )
        for each in reversed(list(visit.ledger.all("refund", charge=charge["id"])))
    ]
    if not rows:
        return NOTHING
    names = ("Amount", "Status", "Time", "Why it failed", "Refund", "What the bank does")
    return section("Refunds", table("Refunds", names, rows, empty=""))


def succeed(visit: Visit, _: str) -> None:
    """Makes a pending refund succeed."""
    visit.controls.settle_refund(visit.account, visit.form.get("of", ""))


def fail(visit: Visit, _: str) -> None:
    """Makes a refund fail, even one that has succeeded."""
    visit.controls.settle_refund(visit.account, visit.form.get("of", ""), outcome="failed")


def _action_forms(visit: Visit, path: str, refund: JSON) -> Html:
    of = refund["id"]
    forms = []
    if refund["status"] in ("pending", "requires_action"):
        forms.append(form(visit, path, "refund-succeed", "Let it succeed", of=of, plain=True))
    if refund["status"] in ("pending", "requires_action", "succeeded"):
        forms.append(form(visit, path, "refund-fail", "Let it fail", of=of, plain=True))
    return buttons(*forms)
