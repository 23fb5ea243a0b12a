"""An invoice that is paid in parts, and refunds of them: some are pending, and some fail after they succeeded.

https://docs.stripe.com/invoicing/partial-payments, https://docs.stripe.com/testing#refunds
"""

from __future__ import annotations

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import open_invoice
from infra.sandbox.stories.payer import pay, pay_part
from infra.sandbox.stories.refusals import refused
from infra.sandbox.stories.story import Story

PATIENCE = 240
"""Seconds. Stripe says of both only that their status changes "some time later"."""


def _play(lab: Laboratory) -> None:
    with lab.step("an invoice"):
        sent = open_invoice(lab, 9000)
    with lab.step("a part by amex"):
        pay_part(lab, sent, 2000, "pm_card_amex")
    with lab.step("a part whose refund will be pending"):
        slow = pay_part(lab, sent, 3000, "pm_card_pendingRefund")
    with lab.step("the rest, whose refund will fail"):
        pay(lab, sent, "pm_card_refundFail")
    with lab.step("refund of too much"), refused():
        _refund(lab, sent.intent, 9000)
    with lab.step("refund of a part"):
        part = _refund(lab, sent.intent, 1000, "requested_by_customer")
    with lab.step("refund of the rest"):
        rest = _refund(lab, sent.intent, 3000, "duplicate")
    with lab.step("pending refund"):
        pending = _refund(lab, slow, 3000)
    with lab.step("refund when nothing is left"), refused():
        _refund(lab, slow, 100)
    with lab.step("the pending refund succeeds"):
        _awaited(lab, pending, "succeeded")
    with lab.step("the refunds fail"):
        _awaited(lab, part, "failed")
        _awaited(lab, rest, "failed")
    with lab.step("all refunds of the payment"):
        lab.gateway.refunds_of(lab.account, sent.intent)


def _refund(lab: Laboratory, intent: str, amount: int, reason: str | None = None) -> str:
    order = f"rfd_{lab.orders.number()}"
    return lab.gateway.refund(lab.account, intent, amount, reason, order, f"{lab.run}-{order}").id


def _awaited(lab: Laboratory, refund: str, status: str) -> None:
    lab.until(lambda: lab.gateway.fetch(lab.account, "refund", refund), {"status": status}, PATIENCE)


REFUNDS = Story(
    "refunds",
    "An invoice is paid in three parts. Refunds of a part, of too much, of the rest; one is pending, and one fails.",
    _play,
)
