"""How far an account's comparison with Stripe has come, and when it is next looked at.

Webhooks bring what happens; a sweep finds what they did not bring. Where something happens, something can be missed,
so an account is looked at as often as things happen on it (docs/decisions/0015-how-often-accounts-are-swept.md):

    every ten minutes   something happened within a day, or the latest sweep found that anything was missed
    every hour          money is still expected, or something happened within a week
    every six hours     neither

Once a day, at a time of its own that its id decides, the objects themselves are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from chalicelib.domain.identifiers import OrganizationId, digest

TICK = 600
"""Seconds between two plans."""

DAY = 86400
ACTIVE_EVERY, ACTIVE_FOR = TICK, DAY
QUIET_EVERY, QUIET_FOR = 3600, 7 * DAY
IDLE_EVERY = 6 * 3600
"""Seconds between two sweeps, and for how long after something happened that holds."""

EVENTS_LISTED_FOR = 30 * DAY
"""Seconds for which Stripe lists events (https://docs.stripe.com/api/events/list)."""

ON_ITS_WAY = 120
"""Seconds for which an event's webhook may still be on its way: what is younger has not been missed yet.

Stripe sends no webhooks of an account that is not connected, so none of what happened before that is on its way.
"""

LATE_AFTER = 3000
"""Seconds after it was due from which a sweep counts as late."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one comparison with Stripe found that began at `at` (epoch seconds UTC).

    `recovered` counts events that no webhook had brought, `corrected` invoices that no event told of,
    `parked` events that could not be applied and are kept, `payouts` payouts that no event told of.
    """

    at: int
    events_seen: int = 0
    recovered: int = 0
    corrected: int = 0
    parked: int = 0
    payouts: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing had been missed."""
        return not (self.recovered or self.corrected or self.parked or self.payouts)


@dataclass(frozen=True, slots=True)
class EventsSwept:
    """When the newest events happened that a run met, in epoch seconds by Stripe's clock; 0 if there was none.

    `happened_at` is that of the newest event of POM's, `missed_at` of the newest that a webhook should have brought
    and had not, `early_at` of the newest that a webhook may still bring.
    """

    happened_at: int = 0
    missed_at: int = 0
    early_at: int = 0


@dataclass(frozen=True, slots=True)
class ObjectsSwept:
    """How far a run came with the objects: all that were made at `before` or later are compared; None: all."""

    corrected: int = 0
    before: int | None = None
    expecting: bool = False


@dataclass(frozen=True, slots=True)
class PayoutsSwept:
    """What a run found of an account's payouts and fees.

    `found` counts payouts that Stripe had otherwise than POM, `missed` those of them that an event should have told
    of. `queued` counts payouts whose lines a worker is to read or to compare, `fees` the fees that no event brought.
    `not_tied_out` counts payouts whose lines POM should have had by now, or whose lines do not add up.
    `too_long` counts payouts with more lines than are compared with Stripe's.
    """

    found: int = 0
    missed: int = 0
    queued: int = 0
    fees: int = 0
    not_tied_out: int = 0
    too_long: int = 0
    fees_before: int | None = None
    """Fees of payments made before this moment (epoch seconds UTC) are left to another run. None: none are."""

    @property
    def finished(self) -> bool:
        """Returns True if no fees are left to another run."""
        return self.fees_before is None


@dataclass(frozen=True, slots=True)
class Sweep:
    """How far reconciliation has come. Times are epoch seconds UTC."""

    swept_until: int
    objects_swept_at: int = 0
    objects_due: bool = False
    objects_before: int | None = None
    """A comparison of the objects is under way: invoices made before this moment are still to be compared."""
    recovered: int = 0
    """What the latest run found that no webhook had brought: events, and invoices and payouts that no event told of.
    """
    missed_at: int = 0
    """When the newest event happened, by Stripe's clock, that no webhook had brought in time since the connect."""
    missed_found_at: int = 0
    """When the latest run that found a missed event began, by our clock."""
    early_at: int = 0
    """When the newest event happened that a run applied so soon that its webhook could still come."""
    latest: SyncReport | None = None
    catching_up: bool = False
    """Reconnected, and what was missed meanwhile has not been looked for yet."""
    caught_up: SyncReport | None = None
    """What the first run after the latest reconnect found."""
    due_at: int = 0
    """When it is next to be looked at."""
    happened_at: int = 0
    """When something last happened: an event of ours, or an invoice begun after a quiet time."""
    expecting: bool = False
    """Whether money was expected for any invoice when the objects were last compared."""
    payouts_due: bool = False
    """The objects have been compared, and the payouts and fees have not been since."""
    payouts_swept_at: int = 0
    """When the payouts and fees were last compared to the end; 0 if that never happened on this account."""
    fees_before: int | None = None
    """A search for fees is under way: those of payments made before this moment are still to be looked for."""

    def should_compare_objects(self, organization_id: OrganizationId, now: int) -> bool:
        """Whether a run is to compare the objects themselves, or to go on with it."""
        gap_too_long = now - self.swept_until > EVENTS_LISTED_FOR
        under_way = self.objects_before is not None
        return self.objects_due or under_way or gap_too_long or self.objects_swept_at < _slot(organization_id, now)

    @property
    def corrected(self) -> int:
        """Invoices the latest run corrected that no event told of; 0 for what was missed while not connected."""
        return self.latest.corrected if self.recovered and self.latest else 0

    def undelivered_at(self, now: int) -> int:
        """Returns when the newest event happened that was fetched before a webhook brought it, or 0.

        Epoch seconds by Stripe's clock. An event that was fetched within two minutes counts once those have passed.
        """
        return max(self.missed_at, self.early_at if self.early_at <= now - ON_ITS_WAY else 0)

    @property
    def missed_just_now(self) -> bool:
        """Whether the latest run found an event that no webhook had brought in time."""
        return self.latest is not None and self.missed_at > 0 and self.missed_found_at == self.latest.at

    def late(self, now: int) -> bool:
        """Whether it should long have been looked at again."""
        return now - max(self.due_at, self.swept_until + ACTIVE_EVERY) > LATE_AFTER

    def is_due_soon(self, now: int) -> bool:
        """Whether it will be looked at soon anyway."""
        return self.due_at <= now + ACTIVE_EVERY

    def due_soon(self, now: int) -> Self:
        """To be looked at soon, because something begins."""
        return replace(self, happened_at=max(self.happened_at, now), due_at=min(self.due_at, now + ACTIVE_EVERY))

    def resumed(self, now: int) -> Self:
        """Connected again after a gap, which is to be filled at once; what was missed before no longer counts."""
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
        found: SyncReport,
        *,
        events: EventsSwept = EventsSwept(),
        objects: ObjectsSwept | None = None,
        payouts: PayoutsSwept | None = None,
    ) -> Self:
        """Returns the sweep after a run. `objects` and `payouts` say how far it came with them, if it compared any.

        What was missed while nobody was connected is no fault of the webhooks, so it does not count as recovered.
        """
        began_at = found.at
        finished = objects is not None and objects.before is None
        swept = replace(
            self,
            swept_until=max(self.swept_until, began_at),
            objects_swept_at=began_at if finished else self.objects_swept_at,
            objects_due=self.objects_due and not finished,
            objects_before=objects.before if objects else self.objects_before,
            recovered=0 if self.catching_up else found.recovered + found.corrected + found.payouts,
            latest=found,
            catching_up=self.catching_up and not finished,
            caught_up=found if self.catching_up and finished else self.caught_up,
            happened_at=max(self.happened_at, events.happened_at),
            expecting=self._expecting_after(objects),
            payouts_due=(self.payouts_due or finished) and not (payouts is not None and payouts.finished),
            payouts_swept_at=began_at if payouts is not None and payouts.finished else self.payouts_swept_at,
            fees_before=payouts.fees_before if payouts is not None else self.fees_before,
        )
        swept = swept.with_missed_events(events, found_at=began_at)
        return replace(swept, due_at=swept._next_after(organization_id, began_at))

    def with_missed_events(self, events: EventsSwept, *, found_at: int) -> Self:
        """Returns the sweep with the events that a run had to fetch; `found_at` is when the run began."""
        return replace(
            self,
            missed_at=max(self.missed_at, events.missed_at),
            missed_found_at=found_at if events.missed_at else self.missed_found_at,
            early_at=max(self.early_at, events.early_at),
        )

    def _expecting_after(self, objects: ObjectsSwept | None) -> bool:
        if objects is None:
            return self.expecting
        gone_on_with = self.objects_before is not None
        return objects.expecting or (gone_on_with and self.expecting)

    def _next_after(self, organization_id: OrganizationId, began_at: int) -> int:
        if self.objects_before is not None or self.fees_before is not None:
            return began_at
        return min(began_at + self._every(began_at), _slot(organization_id, began_at) + DAY)

    def _every(self, now: int) -> int:
        unsettled = (
            self.catching_up or self.objects_due or self.payouts_due or not (self.latest is None or self.latest.clean)
        )
        if unsettled or now - self.happened_at < ACTIVE_FOR:
            return ACTIVE_EVERY
        return QUIET_EVERY if self.expecting or now - self.happened_at < QUIET_FOR else IDLE_EVERY


def _slot(organization_id: OrganizationId, now: int) -> int:
    """The latest moment at which this organization's objects were to be compared: daily, each at its own time."""
    second_of_day = int.from_bytes(digest("sweep", organization_id).encode(), "big") % DAY
    return now - (now - second_of_day) % DAY
