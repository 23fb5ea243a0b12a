"""A revision of an open invoice (https://docs.stripe.com/invoicing/invoice-edits)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import another_of, open_invoice
from infra.sandbox.stories.story import Story


@dataclass(frozen=True)
class Revised:
    """The revision as it was first made, and its original once the revision was finalized: Stripe's answers."""

    draft: Any
    original: Any


def revised(lab: Laboratory) -> Revised:
    """Replaces an open invoice by a revision, and reads both. Use it by `lab.once(revised)`."""
    customer = another_of(lab).id
    with lab.step("an invoice"):
        sent = open_invoice(lab, 6000, 1500, customer=customer)
    with lab.step("its revision"):
        copied = {"from_invoice": {"invoice": sent.invoice, "action": "revision"}}
        revision = str(lab.v1.invoices.create(copied, lab.on_account()).id)
        draft = lab.recorder.last("/v1/invoices")
    with lab.step("marked"):  # so that cleaning finds it, whatever Stripe has copied
        lab.v1.invoices.update(revision, {"metadata": lab.marks}, lab.on_account())
    with lab.step("finalized"):
        lab.gateway.finalize(lab.account, revision, f"{lab.run}-{revision}-finalize")
    with lab.step("the original, as a record is rebuilt from it"):
        lab.gateway.recorded(lab.account, sent.invoice)
    return Revised(draft, lab.recorder.last(f"/v1/invoices/{sent.invoice}"))


def _play(lab: Laboratory) -> None:
    revision = lab.once(revised).draft["id"]
    with lab.step("lines of the revision"):
        lab.gateway.billed_lines(lab.account, revision)


REVISIONS = Story("revision", "An open invoice is replaced by its revision.", _play)
