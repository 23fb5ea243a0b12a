"""The status of an invoice. It is always derived from facts, and a stored status is never authoritative."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.amounts import Amounts, amounts_of
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.payment_facts import ChargeFact, PaymentIntentFact
from chalicelib.domain.snapshots import Snapshots


class InvoiceStatus(StrEnum):
    """The status of an invoice, in the guide's words."""

    CREATING = "creating"
    DRAFT = "draft"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


OPEN_STATUSES = (InvoiceStatus.PENDING, InvoiceStatus.FAILED)
"""The invoice was issued, and money is still expected."""


class StatusGroup(StrEnum):
    """A group of statuses that are listed together."""

    OPEN = "open"
    UNPAID = "unpaid"
    SETTLED = "settled"


STATUSES_OF: Mapping[StatusGroup, tuple[InvoiceStatus, ...]] = {
    StatusGroup.OPEN: OPEN_STATUSES,
    StatusGroup.UNPAID: (*OPEN_STATUSES, InvoiceStatus.UNCOLLECTIBLE),
    StatusGroup.SETTLED: (InvoiceStatus.PAID, InvoiceStatus.REFUNDED),
}
"""The statuses of each group. An unpaid invoice was issued, and not all of it was paid."""


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """The latest attempt to pay, which failed at `at` (epoch seconds UTC)."""

    reason: FailureReason
    at: int


KNOWN_STATUSES = frozenset({"draft", "open", "paid", "uncollectible", "void"})
"""The statuses of a Stripe invoice in our API version."""


def status_of(facts: Snapshots, amounts: Amounts | None = None) -> InvoiceStatus:
    """Returns the status of an invoice that exists in Stripe.

    An invoice is refunded only if refunds gave back all that was paid. If a bank took money back by a dispute, the
    invoice stays paid. A status of Stripe's that POM does not know counts as pending, and the explanation quotes it.
    `amounts` are those of `facts`, if the caller has them.

    Raises:
        ValueError: there is no fact about the invoice yet.
    """
    invoice = facts.invoice
    if invoice is None:
        raise ValueError("an invoice without facts has no status yet")
    if invoice.deleted or invoice.status == "void":
        return InvoiceStatus.VOID
    if invoice.status == "paid":
        fully = 0 < invoice.amount_paid <= (amounts or amounts_of(facts)).refunded
        return InvoiceStatus.REFUNDED if fully else InvoiceStatus.PAID
    if invoice.status == "open":
        return InvoiceStatus.FAILED if failed_attempt(facts) else InvoiceStatus.PENDING
    return InvoiceStatus(invoice.status) if invoice.status in KNOWN_STATUSES else InvoiceStatus.PENDING


def failed_attempt(facts: Snapshots) -> FailedAttempt | None:
    """Returns the latest attempt if it failed. None while an attempt is processing, or if there was none.

    An invoice paid in parts has several intents. An intent that has ended does not decide about the others, and an
    intent without an attempt does not count. Attempts to pay a replaced invoice do not count for its revision. The
    time at which POM read an intent does not decide which attempt is the latest.
    """
    elsewhere, intents = facts.intents_elsewhere, facts.intents
    ended_at = {pi.id: pi.as_of for pi in intents if pi.ended}
    intent = max(
        (pi for pi in intents if pi.id not in ended_at),
        key=lambda pi: (pi.status == "processing", _has_attempt(pi), _attempted_at(pi, facts), pi.id),
        default=None,
    )
    declined_charge = max(
        (
            charge
            for charge in facts.charges.values()
            if charge.status == "failed"
            and charge.payment_intent_id not in ended_at
            and charge.payment_intent_id not in elsewhere
        ),
        key=lambda charge: (charge.created, charge.as_of, charge.id),
        default=None,
    )
    failure = _known_failure(intent, declined_charge)
    # A revision outdates the failures of the invoice that it has replaced.
    is_revision = facts.invoice is not None and facts.invoice.from_invoice_id is not None
    outdated_by = max([*ended_at.values(), facts.invoice.finalized_at or 0 if facts.invoice and is_revision else 0])
    at = facts.attempt_failed_at
    if (
        failure is None
        and at > outdated_by
        and _is_unexplained(at, intent)
        and not _failed_elsewhere(at, intent, intents)
    ):
        return FailedAttempt(FailureReason.OTHER, at)
    return failure


def _has_attempt(intent: PaymentIntentFact) -> bool:
    return intent.status != "requires_payment_method" or intent.failure is not None


def _attempted_at(intent: PaymentIntentFact, facts: Snapshots) -> int:
    """Returns when the latest attempt was made or failed (epoch seconds UTC), or 0 if POM does not know when.

    A snapshot with a failure was perhaps taken long after the attempt had failed, so its time does not count.
    """
    if intent.failure is None:
        return intent.as_of
    charge = facts.charges.get(intent.failed_charge_id or intent.latest_charge_id or "")
    uncharged_times = [each.as_of for each in facts.attempts.values() if each.payment_intent_id == intent.id]
    return max([charge.ended_at if charge is not None else 0, *uncharged_times])


def _is_unexplained(at: int, intent: PaymentIntentFact | None) -> bool:
    """Returns True if no known fact explains or outdates the failure that Stripe reported without a reason."""
    if intent is None or intent.status == "requires_payment_method":
        return True
    return intent.status == "processing" and at > intent.as_of


def _failed_elsewhere(at: int, intent: PaymentIntentFact | None, intents: Iterable[PaymentIntentFact]) -> bool:
    """Returns True if another part's attempt had failed by then, because Stripe then reported that failure."""
    return any(other is not intent and other.failure is not None and other.as_of >= at for other in intents)


def _known_failure(intent: PaymentIntentFact | None, declined_charge: ChargeFact | None) -> FailedAttempt | None:
    """Returns the later failed attempt of those that the intent and the declined charge show."""
    charge_failure = None
    if declined_charge is not None:
        charge_failure = FailedAttempt(declined_charge.failure_reason, declined_charge.ended_at)
    if intent is None or (declined_charge and _attempted_after(declined_charge, intent)):
        return charge_failure
    if intent.status != "requires_payment_method":
        return None
    if intent.failure is None:
        return charge_failure
    failed_at = (
        declined_charge.ended_at
        if declined_charge and declined_charge.id == intent.latest_charge_id
        else intent.as_of
    )
    return FailedAttempt(intent.failure.reason, failed_at)


def _attempted_after(charge: ChargeFact, intent: PaymentIntentFact) -> bool:
    """Returns True if the intent's snapshot was taken before this charge ended."""
    if charge.id == intent.latest_charge_id:
        return intent.status == "processing"
    return charge.created > intent.as_of
