"""An edited draft is told once, when it rests and bills something else; a draft that bills the same is not told.

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
from tests.boundaries import Killed, unwatched, watched
from tests.proofs.ledger import Ledger, recorded
from tests.proofs.published_oracle import differences_told, expected
from tests.usecases.invoicing.editing import create_draft, edit_of, ready_world
from tests.world import OFFICE, ORGANIZATION, World

EDITED, SENT, PENDING, VOIDED = (
    ChangeType.INVOICE_EDITED, ChangeType.INVOICE_SENT, ChangeType.INVOICE_PENDING, ChangeType.INVOICE_VOIDED,
)  # fmt: skip


def company() -> tuple[World, Invoice, Ledger]:
    """Returns a world with a draft of two services, and the ledger of what is stored from now on."""
    world = ready_world()
    draft = create_draft(world, "svc_1", "svc_2")
    return world, draft, recorded(world.ports.database, world.ports.clock)


def told(ledger: Ledger) -> list[str]:
    """Returns what is told, and requires that it is what people saw change, with the draft at rest."""
    assert set(differences_told(ledger)) == {
        each for each in expected(ledger) if each.kind in ("invoice", "customer")
    }
    tellings = [each for each in differences_told(ledger) if each.kind == "invoice"]
    versions = {entry.version: entry.after for entry in ledger.entries if entry.kind == "invoice"}
    for each in tellings:
        if each.type == EDITED:
            assert versions[each.version].status is not InvoiceStatus.CREATING
    return [each.type for each in tellings]


def swap(draft: Invoice) -> EditDraft:
    return edit_of(draft, "svc_1", "svc_3", memo="Thank you")


def refused(draft: Invoice) -> EditDraft:
    """Stripe takes memos of 1,500 letters at most (https://docs.stripe.com/api/invoices/update)."""
    return edit_of(draft, "svc_1", "svc_3", memo="x" * 1501)


def on(draft: Invoice) -> Any:
    return {"stripe_account": draft.stripe_account_id}


def changed_in_stripe(world: World, draft: Invoice, **changes: Any) -> None:
    world.client.v1.invoices.update(draft.stripe_invoice_id or "", changes or {"description": "See you"}, on(draft))


def line_added_in_stripe(world: World, draft: Invoice) -> None:
    lines: Any = {"lines": [{"amount": 900, "description": "Filter"}]}
    world.client.v1.invoices.add_lines(draft.stripe_invoice_id or "", lines, on(draft))


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
        swap,
    ],
    ids=["a_line", "their_order", "the_memo", "the_footer", "the_terms", "the_methods", "lines_and_memo"],
)
def test_a_saved_draft_is_told_once(edit: Callable[[Invoice], EditDraft]) -> None:
    world, draft, ledger = company()
    edit_draft(edit(draft), world.ports)
    world.deliver()
    assert told(ledger) == [EDITED]


def test_a_save_that_changes_nothing_is_not_told() -> None:
    world, draft, ledger = company()
    edit_draft(edit_of(draft, "svc_1", "svc_2"), world.ports)
    world.deliver()
    assert told(ledger) == []
    assert len(ledger.entries) > 2


def test_a_save_that_stripe_refuses_is_not_told() -> None:
    world, draft, ledger = company()
    with pytest.raises(Refused):
        edit_draft(refused(draft), world.ports)
    world.deliver()
    assert told(ledger) == []
    assert len(ledger.entries) > 2


def test_a_draft_that_is_edited_and_sent_is_told_as_both() -> None:
    world, draft, ledger = company()
    edit_draft(swap(draft), world.ports)
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world.deliver()
    assert told(ledger) == [EDITED, SENT]


def calls_of(edit: Callable[[Invoice], EditDraft]) -> int:
    """Returns how many calls an edit makes that leave the process."""
    world, draft, _ = company()
    boundaries = watched(world)
    with suppress(Refused):
        edit_draft(edit(draft), world.ports)
    return len(boundaries.calls)


def later(world: World) -> None:
    """Events arrive, and then the schedule comes round until nothing that can be done is left to do."""
    world.deliver()
    for gap in (LEASE + 1, 3601, 3601):
        world.advance(gap)
        with suppress(IntegrationError):
            world.resume()
    world.deliver()


