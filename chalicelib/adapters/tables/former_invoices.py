"""Reads invoices in the form in which they were stored until 2026-11-28.

These invoices have a list of Stripe's events (`history`), and their facts lack some times. Reading such an invoice
copies the times from the list into the facts, so that the timeline stays complete. Reading writes nothing. The next
change of the invoice stores it in the present form, together with its rows of `GET /payments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import msgspec

from chalicelib.domain import actions
from chalicelib.domain.actions import Action
from chalicelib.domain.facts import CreditNoteFact, StripeFact
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.intended_act import ANSWERED_WITHIN, GIVEN_UP, MARKED_PAID, VOIDED
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.merging import with_seen_times
from chalicelib.domain.payment_facts import DISPUTE_CLOSED, AttemptFact, ChargeFact, DisputeFact, PaymentFailure
from chalicelib.domain.payment_methods import BANK_DEBITS
from chalicelib.domain.snapshots import Snapshots

_ACTS = frozenset(
    {
        actions.CREATED,
        actions.RECREATED,
        actions.SEND_REQUESTED,
        actions.SEND_REFUSED,
        actions.SENT_BY_POM,
        actions.REMINDER_SENT,
        actions.REMINDER_REFUSED,
        MARKED_PAID,
        VOIDED,
        GIVEN_UP,
    }
)
SAME_ATTEMPT = 5
"""Seconds. The most time between Stripe's events about one failed attempt."""


class _Entry(msgspec.Struct):
    at: int
    kind: str
    actor: str | None = None
    amount: int | None = None
    currency: str | None = None
    reason: str | None = None
    stripe_id: str | None = None


class _Former(msgspec.Struct):
    history: tuple[_Entry, ...] = ()


_DECODER = msgspec.json.Decoder(_Former)


def upgrade(invoice: Invoice, document: str | bytes) -> Invoice:
    """Returns an invoice in the present form. `document` is the JSON that `invoice` was decoded from."""
    history = _DECODER.decode(document).history
    acts = tuple(
        Action(entry.at, entry.kind, entry.actor, entry.reason, entry.stripe_id)
        for entry in history
        if entry.kind in _ACTS
    )
    facts = reduce(_with_time_of, history, invoice.facts)
    facts = _with_attempts(facts, history)
    facts = _with_mails(facts, history, acts)
    return replace(invoice, actions=acts, facts=facts, payments_listed=False)


_DATED: Mapping[str, tuple[type, str]] = {
    "dispute_opened": (DisputeFact, "created"),
    "credit_note_issued": (CreditNoteFact, "created"),
    "credit_note_voided": (CreditNoteFact, "voided_at"),
}
_SEEN: Mapping[str, str] = {
    "payment_processing": "processing",
    "draft_deleted": "deleted",
    "refund_failed": "failed",
    "charge_succeeded": "succeeded",
    "charge_failed": "failed",
}
_REFUND_STATUSES = frozenset({"pending", "requires_action", "succeeded", "failed", "canceled"})


def _with_time_of(facts: Snapshots, entry: _Entry) -> Snapshots:
    """Returns the facts with the time of `entry` in the fact of the same object."""
    fact = facts.by_id.get(entry.stripe_id or "")
    if fact is None:
        return facts
    kind, name = _DATED.get(entry.kind, (None, ""))
    if kind is not None and isinstance(fact, kind) and getattr(fact, name) is None:
        fact = replace(fact, **{name: entry.at})  # type: ignore[arg-type]
        return _put(facts, fact)
    status = _status_in(entry, fact)
    return _put(facts, with_seen_times(fact, {status: entry.at})) if status is not None else facts


def _status_in(entry: _Entry, fact: StripeFact) -> str | None:
    """Returns the status of an entry if facts store the time of that status in `seen`, or None."""
    if isinstance(fact, ChargeFact) and fact.method not in BANK_DEBITS:
        return None
    if entry.kind in _SEEN:
        return _SEEN[entry.kind]
    statuses = DISPUTE_CLOSED if isinstance(fact, DisputeFact) else _REFUND_STATUSES
    about_it = entry.kind.startswith(("dispute_", "refund_"))
    return entry.reason if about_it and entry.reason in statuses else None


def _put(facts: Snapshots, fact: StripeFact) -> Snapshots:
    return facts.merge(fact, lambda _, changed: changed)


def _with_attempts(facts: Snapshots, history: Sequence[_Entry]) -> Snapshots:
    """Returns the facts with an `AttemptFact` for each failed attempt that has no charge."""
    charged_at = [charge.created for charge in facts.charges.values() if charge.status == "failed"]
    charged_at += [entry.at for entry in history if entry.kind == "charge_failed"]
    for entry in history:
        stripe_id = entry.stripe_id or ""
        if entry.kind != "payment_failed" or not stripe_id.startswith("pi_"):
            continue
        if not _any_near(entry.at, charged_at, SAME_ATTEMPT):
            failure = PaymentFailure(FailureReason(entry.reason or FailureReason.OTHER))
            attempt = AttemptFact(entry.at, stripe_id, entry.amount or 0, entry.currency or "", failure)
            facts = _put(facts, attempt)
    return facts


def _with_mails(facts: Snapshots, history: Sequence[_Entry], acts: Sequence[Action]) -> Snapshots:
    """Returns the facts with the e-mails that Stripe sent without a request by POM."""
    ours = [act.at for act in acts if act.kind in actions.MAILED]
    for entry in history:
        if entry.kind == "sent" and entry.stripe_id and not _any_near(entry.at, ours, ANSWERED_WITHIN):
            facts = facts.mailed(entry.stripe_id, entry.at)
    return facts


def _any_near(at: int, times: Iterable[int], within: int) -> bool:
    return any(abs(at - time) <= within for time in times)
