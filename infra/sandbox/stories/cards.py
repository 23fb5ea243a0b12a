"""Payments by card: declined for each reason that the product distinguishes, confirmed with the bank, and paid.

All attempts are on one invoice, because a declined payment leaves the invoice open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import stripe

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import SentInvoice, issue_invoice
from infra.sandbox.stories.payer import pay
from infra.sandbox.stories.refusals import allow_decline
from infra.sandbox.stories.story import Story

DECLINES = {
    "generic": "pm_card_visa_chargeDeclined",
    "insufficient funds": "pm_card_visa_chargeDeclinedInsufficientFunds",
    "lost card": "pm_card_visa_chargeDeclinedLostCard",
    "stolen card": "pm_card_visa_chargeDeclinedStolenCard",
    "fraudulent": "pm_card_radarBlock",
    "velocity": "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
    "expired card": "pm_card_chargeDeclinedExpiredCard",
    "incorrect cvc": "pm_card_chargeDeclinedIncorrectCvc",
    "processing error": "pm_card_chargeDeclinedProcessingError",
}
"""https://docs.stripe.com/testing#declined-payments. Stripe has no test payment method for a wrong card number."""
NEEDS_CONFIRMATION = "pm_card_authenticationRequired"
"""https://docs.stripe.com/testing#regulatory-cards"""


@dataclass(frozen=True)
class CardAttempts:
    """An invoice with declined cards, and a last card that paid."""

    sent: SentInvoice
    declines: Mapping[str, stripe.CardError | None]
    """The decline of each card in DECLINES, by its reason; None if the card was not declined."""
    charges: Sequence[Any]
    """The charges, newest first, as Stripe listed them right after the payment."""


def pay_by_card(session: Session) -> CardAttempts:
    """Tries all cards on one invoice, and reads the invoice. Call it as `session.once(pay_by_card)`."""
    with session.step("an invoice"):
        sent = issue_invoice(session, 7500)
    declines = {}
    for reason, method in DECLINES.items():
        with session.step(f"declined: {reason}"):
            declines[reason] = _decline(session, sent, method)
    with session.step("declined: not confirmed with the bank"), allow_decline():
        pay(session, sent, NEEDS_CONFIRMATION, off_session=True)
    with session.step("waits for the bank's confirmation"), allow_decline():
        pay(session, sent, NEEDS_CONFIRMATION)
    with session.step("paid by visa"):
        pay(session, sent, "pm_card_visa")
    with session.step("read with everything"):
        session.gateway.everything(session.account, sent.invoice)
    return CardAttempts(sent, declines, session.recorder.last("/v1/charges")["data"])


def _decline(session: Session, sent: SentInvoice, method: str) -> stripe.CardError | None:
    try:
        pay(session, sent, method)
    except stripe.CardError as error:
        return error
    return None


def _play(session: Session) -> None:
    session.once(pay_by_card)


CARDS = Story(
    "cards", "One invoice is declined for each reason, waits for a confirmation by the bank, and is paid.", _play
)
