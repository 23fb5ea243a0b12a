"""An invoice that is paid in parts, and refunds of them: some are pending, and some fail after they succeeded.

https://docs.stripe.com/invoicing/partial-payments, https://docs.stripe.com/testing#refunds
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import StripeRefused
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import open_invoice
from infra.sandbox.stories.payer import pay, pay_part
from infra.sandbox.stories.story import Story

PATIENCE = 240
"""Seconds. Stripe says of both only that their status changes "some time later"."""


@dataclass(frozen=True)
class Asked:
    """Refunds that were asked for, by their ids, and why Stripe refused two; None if it did not."""

    intent: str
    part: str
    rest: str
    pending: str
    too_much: StripeRefused | None
    nothing_left: StripeRefused | None


def asked_refunds(lab: Laboratory) -> Asked:
    """Pays an invoice in parts, and asks for refunds. Use it by `lab.once(asked_refunds)`."""
    with lab.step("an invoice"):
        sent = open_invoice(lab, 9000)
    with lab.step("a part by amex"):
        pay_part(lab, sent, 2000, "pm_card_amex")
    with lab.step("a part whose refund will be pending"):
        slow = pay_part(lab, sent, 3000, "pm_card_pendingRefund")
    with lab.step("the rest, whose refund will fail"):
        pay(lab, sent, "pm_card_refundFail")
    with lab.step("refund of too much"):
        too_much = _refusal(lab, sent.intent, 9000)
    with lab.step("refund of a part"):
        part = _refund(lab, sent.intent, 1000, "requested_by_customer")
    with lab.step("refund of the rest"):
        rest = _refund(lab, sent.intent, 3000, "duplicate")
    with lab.step("pending refund"):
        pending = _refund(lab, slow, 3000)
    with lab.step("refund when nothing is left"):
        nothing_left = _refusal(lab, slow, 100)
    return Asked(sent.intent, part, rest, pending, too_much, nothing_left)


def _play(lab: Laboratory) -> None:
    asked = lab.once(asked_refunds)
    with lab.step("the pending refund succeeds"):
        _awaited(lab, asked.pending, "succeeded")
    with lab.step("the refunds fail"):
        _awaited(lab, asked.part, "failed")
        _awaited(lab, asked.rest, "failed")
    with lab.step("all refunds of the payment"):
        lab.gateway.refunds_of(lab.account, asked.intent)


def _refusal(lab: Laboratory, intent: str, amount: int) -> StripeRefused | None:
    try:
        _refund(lab, intent, amount)
    except StripeRefused as refusal:
        return refusal
    return None


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
