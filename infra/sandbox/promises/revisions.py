"""What Stripe makes of an invoice that somebody edits after it was issued."""

from __future__ import annotations

from infra.sandbox.findings import Verdict
from infra.sandbox.promises.promise import Outcome, judged, promised, setting_up
from infra.sandbox.promises.responses import JSON, events_about
from infra.sandbox.session import Session
from infra.sandbox.stories.revisions import revised

DECISION = "docs/decisions/0019-revisions.md"


def _revised(session: Session) -> tuple[JSON, JSON]:
    """Returns the draft of a revision, and its original once the revision was finalized."""
    with setting_up(session, "make a revision by the API"):
        made = session.once(revised)
    return made.draft, made.original


@promised(
    "a revision leads to its original",
    "A revision names its original in from_invoice; once it is final, the original is void and names it.",
    DECISION,
    "the draft names the original in `from_invoice`, the original names the draft in `latest_revision`",
)
def a_revision_leads_to_its_original(session: Session) -> Outcome:
    """Only so POM finds the invoice that the customer pays now."""
    draft, original = _revised(session)
    back = draft["from_invoice"] == {"action": "revision", "invoice": original["id"]}
    forth = original["latest_revision"] == draft["id"]
    seen = (
        f"The revision {'names' if back else 'does not name'} its original; the original is {original['status']}"
        f" and {'names' if forth else 'does not name'} the revision."
    )
    return judged(back and forth and original["status"] == "void", seen)


@promised(
    "a revision has all metadata or none",
    "A revision has the metadata of its original, or none.",
    DECISION,
    "Nobody here has seen whether Stripe copies metadata",
)
def a_revision_has_all_metadata_or_none(session: Session) -> Outcome:
    """POM relies on neither. With a part of its ids, an invoice could be taken for another one."""
    draft, original = _revised(session)
    had, has = original["metadata"], draft["metadata"]
    seen = f"The revision has {len(has)} of the {len(had)} keys of its original."
    return judged(has in ({}, had), seen, Verdict.HARMLESS)


@promised(
    "a revision tells of both",
    "The events of a revision tell in either order that it was finalized and that its original was voided.",
    DECISION,
    "nor in which order the events come",
)
def a_revision_tells_of_both(session: Session) -> Outcome:
    """Either event leads POM to the other invoice, so one that is missing does no harm while the other comes."""
    draft, original = _revised(session)
    expected = ["invoice.finalized", "invoice.voided"]
    events = events_about(session, [draft["id"], original["id"]], expected)
    of_it = [(each["type"], each["data"]["object"]["id"]) for each in events if each["type"] in expected]
    came = [
        type_
        for type_, id_ in of_it
        if (type_, id_) in (("invoice.finalized", draft["id"]), ("invoice.voided", original["id"]))
    ]
    seen = f"In this order: {', then '.join(came) or 'neither'}."
    return judged(sorted(came) == expected, seen, Verdict.HARMLESS if came else Verdict.HARMFUL)


REVISIONS = (a_revision_leads_to_its_original, a_revision_has_all_metadata_or_none, a_revision_tells_of_both)
