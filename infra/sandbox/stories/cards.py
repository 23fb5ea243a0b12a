"""Payments by card: declined for each reason that the product tells apart, confirmed with the bank, and paid.

All attempts are on one invoice, because a declined one leaves it open.
"""

from __future__ import annotations

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import open_invoice
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


def _play(lab: Laboratory) -> None:
    with lab.step("an invoice"):
        sent = open_invoice(lab, 7500)
    for reason, method in DECLINES.items():
        with lab.step(f"declined: {reason}"), declined():
            pay(lab, sent, method)
    with lab.step("declined: not confirmed with the bank"), declined():
        pay(lab, sent, NEEDS_CONFIRMATION, off_session=True)
    with lab.step("waits for the bank's confirmation"), declined():
        pay(lab, sent, NEEDS_CONFIRMATION)
    with lab.step("paid by visa"):
        pay(lab, sent, "pm_card_visa")
    with lab.step("read with everything"):
        lab.gateway.everything(lab.account, sent.invoice)


CARDS = Story(
    "cards", "One invoice is declined for each reason, waits for a confirmation by the bank, and is paid.", _play
)
