"""Drafts: created, read, changed, deleted, finalized without an e-mail, and paid outside Stripe."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.draft_edit import DraftChanges, lines_of
from chalicelib.domain.order import Deduction, DeductionKind
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import SentInvoice, sent_invoice_in, shared_payer
from infra.sandbox.stories.story import Story

DAY = 86_400


@dataclass(frozen=True)
class PaidOutside:
    """An invoice that was paid outside Stripe."""

    sent: SentInvoice
    answer: Any
    """Stripe's response, with the payments of the invoice."""


def pay_outside(session: Session) -> PaidOutside:
    """Creates, changes and finalizes a draft, and pays it outside Stripe. Call it as `session.once(pay_outside)`."""
    customer, account, gateway = shared_payer(session), session.account, session.gateway
    today = dt.datetime.fromtimestamp(session.now(), dt.UTC).date()
    order = session.orders.invoice(
        7500,
        2500,
        days_until_due=None,
        payment_terms=None,
        due_date=today + dt.timedelta(days=20),
        memo="Thank you.",
        footer="Payable on receipt.",
        payment_methods=("card",),
        tax=620,
        deductions=(Deduction(DeductionKind.DISCOUNT, "Season rebate", 1000),),
    )
    first, *further_lines = order.order.line_items
    dated = (replace(first, service_date=today), *further_lines)
    order = replace(order, order=replace(order.order, line_items=dated))
    key = f"{session.run}-{order.id}"
    with session.step("made"):
        draft = gateway.create_draft(account, order, customer, f"{key}-draft").id
    with session.step("lines added"):
        gateway.add_lines(account, draft, lines_of(order.order), f"{key}-lines")
    with session.step("lines read"):
        lines = gateway.draft_lines(account, draft)
    with session.step("a line removed"):
        gateway.remove_lines(account, draft, [lines[1].id], f"{key}-remove")
    with session.step("changed"):
        changes = DraftChanges(
            "Many thanks.", "Payable in 30 days.", ("card",), (("PO", "7"),), session.now() + 30 * DAY, mails=True
        )
        gateway.update_draft(account, draft, changes, f"{key}-change")
    with session.step("cleared"):
        gateway.update_draft(account, draft, DraftChanges("", "", (), (), drops_additions=True), f"{key}-clear")
    with session.step("found by its id in POM"):
        gateway.find_invoice(account, order)
    with session.step("finalized without an e-mail"):
        sent = sent_invoice_in(customer, gateway.finalize(account, draft, f"{key}-finalize"))
    with session.step("paid outside Stripe"):
        gateway.pay_outside(account, draft, f"{key}-outside")
    return PaidOutside(sent, session.recorder.last(f"/v1/invoices/{draft}/pay"))


def _play(session: Session) -> None:
    _delete_draft(session, session.once(pay_outside).sent.customer)


def _delete_draft(session: Session, customer: str) -> None:
    order = session.orders.invoice(900)
    with session.step("another one made"):
        draft = session.gateway.create_draft(session.account, order, customer, f"{session.run}-{order.id}-draft").id
    with session.step("deleted"):
        session.gateway.delete_draft(session.account, draft)
    with session.step("read after it was deleted"):
        session.gateway.fetch(session.account, "invoice", draft)


DRAFTS = Story(
    "drafts",
    "A draft with a tax, a rebate and a dated line is read, changed, cleared, finalized without an e-mail and paid"
    " outside Stripe; another one is deleted.",
    _play,
)
