"""Lists the events of the account, once Stripe tells of all that the stories did."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from infra.sandbox.session import Session

FIRST_WAIT = 6.0
"""Seconds after the last story until the events are listed: Stripe lists them a little later."""
LATER_WAITS = (6.0, 12.0, 12.0, 24.0)
"""Seconds after which events are listed again while that of the last change is not there."""
CHANGE_PATHS = ("/finalize", "/send", "/void", "/pay", "/mark_uncollectible")
"""Ends of the paths of requests that move an invoice on."""
CLOCK_DIFFERENCE = 60
"""Seconds by which Stripe's clock may be ahead of this machine's."""


def list_events(session: Session) -> None:
    """Lists once the last change is told. If that was told late, others may be as late: then it waits once more."""
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
    """Returns when an invoice was last moved on, by Stripe's clock, which leaves an event; 0 if none was."""
    changes = (each for each in session.recorder.exchanges if each.status == 200 and each.path.endswith(CHANGE_PATHS))
    dates = [each.headers["date"] for each in changes if "date" in each.headers]
    return parsedate_to_datetime(dates[-1]).timestamp() if dates else 0.0
