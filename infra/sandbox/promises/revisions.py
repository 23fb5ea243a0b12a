"""Promises of revisions: invoices that a person edits after they were issued."""

from __future__ import annotations

from infra.sandbox.findings import Verdict
from infra.sandbox.promises.promise import Outcome, as_promise, outcome_of, setting_up
from infra.sandbox.promises.responses import JSON, events_about
from infra.sandbox.session import Session
from infra.sandbox.stories.revisions import revise_invoice

DECISION = "docs/decisions/0019-revisions.md"


def _revision_and_original(session: Session) -> tuple[JSON, JSON]:
    """Returns the draft of a revision, and the original after the revision was finalized."""
    with setting_up(session, "make a revision by the API"):
        revision = session.once(revise_invoice)
    return revision.draft, revision.original


@as_promise(
    "a revision leads to its original",
    "A revision names its original in from_invoice. After finalization the original is void and names the revision.",
    DECISION,
    "the draft names the original in `from_invoice`, the original names the draft in `latest_revision`",
)
def a_revision_leads_to_its_original(session: Session) -> Outcome:
    """POM uses these fields to find the invoice that the customer pays now."""
    draft, original = _revision_and_original(session)
    names_original = draft["from_invoice"] == {"action": "revision", "invoice": original["id"]}
    named_by_original = original["latest_revision"] == draft["id"]
    observation = (
        f"The revision {'names' if names_original else 'does not name'} its original;"
        f" the original is {original['status']} and {'names' if named_by_original else 'does not name'} the revision."
    )
    return outcome_of(names_original and named_by_original and original["status"] == "void", observation)


@as_promise(
    "a revision has all metadata or none",
    "A revision has all metadata of its original, or no metadata.",
    DECISION,
    "No real account has shown yet whether Stripe copies metadata",
)
def a_revision_has_all_metadata_or_none(session: Session) -> Outcome:
    """POM relies on neither. With only a part of POM's ids, an invoice could be taken for another invoice."""
    draft, original = _revision_and_original(session)
    original_metadata, revision_metadata = original["metadata"], draft["metadata"]
    observation = f"The revision has {len(revision_metadata)} of the {len(original_metadata)} keys of its original."
    return outcome_of(revision_metadata in ({}, original_metadata), observation, Verdict.HARMLESS)


@as_promise(
    "a revision emits the events of both invoices",
    "Finalizing a revision emits invoice.finalized for it and invoice.voided for the original, in any order.",
    DECISION,
    "nor in which order the events come",
)
def a_revision_emits_the_events_of_both_invoices(session: Session) -> Outcome:
    """Either event leads POM to the other invoice, so one missing event does no harm."""
    draft, original = _revision_and_original(session)
    expected = ["invoice.finalized", "invoice.voided"]
    events = events_about(session, [draft["id"], original["id"]], expected)
    occurrences = [(each["type"], each["data"]["object"]["id"]) for each in events if each["type"] in expected]
    received = [
        type_
        for type_, id_ in occurrences
        if (type_, id_) in (("invoice.finalized", draft["id"]), ("invoice.voided", original["id"]))
    ]
    observation = f"In this order: {', then '.join(received) or 'neither'}."
    return outcome_of(sorted(received) == expected, observation, Verdict.HARMLESS if received else Verdict.HARMFUL)


REVISIONS = (
    a_revision_leads_to_its_original,
    a_revision_has_all_metadata_or_none,
    a_revision_emits_the_events_of_both_invoices,
)
