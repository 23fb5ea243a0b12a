"""The sentences about an erasure: how far it has come, what stays, what Stripe has, and what nobody can change."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain import retention
from chalicelib.domain.erasure import Erasure, ErasureStatus, InStripe
from chalicelib.domain.retention_types import Expires

REDACTION = "https://docs.stripe.com/privacy/redaction"

KEPT = (
    "Invoices, payments, refunds and disputes stay with their amounts, dates, numbers and ids, because the company "
    "has to keep its books. Nothing in them says who the customer was.",
    "The customer's id in POM, that of the Stripe customer, and this erasure stay, so that no import and no event of "
    "Stripe's brings the person back.",
    "Which user of POM did what, and when, stays.",
)

OUT_OF_REACH: Mapping[str, Expires] = {
    "The database's list of recent changes, which has each record as it was before": retention.STREAMS,
    "Events on their way to POM's other programs": retention.BUS_EVENTS,
    "Copies of the backups in another region or account, unless the operator set another time": retention.COPIES,
    "Backups from which a table can be restored. After a restore, POM erases again": retention.RECOVERY,
}
"""The copies that nobody can change, each with the time for which it is kept."""


def status_text(erasure: Erasure) -> str:
    """Returns how far the erasure is, and what comes next."""
    if erasure.status is ErasureStatus.ERASED:
        return "The person is erased. POM checked again a day later and found nothing left."
    if erasure.status is ErasureStatus.ERASING and erasure.waits_for:
        return (
            "The customer's record holds nothing of the person any more. Something that is not settled was found, "
            "and stays as it is until it is settled or voided. POM checks again automatically."
        )
    if erasure.status is ErasureStatus.ERASING:
        return (
            "The customer's record holds nothing of the person any more. POM is erasing the other records, and "
            "checks them again a day later."
        )
    if erasure.waits_for:
        return (
            "The customer is closed. Nothing is erased yet, because something is not settled. POM checks every hour, "
            "and continues once it is settled or voided."
        )
    return (
        "The customer is closed. Nothing is erased yet: POM begins ten minutes after the request, when all work that "
        "was in progress has ended."
    )


def in_stripe_text(erasure: Erasure, *, linked: bool) -> str:
    """Returns a text about what Stripe has of the person, and what the company can do there.

    `linked` is True if POM knows a Stripe customer.
    """
    if not linked:
        return f"POM knows no Stripe customer of this person. {_REDACT}"
    if erasure.in_stripe is InStripe.KEEP:
        return f"The Stripe customer stays as it is. {_REDACT}"
    if erasure.not_deleted_because is not None:
        return (
            "POM could not delete the Stripe customer, because it may no longer act for the Stripe account, or "
            f"because Stripe refused. Delete it in the Stripe dashboard. {_STRIPE_KEEPS} {_REDACT}"
        )
    if erasure.deleted_in_stripe_at is not None:
        return (
            "The Stripe customer is deleted, and with it its subscriptions and saved payment methods. "
            f"{_STRIPE_KEEPS} {_REDACT}"
        )
    return (
        "POM deletes the Stripe customer, and with it its subscriptions and saved payment methods. "
        f"{_STRIPE_KEEPS} {_REDACT}"
    )


_STRIPE_KEEPS = "Stripe keeps its past invoices and payments, with the person in them."
_REDACT = (
    "To take the person out of what Stripe has, redact the customer in Stripe. Do that last, because it is for good: "
    "a redacted payment cannot be refunded, and its disputes are lost. Stripe redacts nothing that is open, and a "
    "payment only after 90 days. Stripe may keep what the law asks it to keep."
)
"""https://docs.stripe.com/privacy/redaction and https://docs.stripe.com/privacy/deletion-requests."""
