"""A revision of an open invoice (https://docs.stripe.com/invoicing/invoice-edits)."""

from __future__ import annotations

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import open_invoice
from infra.sandbox.stories.story import Story


def _play(lab: Laboratory) -> None:
    with lab.step("an invoice"):
        sent = open_invoice(lab, 6000, 1500)
    with lab.step("its revision"):
        copied = {"from_invoice": {"invoice": sent.invoice, "action": "revision"}, "metadata": lab.marks}
        revision = str(lab.v1.invoices.create(copied, lab.on_account()).id)
    with lab.step("finalized"):
        lab.gateway.finalize(lab.account, revision, f"{lab.run}-{revision}-finalize")
    with lab.step("the original, as a record is rebuilt from it"):
        lab.gateway.recorded(lab.account, sent.invoice)
    with lab.step("lines of the revision"):
        lab.gateway.billed_lines(lab.account, revision)
    with lab.step("revision voided"):
        lab.gateway.void(lab.account, revision, f"{lab.run}-{revision}-void")


REVISIONS = Story("revision", "An open invoice is replaced by its revision, which is voided at the end.", _play)
