"""The ways in which an invoice ends besides being paid at once: reminded, uncollectible, paid late, paid outside."""

from __future__ import annotations

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import Sent, payer_of, sent_invoice
from infra.sandbox.stories.payer import pay
from infra.sandbox.stories.refusals import refused
from infra.sandbox.stories.story import Story

__all__ = ["BILLING", "Sent", "sent_invoice"]


def _play(lab: Laboratory) -> None:
    customer, began = payer_of(lab), lab.now()
    with lab.step("sent"):
        sent = sent_invoice(lab, 7500, 2500, customer=customer)
    with lab.step("sent again"):
        lab.gateway.send(lab.account, sent.invoice, f"{lab.run}-{sent.invoice}-again")
    with lab.step("events of the e-mail"):
        lab.until(
            lambda: lab.gateway.events_about(lab.account, sent.invoice, "invoice.sent", began),
            {"data.*.data.object.id": sent.invoice},
            60,
        )
    with lab.step("uncollectible"):
        lab.gateway.mark_uncollectible(lab.account, sent.invoice, f"{lab.run}-{sent.invoice}-uncollectible")
    with lab.step("paid although uncollectible"):
        pay(lab, sent, "pm_card_mastercard_prepaid")
    with lab.step("void refused"), refused():
        lab.gateway.void(lab.account, sent.invoice, f"{lab.run}-{sent.invoice}-void")


BILLING = Story(
    "billing",
    "An invoice is mailed, mailed again, marked uncollectible, and paid all the same; then it cannot be voided.",
    _play,
)
