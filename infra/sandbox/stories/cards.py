"""Payments by card: declined for each reason that the product tells apart, confirmed with the bank, and paid.

All attempts are on one invoice, because a declined one leaves it open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import stripe

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import Sent, open_invoice
from infra.sandbox.stories.payer import pay
from infra.sandbox.stories.refusals import declined
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
"""https://docs.stripe.com/testing#declined-payments. A wrong number has no payment method of its own there."""
NEEDS_CONFIRMATION = "pm_card_authenticationRequired"
"""https://docs.stripe.com/testing#regulatory-cards"""


@dataclass(frozen=True)
class Paid:
    """An invoice that cards were declined for, until one paid it."""

    sent: Sent
    declines: Mapping[str, stripe.CardError | None]
    """The answer to each card of DECLINES, by its reason; None if it was not declined."""
    charges: Sequence[Any]
    """The charges, newest first, as Stripe listed them right after the payment."""


def paid_by_card(lab: Laboratory) -> Paid:
    """Tries all cards on one invoice, and reads it. Use it by `lab.once(paid_by_card)`."""
    with lab.step("an invoice"):
        sent = open_invoice(lab, 7500)
    declines = {}
    for reason, method in DECLINES.items():
        with lab.step(f"declined: {reason}"):
            declines[reason] = _decline(lab, sent, method)
    with lab.step("declined: not confirmed with the bank"), declined():
        pay(lab, sent, NEEDS_CONFIRMATION, off_session=True)
    with lab.step("waits for the bank's confirmation"), declined():
        pay(lab, sent, NEEDS_CONFIRMATION)
    with lab.step("paid by visa"):
        pay(lab, sent, "pm_card_visa")
    with lab.step("read with everything"):
        lab.gateway.everything(lab.account, sent.invoice)
    return Paid(sent, declines, lab.recorder.last("/v1/charges")["data"])


def _decline(lab: Laboratory, sent: Sent, method: str) -> stripe.CardError | None:
    try:
        pay(lab, sent, method)
    except stripe.CardError as error:
        return error
    return None


def _play(lab: Laboratory) -> None:
    lab.once(paid_by_card)


CARDS = Story(
    "cards", "One invoice is declined for each reason, waits for a confirmation by the bank, and is paid.", _play
)
