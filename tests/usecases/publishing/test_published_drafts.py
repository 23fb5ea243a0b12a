"""Tests the publishing of drafts: an edit is published once, when it is finished and the draft bills something else.

Each test follows the stored versions, as the streams do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.domain.changes import ChangeType
from chalicelib.domain.errors import AccountUnreachable, Conflict, IntegrationError, Refused
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import LEASE
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.invoicing.edit_draft import EditDraft, edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.proofs.ledger import Ledger, recorded
from tests.proofs.published_oracle import differences_told, expected
from tests.usecases.invoicing.editing import create_draft, edit_of, ready_world
from tests.world import OFFICE, ORGANIZATION, World

EDITED, SENT, PENDING, VOIDED = (
    ChangeType.INVOICE_EDITED, ChangeType.INVOICE_SENT, ChangeType.INVOICE_PENDING, ChangeType.INVOICE_VOIDED,
)  # fmt: skip


def world_with_draft() -> tuple[World, Invoice, Ledger]:
    """Returns a world, its draft of two services, and the ledger of all versions stored from now on."""
    world = ready_world()
    draft = create_draft(world, "svc_1", "svc_2")
    return world, draft, recorded(world.ports.database, world.ports.clock)


def published_types(ledger: Ledger) -> list[str]:
    """Returns the published types of invoice changes. Asserts that they match what people saw change, with the draft
    finished.
    """
    assert set(differences_told(ledger)) == {
        each for each in expected(ledger) if each.kind in ("invoice", "customer")
    }
    invoice_changes = [each for each in differences_told(ledger) if each.kind == "invoice"]
    versions = {entry.version: entry.after for entry in ledger.entries if entry.kind == "invoice"}
    for each in invoice_changes:
        if each.type == EDITED:
            assert versions[each.version].status is not InvoiceStatus.CREATING
    return [each.type for each in invoice_changes]


def swapping_edit(draft: Invoice) -> EditDraft:
    return edit_of(draft, "svc_1", "svc_3", memo="Thank you")


def refused_edit(draft: Invoice) -> EditDraft:
    """Stripe takes memos of 1,500 letters at most (https://docs.stripe.com/api/invoices/update)."""
    return edit_of(draft, "svc_1", "svc_3", memo="x" * 1501)


def options_of(draft: Invoice) -> Any:
    return {"stripe_account": draft.stripe_account_id}


def change_in_stripe_dashboard(world: World, draft: Invoice, **changes: Any) -> None:
    world.client.v1.invoices.update(
        draft.stripe_invoice_id or "", changes or {"description": "See you"}, options_of(draft)
    )


def add_line_in_stripe(world: World, draft: Invoice) -> None:
    lines: Any = {"lines": [{"amount": 900, "description": "Filter"}]}
    world.client.v1.invoices.add_lines(draft.stripe_invoice_id or "", lines, options_of(draft))


# In POM


@pytest.mark.parametrize(
    "edit",
    [
        lambda draft: edit_of(draft, "svc_1"),
        lambda draft: edit_of(draft, "svc_2", "svc_1"),
        lambda draft: edit_of(draft, "svc_1", "svc_2", memo="Thank you"),
        lambda draft: edit_of(draft, "svc_1", "svc_2", footer="Net"),
        lambda draft: edit_of(draft, "svc_1", "svc_2", payment_terms="net_15"),
        lambda draft: edit_of(draft, "svc_1", "svc_2", payment_methods=("card",)),
        swapping_edit,
    ],
    ids=[
        "removed_line",
        "order_of_lines",
        "memo",
        "footer",
        "payment_terms_only",
        "payment_methods_only",
        "lines_and_memo",
    ],
)
def test_an_edited_draft_is_published_once(edit: Callable[[Invoice], EditDraft]) -> None:
    world, draft, ledger = world_with_draft()
    edit_draft(edit(draft), world.ports)
    world.deliver()
    assert published_types(ledger) == [EDITED]


def test_an_edit_without_changes_is_not_published() -> None:
    world, draft, ledger = world_with_draft()
    edit_draft(edit_of(draft, "svc_1", "svc_2"), world.ports)
    world.deliver()
    assert published_types(ledger) == []
    assert len(ledger.entries) > 2


def test_an_edit_that_stripe_refuses_is_not_published() -> None:
    world, draft, ledger = world_with_draft()
    with pytest.raises(Refused):
        edit_draft(refused_edit(draft), world.ports)
    world.deliver()
    assert published_types(ledger) == []
    assert len(ledger.entries) > 2


def test_a_draft_that_is_edited_and_sent_is_published_as_edited_and_sent() -> None:
    world, draft, ledger = world_with_draft()
    edit_draft(swapping_edit(draft), world.ports)
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world.deliver()
    assert published_types(ledger) == [EDITED, SENT]


def calls_of(edit: Callable[[Invoice], EditDraft]) -> int:
    """Returns the number of outward calls of an edit."""
    world, draft, _ = world_with_draft()
    boundaries = count_calls(world)
    with suppress(Refused):
        edit_draft(edit(draft), world.ports)
    return len(boundaries.calls)


def run_schedule(world: World) -> None:
    """Delivers events, and then runs the schedule until it can do nothing more."""
    world.deliver()
    for gap in (LEASE + 1, 3601, 3601):
        world.advance(gap)
        with suppress(IntegrationError):
            world.resume()
    world.deliver()


@pytest.mark.parametrize("edit", [swapping_edit, refused_edit])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_edit_is_published_once_if_its_order_is_stored_wherever_a_worker_dies(
    edit: Callable[[Invoice], EditDraft], after: bool
) -> None:
    for number in range(calls_of(edit)):
        world, draft, ledger = world_with_draft()
        count_calls(world, fatal=number, after=after)
        with pytest.raises((ProcessKilled, Refused)):
            edit_draft(edit(draft), world.ports)
        stop_counting(world)
        run_schedule(world)
        order_stored = world.now(draft).order.services == ("svc_1", "svc_3")
        assert published_types(ledger) == ([EDITED] if order_stored else []), f"killed at call {number}"


# In Stripe


CHANGES: dict[str, Callable[[World, Invoice], None]] = {
    "its_memo": change_in_stripe_dashboard,
    "its_due_date": lambda world, draft: change_in_stripe_dashboard(
        world, draft, due_date=world.ports.clock.now() + 5 * 86_400
    ),
    "its_lines": add_line_in_stripe,
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_change_in_stripe_and_the_edit_that_undoes_it_are_published(
    changes: Callable[[World, Invoice], None],
) -> None:
    world, draft, ledger = world_with_draft()
    changes(world, draft)
    world.deliver()
    assert published_types(ledger) == [EDITED]
    edit_draft(edit_of(draft, "svc_1", "svc_2"), world.ports)
    world.deliver()
    assert published_types(ledger) == [EDITED, EDITED]


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_change_in_stripe_that_a_refused_edit_undoes_is_published(
    changes: Callable[[World, Invoice], None],
) -> None:
    world, draft, ledger = world_with_draft()
    changes(world, draft)
    world.deliver()
    with pytest.raises(Refused):
        edit_draft(refused_edit(draft), world.ports)
    world.deliver()
    assert published_types(ledger) == [EDITED, EDITED]


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_change_in_stripe_found_while_sending_is_published(
    changes: Callable[[World, Invoice], None],
) -> None:
    world, draft, ledger = world_with_draft()
    changes(world, draft)
    with pytest.raises((Refused, Conflict)):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world.deliver()
    assert published_types(ledger) == [EDITED]


def test_an_unsent_draft_with_the_same_order_is_not_published() -> None:
    world, draft, ledger = world_with_draft()
    world.double.revoke(draft.stripe_account_id)
    with pytest.raises(AccountUnreachable):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world.deliver()
    assert (world.now(draft).status, published_types(ledger)) == (InvoiceStatus.DRAFT, [])
    assert [entry.after.status for entry in ledger.entries if entry.kind == "invoice"] == ["creating", "draft"]


@pytest.mark.parametrize("change_in_stripe", ["its_memo", "its_lines"])
def test_a_change_in_stripe_reported_while_sending_is_published_once_the_sending_has_ended(
    change_in_stripe: str,
) -> None:
    world, draft, _ = world_with_draft()
    boundaries = count_calls(world)
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world, draft, ledger = world_with_draft()
    CHANGES[change_in_stripe](world, draft)
    count_calls(world, fatal=boundaries.calls.index("invoices.save"), after=True)
    with pytest.raises(ProcessKilled):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    stop_counting(world)
    world.deliver()
    assert (world.now(draft).status, published_types(ledger)) == (InvoiceStatus.CREATING, [])
    run_schedule(world)
    assert (world.now(draft).status, published_types(ledger)) == (InvoiceStatus.DRAFT, [EDITED])


def test_a_draft_sent_with_a_due_date_changed_in_stripe_is_published_as_edited_and_sent() -> None:
    world, draft, ledger = world_with_draft()
    CHANGES["its_due_date"](world, draft)
    world.deliver()
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world.deliver()
    assert published_types(ledger) == [EDITED, SENT]


@pytest.mark.parametrize("ends", ["finalize_invoice", "delete"])
@pytest.mark.parametrize("call", ["stripe.remove_lines", "stripe.update_draft", "invoices.save"])
def test_a_draft_ended_in_stripe_during_an_edit_is_published_with_its_remaining_order(call: str, ends: str) -> None:
    world, draft, _ = world_with_draft()
    boundaries = count_calls(world)
    edit_draft(swapping_edit(draft), world.ports)
    world, draft, ledger = world_with_draft()
    count_calls(world, fatal=boundaries.calls.index(call), after=True)
    with pytest.raises(ProcessKilled):
        edit_draft(swapping_edit(draft), world.ports)
    stop_counting(world)
    getattr(world.client.v1.invoices, ends)(draft.stripe_invoice_id or "", None, options_of(draft))
    run_schedule(world)
    order_stored = world.now(draft).order.services == ("svc_1", "svc_3")
    assert order_stored == (call == "invoices.save" or (call == "stripe.update_draft" and ends == "finalize_invoice"))
    assert sorted(published_types(ledger)) == sorted(
        [PENDING if ends == "finalize_invoice" else VOIDED, *([EDITED] * order_stored)]
    )
