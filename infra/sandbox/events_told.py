"""Lists the events of the account, once Stripe tells of all that the stories did."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from infra.sandbox.laboratory import Laboratory

SETTLING = 6.0
"""Seconds after the last story until the events are listed: Stripe lists them a little later."""
LATE = (6.0, 12.0, 12.0, 24.0)
"""Seconds after which events are listed again while that of the last change is not there."""
MOVES = ("/finalize", "/send", "/void", "/pay", "/mark_uncollectible")
"""Ends of the paths of requests that move an invoice on."""
CLOCKS_DIFFER = 60
"""Seconds by which Stripe's clock may be ahead of this machine's."""


def list_until_told(lab: Laboratory) -> None:
    """Lists once the last change is told. If that was told late, others may be as late: then it waits once more."""
    changed, began, late = _last_change(lab), len(lab.recorder.exchanges), False
    for wait in (SETTLING, *LATE):
        lab.wait(wait, "Stripe lists events a little later")
        del lab.recorder.exchanges[began:]
        pages = lab.gateway.events(lab.account, lab.began, lab.now() + CLOCKS_DIFFER)
        next(pages)
        told = any(event["created"] >= changed - 1 for event in lab.recorder.exchanges[-1].body["data"])
        if told and not late:
            break
        late = not told
    for _ in pages:
        pass
    lab.listed = [event for each in lab.recorder.exchanges[began:] for event in each.body["data"]]


def _last_change(lab: Laboratory) -> float:
    """Returns when an invoice was last moved on, by Stripe's clock, which leaves an event; 0 if none was."""
    done = (each for each in lab.recorder.exchanges if each.status == 200 and each.path.endswith(MOVES))
    dates = [each.headers["date"] for each in done if "date" in each.headers]
    return parsedate_to_datetime(dates[-1]).timestamp() if dates else 0.0
