"""Lists the account's events, once Stripe lists the event of the last change that the stories made."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from infra.sandbox.session import Session

FIRST_WAIT = 6.0
"""Seconds between the last story and the first list, because Stripe lists an event a little after its change."""
LATER_WAITS = (6.0, 12.0, 12.0, 24.0)
"""Seconds before each further list, while the event of the last change is missing."""
CHANGE_PATHS = ("/finalize", "/send", "/void", "/pay", "/mark_uncollectible")
"""The path endings of requests that change an invoice's status."""
CLOCK_DIFFERENCE = 60
"""Seconds by which Stripe's clock may be ahead of this machine's."""


def list_events(session: Session) -> None:
    """Lists events until the last change is listed, and stores them in `session.story_events`.

    If the last change was listed late, other events may be late too, so the events are listed once more.
    """
    last_change, first_exchange, was_late = _last_change(session), len(session.recorder.exchanges), False
    for wait in (FIRST_WAIT, *LATER_WAITS):
        session.wait(wait, "Stripe lists events a little later")
        del session.recorder.exchanges[first_exchange:]
        pages = session.gateway.events(session.account, session.began, session.now() + CLOCK_DIFFERENCE)
        next(pages)
        is_listed = any(event["created"] >= last_change - 1 for event in session.recorder.exchanges[-1].body["data"])
        if is_listed and not was_late:
            break
        was_late = not is_listed
    for _ in pages:
        pass
    session.story_events = [
        event for each in session.recorder.exchanges[first_exchange:] for event in each.body["data"]
    ]


def _last_change(session: Session) -> float:
    """Returns when an invoice's status last changed (epoch seconds, Stripe's clock); 0 if none changed."""
    changes = (each for each in session.recorder.exchanges if each.status == 200 and each.path.endswith(CHANGE_PATHS))
    dates = [each.headers["date"] for each in changes if "date" in each.headers]
    return parsedate_to_datetime(dates[-1]).timestamp() if dates else 0.0
