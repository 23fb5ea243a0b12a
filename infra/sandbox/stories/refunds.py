"""An invoice that is paid in parts, and its refunds: one is pending, and some fail after they succeeded.

https://docs.stripe.com/invoicing/partial-payments, https://docs.stripe.com/testing#refunds
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import StripeRefused
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import issue_invoice
from infra.sandbox.stories.payer import pay, pay_part
from infra.sandbox.stories.story import Story

PATIENCE = 240
"""Seconds. Stripe's documentation only says that the status of both changes "some time later"."""


@dataclass(frozen=True)
class RequestedRefunds:
    """The ids of the requested refunds, and the errors of two refusals; None if Stripe did not refuse."""

    intent: str
    part: str
    remainder: str
    pending: str
    too_much: StripeRefused | None
    nothing_left: StripeRefused | None


def request_refunds(session: Session) -> RequestedRefunds:
    """Pays an invoice in parts, and requests refunds. Call it as `session.once(request_refunds)`."""
    with session.step("an invoice"):
        sent = issue_invoice(session, 9000)
    with session.step("a part by amex"):
        pay_part(session, sent, 2000, "pm_card_amex")
    with session.step("a part whose refund will be pending"):
        slow = pay_part(session, sent, 3000, "pm_card_pendingRefund")
    with session.step("the rest, whose refund will fail"):
        pay(session, sent, "pm_card_refundFail")
    with session.step("refund of too much"):
        too_much = _refusal(session, sent.intent, 9000)
    with session.step("refund of a part"):
        part = _refund(session, sent.intent, 1000, "requested_by_customer")
    with session.step("refund of the rest"):
        remainder = _refund(session, sent.intent, 3000, "duplicate")
    with session.step("pending refund"):
        pending = _refund(session, slow, 3000)
    with session.step("refund when nothing is left"):
        nothing_left = _refusal(session, slow, 100)
    return RequestedRefunds(sent.intent, part, remainder, pending, too_much, nothing_left)


def _play(session: Session) -> None:
    requested = session.once(request_refunds)
    with session.step("the pending refund succeeds"):
        _wait_for_status(session, requested.pending, "succeeded")
    with session.step("the refunds fail"):
        _wait_for_status(session, requested.part, "failed")
        _wait_for_status(session, requested.remainder, "failed")
    with session.step("all refunds of the payment"):
        session.gateway.refunds_of(session.account, requested.intent)


def _refusal(session: Session, intent: str, amount: int) -> StripeRefused | None:
    try:
        _refund(session, intent, amount)
    except StripeRefused as refusal:
        return refusal
    return None


def _refund(session: Session, intent: str, amount: int, reason: str | None = None) -> str:
    order = f"rfd_{session.orders.number()}"
    return session.gateway.refund(session.account, intent, amount, reason, order, f"{session.run}-{order}").id


def _wait_for_status(session: Session, refund: str, status: str) -> None:
    session.until(lambda: session.gateway.fetch(session.account, "refund", refund), {"status": status}, PATIENCE)


REFUNDS = Story(
    "refunds",
    "An invoice is paid in three parts. Refunds of a part, of too much, of the rest; one is pending, and one fails.",
    _play,
)