@pytest.mark.parametrize("edit", [swap, refused])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_whichever_call_a_worker_dies_at_an_edit_is_told_once_if_its_order_is_kept(
    edit: Callable[[Invoice], EditDraft], after: bool
) -> None:
    for number in range(calls_of(edit)):
        world, draft, ledger = company()
        watched(world, fatal=number, after=after)
        with pytest.raises((Killed, Refused)):
            edit_draft(edit(draft), world.ports)
        unwatched(world)
        later(world)
        kept = world.now(draft).order.services == ("svc_1", "svc_3")
        assert told(ledger) == ([EDITED] if kept else []), f"killed at call {number}"


# In Stripe


CHANGES: dict[str, Callable[[World, Invoice], None]] = {
    "its_memo": changed_in_stripe,
    "its_due_date": lambda world, draft: changed_in_stripe(
        world, draft, due_date=world.ports.clock.now() + 5 * 86_400
    ),
    "its_lines": line_added_in_stripe,
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_draft_that_is_changed_in_stripe_is_told_and_so_is_the_save_that_takes_it_back(
    changes: Callable[[World, Invoice], None],
) -> None:
    world, draft, ledger = company()
    changes(world, draft)
    world.deliver()
    assert told(ledger) == [EDITED]
    edit_draft(edit_of(draft, "svc_1", "svc_2"), world.ports)
    world.deliver()
    assert told(ledger) == [EDITED, EDITED]


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_change_in_stripe_that_a_refused_save_takes_back_is_told(
    changes: Callable[[World, Invoice], None],
) -> None:
    world, draft, ledger = company()
    changes(world, draft)
    world.deliver()
    with pytest.raises(Refused):
        edit_draft(refused(draft), world.ports)
    world.deliver()
    assert told(ledger) == [EDITED, EDITED]


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_change_in_stripe_that_pom_meets_when_it_is_to_send_the_draft_is_told(
    changes: Callable[[World, Invoice], None],
) -> None:
    world, draft, ledger = company()
    changes(world, draft)
    with pytest.raises((Refused, Conflict)):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world.deliver()
    assert told(ledger) == [EDITED]


def test_a_draft_that_cannot_be_sent_and_bills_the_same_is_not_told() -> None:
    world, draft, ledger = company()
    world.double.revoke(draft.stripe_account_id)
    with pytest.raises(AccountUnreachable):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world.deliver()
    assert (world.now(draft).status, told(ledger)) == (InvoiceStatus.DRAFT, [])
    assert [entry.after.status for entry in ledger.entries if entry.kind == "invoice"] == ["creating", "draft"]


@pytest.mark.parametrize("change_in_stripe", ["its_memo", "its_lines"])
def test_a_change_in_stripe_that_pom_hears_of_while_it_sends_the_draft_is_told_once_the_draft_rests(
    change_in_stripe: str,
) -> None:
    world, draft, _ = company()
    boundaries = watched(world)
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world, draft, ledger = company()
    CHANGES[change_in_stripe](world, draft)
    watched(world, fatal=boundaries.calls.index("invoices.save"), after=True)
    with pytest.raises(Killed):
        send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    unwatched(world)
    world.deliver()
    assert (world.now(draft).status, told(ledger)) == (InvoiceStatus.CREATING, [])
    later(world)
    assert (world.now(draft).status, told(ledger)) == (InvoiceStatus.DRAFT, [EDITED])


def test_a_draft_whose_due_date_was_changed_in_stripe_is_told_as_sent_if_pom_sends_it_like_that() -> None:
    world, draft, ledger = company()
    CHANGES["its_due_date"](world, draft)
    world.deliver()
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    world.deliver()
    assert told(ledger) == [EDITED, SENT]


@pytest.mark.parametrize("ends", ["finalize_invoice", "delete"])
@pytest.mark.parametrize("call", ["stripe.remove_lines", "stripe.update_draft", "invoices.save"])
def test_a_draft_that_somebody_ends_in_stripe_while_pom_edits_it_is_told_with_the_order_that_it_keeps(
    call: str, ends: str
) -> None:
    world, draft, _ = company()
    boundaries = watched(world)
    edit_draft(swap(draft), world.ports)
    world, draft, ledger = company()
    watched(world, fatal=boundaries.calls.index(call), after=True)
    with pytest.raises(Killed):
        edit_draft(swap(draft), world.ports)
    unwatched(world)
    getattr(world.client.v1.invoices, ends)(draft.stripe_invoice_id or "", None, on(draft))
    later(world)
    kept = world.now(draft).order.services == ("svc_1", "svc_3")
    assert kept == (call == "invoices.save" or (call == "stripe.update_draft" and ends == "finalize_invoice"))
    assert sorted(told(ledger)) == sorted([PENDING if ends == "finalize_invoice" else VOIDED, *([EDITED] * kept)])
