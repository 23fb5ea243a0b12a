"""What became of each Stripe event."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.exceptions import PutError

from chalicelib.adapters.tables.codec import decoded, encoded
from chalicelib.adapters.tables.database import answering, condition_failed, read_many
from chalicelib.adapters.tables.keys import key, moment
from chalicelib.adapters.tables.markers import PARKED, not_dealt_with
from chalicelib.adapters.tables.models import EventItem
from chalicelib.domain.events import StripeEvent
from chalicelib.domain.identifiers import StripeAccountId

PLATFORM = StripeAccountId("platform")
"""Stands for the account in events of the platform itself, which name none."""


class TableEvents:
    """Fulfils `EventStore`."""

    def known(self, account_id: StripeAccountId, event_ids: Sequence[str]) -> frozenset[str]:
        keys = [{"account_id": account_id, "event_id": event_id} for event_id in dict.fromkeys(event_ids)]
        items = read_many(EventItem, keys, ("event_id", "outcome"))
        return frozenset(item["event_id"]["S"] for item in items if item["outcome"]["S"] != PARKED)

    def park(self, event: StripeEvent, received_at: int, error: str) -> None:
        item = EventItem(
            event.account_id or PLATFORM,
            event.id,
            type=event.type,
            created=event.created,
            received_at=received_at,
            outcome=PARKED,
            error=error,
            parked_key=key(moment(event.created), event.id),
            **encoded(event.body),
        )
        try:
            with answering():
                item.save(not_dealt_with())
        except PutError as exc:
            if not condition_failed(exc):
                raise
            # dealt with meanwhile: nothing is left to park

    def parked(self, account_id: StripeAccountId, limit: int) -> Sequence[str]:
        with answering():
            items = EventItem.parked.query(account_id, limit=limit)
            return [decoded(str, item.document, item.packed) for item in items]

    def last_received_at(self, account_id: StripeAccountId) -> int | None:
        with answering():
            latest = next(EventItem.by_received.query(account_id, scan_index_forward=False, limit=1), None)
        return int(latest.received_at) if latest else None
