"""An edit of a draft is published when its saga has finished with an order that differs from the previous one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.changes import NOTHING, ChangeType
from chalicelib.domain.draft_changes import draft_tags
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import invoice_difference
from chalicelib.domain.saga import Step
from chalicelib.domain.status import InvoiceStatus
from tests.contracts.examples import NOW
from tests.domain.example_invoices import DAY, DRAFT_FACT, OPEN, draft, invoice_with, next_version, published_change

T = ChangeType


def editing(step: Step, before: Invoice, **changes: Any) -> Invoice:
    """Returns a draft whose edit is at this step. `before` is the draft before the edit began."""
    busy = draft(step)
    return next_version(replace(busy, saga=replace(busy.saga, drafted=draft_tags(before))), **changes)


@pytest.mark.parametrize("step", [Step.EDIT_CLAIM, Step.EDIT, Step.RESTORE, Step.RELEASE])
def test_a_draft_that_is_edited_stays_a_draft(step: Step) -> None:
    rested = draft()
    busy = editing(step, rested)
    assert busy.status is InvoiceStatus.CREATING
    assert invoice_difference(rested, busy) == invoice_difference(busy, next_version(rested)) == NOTHING


def test_an_edit_is_published_once_when_its_saga_has_finished() -> None:
    rested = draft()
    order = replace(rested.order, memo="Thank you")
    claimed, ordered = editing(Step.EDIT, rested), editing(Step.RELEASE, rested, order=order)
    assert invoice_difference(rested, claimed) == invoice_difference(claimed, ordered) == NOTHING
    assert published_change(ordered, next_version(rested, order=order)) == ((T.INVOICE_EDITED,), "draft", "draft")


def test_an_edit_that_is_undone_or_changes_nothing_is_not_published() -> None:
    rested = draft()
    for step in (Step.RESTORE, Step.RELEASE):
        assert invoice_difference(editing(step, rested), next_version(rested)) == NOTHING


def test_an_edit_begun_by_an_earlier_release_is_always_published() -> None:
    assert published_change(draft(Step.RELEASE), draft()) == ((T.INVOICE_EDITED,), "draft", "draft")


@pytest.mark.parametrize(
    "fact",
    [
        replace(DRAFT_FACT, total=9000, amount_remaining=9000),
        replace(DRAFT_FACT, due_at=NOW + 9 * DAY),
        replace(DRAFT_FACT, drafted_lines=(("", 7500),)),
        replace(DRAFT_FACT, drafted_details=DraftDetails("See you")),
        replace(DRAFT_FACT, charges_automatically=True),
        replace(DRAFT_FACT, discount_amount=500),
    ],
)
def test_a_change_of_a_draft_in_stripe_is_published(fact: InvoiceFact) -> None:
    rested, in_stripe = (
        replace(
            invoice_with(each, acts=()), saga=draft().saga, details_as_made=DraftDetails(), terms_due_at=OPEN.due_at
        )
        for each in (replace(DRAFT_FACT, drafted_details=DraftDetails()), fact)
    )
    assert published_change(rested, in_stripe) == ((T.INVOICE_EDITED,), "draft", "draft")
    assert invoice_difference(in_stripe, next_version(in_stripe)) == NOTHING


def test_a_change_in_stripe_during_a_send_is_published_once_the_saga_has_finished() -> None:
    rested = draft()
    in_stripe = invoice_with(replace(DRAFT_FACT, total=9000, amount_remaining=9000), acts=())
    sending = editing(Step.SEND, rested)
    met = replace(sending, facts=in_stripe.facts)
    assert invoice_difference(sending, met) == NOTHING
    assert published_change(met, replace(rested, facts=in_stripe.facts)) == ((T.INVOICE_EDITED,), "draft", "draft")


def test_a_draft_issued_during_an_edit_is_published_as_edited_only_if_its_order_changed() -> None:
    rested = replace(draft(), terms_due_at=OPEN.due_at)
    assert draft_tags(rested) != draft_tags(invoice_with(OPEN)), "Once it is issued, its due date is shown."
    order = replace(rested.order, memo="Thank you")
    ordered = editing(Step.RELEASE, rested, order=order)
    assert published_change(ordered, invoice_with(OPEN, order=order)) == (
        (T.INVOICE_EDITED, T.INVOICE_SENT),
        "draft",
        "pending",
    )
    for before in (rested, editing(Step.EDIT, rested), editing(Step.SEND, rested)):
        assert published_change(before, invoice_with(OPEN)) == ((T.INVOICE_SENT,), "draft", "pending")
    assert published_change(invoice_with(OPEN), invoice_with(OPEN, order=order)) == (
        (T.INVOICE_EDITED,),
        "pending",
        "pending",
    )
