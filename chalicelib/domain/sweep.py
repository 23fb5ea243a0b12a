"""How far the sweep of an account has come, and when the account is due for its next one.

A sweep compares an account with Stripe and finds events that no webhook brought. More can be missed where more
happens, so an account is swept as often as its activity requires
(docs/decisions/0015-how-often-accounts-are-swept.md):

    every ten minutes   something happened within a day, or the latest sweep found a missed event or object
    every hour          money is still expected, or something happened within a week
    every six hours     otherwise

Once a day, at a time that the organization's id decides, the objects themselves are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from chalicelib.domain.identifiers import OrganizationId, digest

TICK = 600
"""Seconds between two runs of the schedule."""

DAY = 86400
ACTIVE_EVERY, ACTIVE_FOR = TICK, DAY
QUIET_EVERY, QUIET_FOR = 3600, 7 * DAY
IDLE_EVERY = 6 * 3600
"""Seconds between two sweeps, and the seconds since the last activity for which this interval applies."""

EVENTS_LISTED_FOR = 30 * DAY
"""Seconds for which Stripe lists events (https://docs.stripe.com/api/events/list)."""

ON_ITS_WAY = 120
"""Seconds for which an event's webhook may still be on its way. A younger event does not count as missed yet.

Stripe sends no webhooks of an account that is not connected, so this does not apply to events before the connection.
"""

LATE_AFTER = 3000
"""Seconds after which a due sweep counts as late."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """The findings of a comparison with Stripe that began at `at` (epoch seconds UTC).

    `recovered` counts events that no webhook had brought, `corrected` invoices that no event reported, `parked`
    events that could not be applied and are stored, `payouts` payouts that no event reported.
    """

    at: int
    events_seen: int = 0
    recovered: int = 0
    corrected: int = 0
    parked: int = 0
    payouts: int = 0

    @property
    def clean(self) -> bool:
        """Returns True if nothing had been missed."""
        return not (self.recovered or self.corrected or self.parked or self.payouts)


@dataclass(frozen=True, slots=True)
class EventsSwept:
    """The times of the newest events that a run read, in epoch seconds by Stripe's clock; 0 if there was none.

    `happened_at` is the time of POM's newest event. `missed_at` is the time of the newest event that a webhook should
    have brought and had not. `early_at` is the time of the newest event whose webhook may still arrive.
    """

    happened_at: int = 0
    missed_at: int = 0
    early_at: int = 0


@dataclass(frozen=True, slots=True)
class ObjectsSwept:
    """How far a run compared the objects: all that were created at `before` or later, or all if it is None."""

    corrected: int = 0
    before: int | None = None
    expecting: bool = False


@dataclass(frozen=True, slots=True)
class PayoutsSwept:
    """The findings of a run about an account's payouts and fees.

    `found` counts payouts whose record in POM differed from Stripe, `missed` those of them that an event should have
    reported. `queued` counts payouts whose lines a worker is to read or compare, `fees` the fees that no event
    reported. `not_tied_out` counts payouts whose lines POM should have by now, or whose lines do not add up.
    `too_long` counts payouts with more lines than are compared with Stripe's.
    """

    found: int = 0
    missed: int = 0
    queued: int = 0
    fees: int = 0
    not_tied_out: int = 0
    too_long: int = 0
    fees_before: int | None = None
    """Another run reads the fees of payments made before this time (epoch seconds UTC). None if no fees are left."""

    @property
    def finished(self) -> bool:
        """Returns True if no fees are left to another run."""
        return self.fees_before is None


@dataclass(frozen=True, slots=True)
class Sweep:
    """The progress of an account's sweeps. Times are epoch seconds UTC."""

    swept_until: int
    objects_swept_at: int = 0
    objects_due: bool = False
    objects_before: int | None = None
    """Set while a comparison of the objects is in progress: invoices made before this time are still to be
    compared.
    """
    recovered: int = 0
    """The number of events that the latest run found without a webhook, and of invoices and payouts without an
    event.
    """
    missed_at: int = 0
    """When the newest event happened, by Stripe's clock, that no webhook had brought in time since the connection."""
    missed_found_at: int = 0
    """When the latest run that found a missed event began, by POM's clock."""
    early_at: int = 0
    """When the newest event happened that a run applied before its webhook was due."""
    latest: SyncReport | None = None
    catching_up: bool = False
    """True if the account was reconnected, and the gap has not been compared completely yet."""
    caught_up: SyncReport | None = None
    """The findings of the first complete run after the latest reconnection."""
    due_at: int = 0
    """When the next sweep is due."""
    happened_at: int = 0
    """The latest activity: an event of POM's, or an invoice that was begun after a quiet time."""
    expecting: bool = False
    """True if money was expected for any invoice when the objects were last compared."""
    payouts_due: bool = False
    """True if the payouts and fees have not been compared since the objects were."""
    payouts_swept_at: int = 0
    """When the payouts and fees were last compared completely, or 0 if they never were on this account."""
    fees_before: int | None = None
    """Set while a search for fees is in progress: fees of payments made before this time are still to be read."""

    def should_compare_objects(self, organization_id: OrganizationId, now: int) -> bool:
        """Returns True if a run is to compare the objects themselves, or to continue that comparison."""
        gap_too_long = now - self.swept_until > EVENTS_LISTED_FOR
        under_way = self.objects_before is not None
        return self.objects_due or under_way or gap_too_long or self.objects_swept_at < _slot(organization_id, now)

    @property
    def corrected(self) -> int:
        """Returns the number of invoices that the latest run corrected, or 0 if they were missed while not
        connected.
        """
        return self.latest.corrected if self.recovered and self.latest else 0

    def undelivered_at(self, now: int) -> int:
        """Returns when the newest event happened that was fetched before a webhook brought it, or 0.

        The time is epoch seconds by Stripe's clock. An event that was fetched within two minutes counts after these
        minutes.
        """
        return max(self.missed_at, self.early_at if self.early_at <= now - ON_ITS_WAY else 0)

    @property
    def missed_just_now(self) -> bool:
        """Returns True if the latest run found an event that no webhook had brought in time."""
        return self.latest is not None and self.missed_at > 0 and self.missed_found_at == self.latest.at

    def late(self, now: int) -> bool:
        """Returns True if the next sweep is late."""
        return now - max(self.due_at, self.swept_until + ACTIVE_EVERY) > LATE_AFTER

    def is_due_soon(self, now: int) -> bool:
        """Returns True if a sweep is due within `ACTIVE_EVERY` seconds."""
        return self.due_at <= now + ACTIVE_EVERY

    def with_run_due_soon(self, now: int) -> Self:
        """Returns the sweep with a run due soon, because an activity begins."""
        return replace(self, happened_at=max(self.happened_at, now), due_at=min(self.due_at, now + ACTIVE_EVERY))

    def resumed(self, now: int) -> Self:
        """Returns the sweep after a reconnection. The gap is compared at once, and earlier missed events no longer
        count.
        """
        return replace(
            self,
            missed_at=0,
            missed_found_at=0,
            early_at=0,
            objects_due=True,
            objects_before=None,
            fees_before=None,
            catching_up=True,
            caught_up=None,
            due_at=0,
            happened_at=now,
        )

    def done(
        self,
        organization_id: OrganizationId,
        report: SyncReport,
        *,
        events: EventsSwept = EventsSwept(),
        objects: ObjectsSwept | None = None,
        payouts: PayoutsSwept | None = None,
    ) -> Self:
        """Returns the sweep after a run. `objects` and `payouts` say how far the run compared them, if it did.

        Events that were missed while the account was not connected do not count as recovered, because no webhook was
        due.
        """
        began_at = report.at
        objects_finished = objects is not None and objects.before is None
        swept = replace(
            self,
            swept_until=max(self.swept_until, began_at),
            objects_swept_at=began_at if objects_finished else self.objects_swept_at,
            objects_due=self.objects_due and not objects_finished,
            objects_before=objects.before if objects else self.objects_before,
            recovered=0 if self.catching_up else report.recovered + report.corrected + report.payouts,
            latest=report,
            catching_up=self.catching_up and not objects_finished,
            caught_up=report if self.catching_up and objects_finished else self.caught_up,
            happened_at=max(self.happened_at, events.happened_at),
            expecting=self._expecting_after(objects),
            payouts_due=(self.payouts_due or objects_finished) and not (payouts is not None and payouts.finished),
            payouts_swept_at=began_at if payouts is not None and payouts.finished else self.payouts_swept_at,
            fees_before=payouts.fees_before if payouts is not None else self.fees_before,
        )
        swept = swept.with_event_times(events, found_at=began_at)
        return replace(swept, due_at=swept._next_after(organization_id, began_at))

    def with_event_times(self, events: EventsSwept, *, found_at: int) -> Self:
        """Returns the sweep with the times of the newest missed event and the newest event whose webhook may still
        arrive. `found_at` is when the run began (epoch seconds UTC).
        """
        return replace(
            self,
            missed_at=max(self.missed_at, events.missed_at),
            missed_found_at=found_at if events.missed_at else self.missed_found_at,
            early_at=max(self.early_at, events.early_at),
        )

    def _expecting_after(self, objects: ObjectsSwept | None) -> bool:
        if objects is None:
            return self.expecting
        is_continued = self.objects_before is not None
        return objects.expecting or (is_continued and self.expecting)

    def _next_after(self, organization_id: OrganizationId, began_at: int) -> int:
        if self.objects_before is not None or self.fees_before is not None:
            return began_at
        return min(began_at + self._every(began_at), _slot(organization_id, began_at) + DAY)

    def _every(self, now: int) -> int:
        has_open_work = (
            self.catching_up or self.objects_due or self.payouts_due or not (self.latest is None or self.latest.clean)
        )
        if has_open_work or now - self.happened_at < ACTIVE_FOR:
            return ACTIVE_EVERY
        return QUIET_EVERY if self.expecting or now - self.happened_at < QUIET_FOR else IDLE_EVERY


def _slot(organization_id: OrganizationId, now: int) -> int:
    """Returns the latest time at which this organization's objects were due for comparison. Each has its own daily
    time.
    """
    second_of_day = int.from_bytes(digest("sweep", organization_id).encode(), "big") % DAY
    return now - (now - second_of_day) % DAY
