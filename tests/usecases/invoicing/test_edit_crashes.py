"""Tests crashes during edits of drafts: after any crash, Stripe has one complete order, and the claims match
it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from chalicelib.domain.errors import IntegrationError, Refused
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.saga import Step
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.invoicing.edit_draft import EditDraft, edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from tests.boundaries import ProcessKilled, count_calls, stop_counting
from tests.oracle import differences
from tests.usecases.invoicing.crashes import BEFORE_AND_AFTER, EACH_FAULT, GAPS, SOON, at_each_call, crash
from tests.usecases.invoicing.editing import create_draft, edit_of, ready_world, require_stripe_has_the_order
from tests.world import OFFICE, ORGANIZATION, World

BEGUN = "invoices.get connections.get customers.get settings.get invoices.save_claiming".split()
READ = "stripe.fetch stripe.draft_lines".split()
STILL_OURS = ["invoices.get"]
LINES = [*STILL_OURS, "stripe.remove_lines", "stripe.add_lines"]
DETAILS = [*STILL_OURS, "stripe.update_draft"]
REST = "stripe.billed_lines invoices.release invoices.save".split()

SWAP = [*BEGUN, *READ, *LINES, *DETAILS, "invoices.save", *REST]
"""Every outward call of an edit that removes a service, adds a service and has another memo."""

REFUSED = [*BEGUN, *READ, *LINES, *DETAILS, "stripe.everything", "invoices.save"]
REFUSED += [*READ, *LINES, "invoices.save", *REST]
"""Every outward call of an edit whose memo Stripe refuses after it has changed the lines."""

MANY = [*BEGUN, "invoices.claim", "invoices.save", *READ, *LINES, "invoices.save", *REST]
"""Every outward call of an edit that adds more services than one transaction claims."""


def swapping_edit(draft: Invoice) -> EditDraft:
    return edit_of(draft, "svc_1", "svc_3", memo="Thank you")


def large_edit(draft: Invoice) -> EditDraft:
    return edit_of(draft, *(f"new_{n}" for n in range(120)))


def refused_edit(draft: Invoice) -> EditDraft:
    """Returns an edit whose memo Stripe refuses: it takes at most 1,500 characters
    (https://docs.stripe.com/api/invoices/update).
    """
    return edit_of(draft, "svc_1", "svc_3", memo="x" * 1501)


def recover(world: World, gap: int) -> None:
    """Runs the schedule until nothing is left to do."""
    for _ in range(5):
        world.advance(gap)
        with suppress(IntegrationError):
            world.resume()
        gap = 3601
    world.deliver()


def require_one_order(world: World, draft: Invoice, *, orders: tuple[EditDraft, ...] = ()) -> Invoice:
    """Asserts that the draft is finished with the former order or one of `orders`, complete, and that nobody was
    mailed.
    """
    now = world.now(draft)
    assert (now.status, now.saga.step) == (InvoiceStatus.DRAFT, Step.REVIEW)
    require_stripe_has_the_order(world, now)
    possible_services = [
        draft.order.services,
        *(tuple(each.service_id for each in edit.line_items) for edit in orders),
    ]
    assert now.order.services in possible_services
    assert differences(world.double.ledger(now.stripe_account_id), [now]) == []
    assert world.double.mails() == []
    assert not world.ports.invoices.due_for_work(world.ports.clock.now() + 864_000, 10)
    return now


@pytest.mark.parametrize(("make", "calls"), [(swapping_edit, SWAP), (large_edit, MANY), (refused_edit, REFUSED)])
def test_the_list_of_outward_calls_is_complete(make: Callable[[Invoice], EditDraft], calls: list[str]) -> None:
    world = ready_world()
    draft = create_draft(world)
    boundaries = count_calls(world)
    with suppress(Refused):
        edit_draft(make(draft), world.ports)
    assert boundaries.calls == calls


@GAPS
@BEFORE_AND_AFTER
@at_each_call(SWAP)
def test_a_crash_at_any_call_leaves_one_complete_order(number: int, after: bool, gap: int) -> None:
    world = ready_world()
    draft = create_draft(world)
    crash(world, number, lambda: edit_draft(swapping_edit(draft), world.ports), after=after)
    recover(world, gap)
    order_stored = number > len(BEGUN) - 1 or (number == len(BEGUN) - 1 and after)
    now = require_one_order(world, draft, orders=(swapping_edit(draft),))
    assert now.order.services == (("svc_1", "svc_3") if order_stored else ("svc_1", "svc_2"))
    # An office that received no response saves again and sends.
    edit_draft(swapping_edit(draft), world.ports)
    require_one_order(world, draft, orders=(swapping_edit(draft),))
    send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert (world.now(draft).status, len(world.double.mails())) == (InvoiceStatus.PENDING, 1)


@BEFORE_AND_AFTER
@at_each_call(MANY)
def test_a_crash_while_many_services_are_added_leaves_no_claim_without_a_line(number: int, after: bool) -> None:
    world = ready_world()
    draft = create_draft(world)
    crash(world, number, lambda: edit_draft(large_edit(draft), world.ports), after=after)
    recover(world, SOON)
    require_one_order(world, draft, orders=(large_edit(draft),))


@GAPS
@BEFORE_AND_AFTER
@at_each_call(REFUSED)
def test_a_crash_while_a_refused_edit_is_undone_keeps_the_former_draft(number: int, after: bool, gap: int) -> None:
    world = ready_world()
    draft = create_draft(world)
    count_calls(world, fatal=number, after=after)
    with suppress(ProcessKilled, Refused):
        edit_draft(refused_edit(draft), world.ports)
    stop_counting(world)
    recover(world, gap)
    now = require_one_order(world, draft)
    assert now.order == draft.order
    assert now.details_as_made == draft.details_as_made


STEPS = ["/v1/invoices/*/remove_lines", "/v1/invoices/*/add_lines", "/v1/invoices/*"]


@pytest.mark.parametrize("gap", [601, 30 * 3600])
@pytest.mark.parametrize("path", STEPS)
@EACH_FAULT
def test_a_failing_call_of_stripe_only_delays_the_edit(path: str, fault: dict[str, object], gap: int) -> None:
    world = ready_world()
    draft = create_draft(world)
    world.double.order_fault(method="POST", path=path, **fault)
    edited = edit_draft(swapping_edit(draft), world.ports)
    assert edited.status in {InvoiceStatus.CREATING, InvoiceStatus.DRAFT}
    recover(world, gap)
    now = require_one_order(world, draft, orders=(swapping_edit(draft),))
    assert now.order.services == ("svc_1", "svc_3")
