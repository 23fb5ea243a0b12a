"""The timeline of an invoice: our own actions and what Stripe told us, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Where an entry comes from."""

    POM = "pom"
    WEBHOOK = "webhook"
    SWEEP = "sweep"

    @classmethod
    def _missing_(cls, value: object) -> Source:
        """Returns `pom`, because an unknown source is a part of POM that another release has."""
        return cls.POM


class Outcome(StrEnum):
    """What a Stripe event did to the invoice."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """POM knew its content already, because Stripe makes several events for one change."""
    STALE = "stale"
    """It had an earlier state than the one that POM knows."""
    RECOVERED = "recovered"
    """Its webhook did not arrive; the sweep found and applied it."""

    @classmethod
    def _missing_(cls, value: object) -> Outcome:
        """Returns `applied`, because every entry on the timeline has been processed."""
        return cls.APPLIED


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened, at `at` (epoch seconds UTC). `event_id` is Stripe's id of the event, if any."""

    at: int
    kind: str
    source: Source
    actor: str | None = None
    amount: int | None = None
    currency: str | None = None
    reason: str | None = None
    outcome: Outcome | None = None
    stripe_id: str | None = None
    event_id: str | None = None


SENT_BY_POM = "sent_by_pom"
"""The kind of entry that tells that POM had Stripe e-mail the invoice."""

SENT_IN_STRIPE = "sent_in_stripe"
"""The kind of entry that tells that somebody else had Stripe e-mail the invoice. POM learned it when it asked."""

SEND_REFUSED = "send_refused"
"""The kind of entry that tells that POM could not send an invoice after the request for it had been answered."""

MAX_ENTRIES = 1000
"""An item holds 400 KB at most; beyond this many entries facts are still merged, but no longer told."""


def in_order(entries: tuple[HistoryEntry, ...]) -> list[HistoryEntry]:
    """Oldest first; entries of one second in the order in which they became known."""
    return sorted(entries, key=lambda entry: entry.at)
