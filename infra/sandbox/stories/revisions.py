"""A revision of an open invoice (https://docs.stripe.com/invoicing/invoice-edits)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import issue_invoice, second_customer
from infra.sandbox.stories.story import Story


@dataclass(frozen=True)
class Revision:
    """Stripe's JSON of a revision when it was created, and of its original after the revision was finalized."""

    draft: Any
    original: Any


def revise_invoice(session: Session) -> Revision:
    """Replaces an open invoice by a revision, and reads both. Call it as `session.once(revise_invoice)`."""
    customer = second_customer(session).id
    with session.step("an invoice"):
        sent = issue_invoice(session, 6000, 1500, customer=customer)
    with session.step("its revision"):
        parameters = {"from_invoice": {"invoice": sent.invoice, "action": "revision"}}
        revision = str(session.v1.invoices.create(parameters, session.on_account()).id)
        draft = session.recorder.last("/v1/invoices")
    with session.step("marked"):  # so that the cleanup finds the revision even if Stripe copied no metadata
        session.v1.invoices.update(revision, {"metadata": session.marks}, session.on_account())
    with session.step("finalized"):
        session.gateway.finalize(session.account, revision, f"{session.run}-{revision}-finalize")
    with session.step("the original, as a record is rebuilt from it"):
        session.gateway.recorded(session.account, sent.invoice)
    return Revision(draft, session.recorder.last(f"/v1/invoices/{sent.invoice}"))


def _play(session: Session) -> None:
    revision = session.once(revise_invoice).draft["id"]
    with session.step("lines of the revision"):
        session.gateway.billed_lines(session.account, revision)


REVISIONS = Story("revision", "An open invoice is replaced by its revision.", _play)
