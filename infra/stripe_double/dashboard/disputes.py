"""Disputes: the list, and the page of one dispute with the decisions of the customer's bank."""

from __future__ import annotations

from collections.abc import Sequence

from ..objects.money import format_amount
from ..state.ledger import JSON
from .pieces import (
    NOTHING,
    Html,
    badge,
    buttons,
    code,
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
)
from .visit import FormAction, InvalidInput, Page, Show, Visit

REASONS = {
    "fraudulent": "I did not make this payment",
    "product_not_received": "I did not get the service",
    "product_unacceptable": "The service was not as agreed",
    "duplicate": "I paid twice",
    "credit_not_processed": "I did not get a refund",
    "general": "Something else",
    "inquiry": "An inquiry only: the bank asks first and withdraws no money",
}
STATES = {
    "needs_response": ("Needs response", "bad"),
    "under_review": ("Under review", "wait"),
    "won": ("Won", "paid"),
    "lost": ("Lost", "bad"),
    "warning_needs_response": ("Inquiry, needs response", "bad"),
    "warning_under_review": ("Inquiry, under review", "wait"),
    "warning_closed": ("Inquiry closed", ""),
    "appeal_needs_response": ("Appealed, needs response", "bad"),
    "appeal_under_review": ("Appealed, under review", "wait"),
    "prevented": ("Prevented", ""),
}
_MOVES = {
    "under_review": "The company responds: under review",
    "won": "The company wins",
    "lost": "The company loses",
    "warning_under_review": "The company responds: under review",
    "needs_response": "The inquiry becomes a dispute",
    "warning_closed": "The bank closes the inquiry",
    "appeal_under_review": "The company appeals: under review",
}
_NEXT = {
    "needs_response": ("under_review", "won", "lost"),
    "under_review": ("won", "lost"),
    "warning_needs_response": ("warning_under_review", "needs_response", "warning_closed"),
    "warning_under_review": ("needs_response", "warning_closed"),
    "lost": ("appeal_under_review",),
    "appeal_needs_response": ("appeal_under_review", "won", "lost"),
    "appeal_under_review": ("won", "lost"),
}
"""The moves that make sense, by status. Stripe's rules decide whether a move is allowed."""


def list_page(visit: Visit, _: str) -> Page:
    """Returns the page that lists the disputes, newest first."""
    page_items, page_links = paginate(visit, list(visit.ledger.all("dispute"))[::-1], "disputes")
    empty = "There are no disputes yet. Open one on the page of a payment."
    return Page("Disputes", section("All disputes", _table(visit, page_items, empty), page_links))


def page(visit: Visit, dispute_id: str) -> Page:
    """Returns the page of a dispute, with a button for each possible move."""
    dispute = visit.ledger.get("dispute", dispute_id)
    charge = visit.ledger.get("charge", dispute["charge"])
    pairs = [
        ("Status", badge(*STATES[dispute["status"]])),
        ("Reason", _reason(dispute)),
        ("Disputed", money(dispute["amount"], dispute["currency"])),
        (
            "Payment",
            link(visit.url(f"payments/{dispute['payment_intent']}"), money(charge["amount"], charge["currency"])),
        ),
        ("Opened", local_time(visit.ledger, dispute["created"])),
        ("Response due", local_time(visit.ledger, dispute["evidence_details"]["due_by"])),
        ("Withdrawn and reinstated", _balance_changes(dispute)),
        ("Dispute", code(dispute["id"])),
    ]
    amount = format_amount(dispute["amount"], dispute["currency"])
    return Page(
        f"Dispute over {amount}", join(section("Details", description_list(pairs)), _action_forms(visit, dispute))
    )


def dispute_section(visit: Visit, charge: JSON) -> Html:
    """Returns the disputes of a charge; empty HTML if it has none."""
    disputes = list(visit.ledger.all("dispute", charge=charge["id"]))[::-1]
    return section("Disputes", _table(visit, disputes, "")) if disputes else NOTHING


def _reason(dispute: JSON) -> str:
    return REASONS.get(dispute["reason"]) or dispute["reason"].replace("_", " ").capitalize()


def _table(visit: Visit, disputes: Sequence[JSON], empty: str) -> Html:
    rows = [
        (
            link(visit.url(f"disputes/{each['id']}"), money(each["amount"], each["currency"])),
            badge(*STATES[each["status"]]),
            _reason(each),
            local_time(visit.ledger, each["created"]),
        )
        for each in disputes
    ]
    return table("Disputes", ("Amount", "Status", "Reason", "Opened"), rows, empty=empty)


def _balance_changes(dispute: JSON) -> Html:
    moves = dispute["balance_transactions"]
    if not moves:
        return Html("No money was withdrawn.")
    return Html("<br>".join(money(each["net"], each["currency"]) + ", fee included" for each in moves))


def _action_forms(visit: Visit, dispute: JSON) -> Html:
    moves = _NEXT.get(dispute["status"], ())
    if not moves:
        return muted_text("The dispute is closed.")
    path = f"disputes/{dispute['id']}"
    forms = [form(visit, path, "move", _MOVES[each], of=each, plain=each != moves[0]) for each in moves]
    return section("What happens next", buttons(*forms))


def _move(visit: Visit, dispute_id: str) -> None:
    status = visit.form.get("of", "")
    if status not in _MOVES:
        raise InvalidInput("Choose the next status of the dispute.")
    visit.controls.move_dispute(visit.account, dispute_id, status)


PAGES: dict[str, Show] = {"disputes": list_page, "disputes/*": page}
ACTIONS = {"disputes/*/move": FormAction(_move, "The dispute was moved.")}
