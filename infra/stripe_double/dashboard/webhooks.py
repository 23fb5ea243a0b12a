"""Webhooks: a switch for their delivery, the log of tries, and buttons that send them again."""

from __future__ import annotations

from ..state.ledger import JSON
from .pieces import Html, badge, code, form, join, local_time, muted_text, note, paginate, section, table
from .visit import FormAction, InvalidInput, Page, Show, Visit

_OUTCOMES = {
    "delivered": ("Delivered", "paid"),
    "lost": ("Lost", "bad"),
    "failed": ("Refused", "bad"),
    "dropped": ("Dropped on the network", "bad"),
    "cancelled": ("Canceled", ""),
}
_PATH = "webhooks"


def list_page(visit: Visit, _: str) -> Page:
    """Returns the page with the switch and the log of tries, newest first."""
    log = [each for each in visit.controls.deliverer.log if each["account"] == visit.account][::-1]
    page_items, page_links = paginate(visit, log, _PATH)
    rows = [
        (
            local_time(visit.ledger, each["at"]),
            each["type"],
            badge(*_OUTCOMES[each["outcome"]]),
            _response_text(each),
            str(each["attempt"]) if each["attempt"] else "—",
            _resend_form(visit, each),
        )
        for each in page_items
    ]
    names = ("Time", "Event", "Result", "Response", "Try", "Send again")
    empty = "There are no tries yet."
    tries_section = section("Tries to deliver", table("Tries to deliver", names, rows, empty=empty), page_links)
    return Page("Webhooks", join(_delivery_switch(visit), _undelivered_section(visit), tries_section))


def is_losing(visit: Visit) -> bool:
    """Returns True if the delivery policy loses or pauses webhooks."""
    policy = visit.controls.deliverer.policy
    return bool(policy.lose or policy.lose_rate or policy.paused)


def undelivered_events(visit: Visit) -> list[str]:
    """Returns the ids of the events that were due at an endpoint and never delivered to it, oldest first."""
    is_delivered_by_target: dict[tuple[str, str], bool] = {}
    for each in visit.controls.deliverer.log:
        if each["account"] == visit.account and each["outcome"] != "cancelled":
            key = (each["event"], each["endpoint"])
            is_delivered_by_target[key] = is_delivered_by_target.get(key, False) or each["outcome"] == "delivered"
    return list(dict.fromkeys(event for (event, _), delivered in is_delivered_by_target.items() if not delivered))


def _delivery_switch(visit: Visit) -> Html:
    if is_losing(visit):
        return section(
            "Webhooks are being lost",
            note(f"No event of any account reaches {visit.platform}. Stripe still records each of them."),
            muted_text(f"{visit.platform} finds out by its reconciliation, or at once by Refresh on an invoice."),
            form(visit, _PATH, "deliver", "Deliver again"),
        )
    return section(
        "Webhooks are delivered",
        muted_text(
            "You can lose them. From then on, each event of every account is recorded in Stripe and never sent."
            f" {visit.platform} finds out by its reconciliation, or at once by Refresh on an invoice."
        ),
        form(visit, _PATH, "lose", "Lose all webhooks from now on", plain=True),
    )


def _undelivered_section(visit: Visit) -> Html:
    count = len(undelivered_events(visit))
    if not count:
        return section("Not delivered", muted_text("Every event was delivered."))
    events_text = "1 event was" if count == 1 else f"{count:,} events were"
    button = "Send it again" if count == 1 else "Send them again"
    return section(
        "Not delivered", muted_text(f"{events_text} lost or refused."), form(visit, _PATH, "resend-missed", button)
    )


def _response_text(entry: JSON) -> Html:
    if entry["outcome"] == "lost":
        return Html("Never sent")
    return join(f"HTTP {entry['status']}" if entry["status"] else "", " " if entry["error"] else "", entry["error"])


def _resend_form(visit: Visit, entry: JSON) -> Html:
    event = entry["event"]
    if event not in visit.ledger.events:
        return code(event)
    button = form(
        visit, _PATH, "resend", "Resend", of=event, plain=True, aria_label=f"Resend {entry['type']} {event}"
    )
    return join(button)


def _lose(visit: Visit, _: str) -> None:
    visit.controls.set_delivery(lose=["*"])


def _deliver(visit: Visit, _: str) -> None:
    visit.controls.set_delivery(lose=[], lose_rate=0.0, paused=False)


def _resend_one(visit: Visit, _: str) -> None:
    event = visit.form.get("of", "")
    if event not in visit.ledger.events:
        raise InvalidInput("There is no such event.")
    visit.controls.resend(visit.account, event)


def _resend_undelivered(visit: Visit, _: str) -> None:
    for event in undelivered_events(visit):
        visit.controls.resend(visit.account, event)


_QUEUED = "The webhook is queued. Load this page again to see the result."
PAGES: dict[str, Show] = {_PATH: list_page}
ACTIONS = {
    "webhooks/lose": FormAction(_lose, "From now on, webhooks are lost."),
    "webhooks/deliver": FormAction(
        _deliver, "From now on, webhooks are delivered. Those that were lost stay lost until they are sent again."
    ),
    "webhooks/resend": FormAction(_resend_one, _QUEUED),
    "webhooks/resend-missed": FormAction(_resend_undelivered, _QUEUED),
}
