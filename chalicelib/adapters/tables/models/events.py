"""What became of Stripe's events."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import TableMeta


class EventsByReceived(GlobalSecondaryIndex["EventItem"]):
    """An account's events by when they came."""

    class Meta:
        index_name = "by_received"
        projection = KeysOnlyProjection()

    account_id = UnicodeAttribute(hash_key=True)
    received_at = NumberAttribute(range_key=True)


class ParkedEvents(GlobalSecondaryIndex["EventItem"]):
    """An account's parked events by when they were last tried."""

    class Meta:
        index_name = "parked"
        projection = AllProjection()

    account_id = UnicodeAttribute(hash_key=True)
    parked_key = UnicodeAttribute(range_key=True)


class EventItem(Model):
    """What became of a Stripe event. A parked one keeps its body.

    `delivered_at` is when a webhook brought one that the sweep had fetched before.
    """

    class Meta(TableMeta):
        pass

    account_id = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute()
    created = NumberAttribute()
    received_at = NumberAttribute()
    outcome = UnicodeAttribute()
    source = UnicodeAttribute(null=True)
    delivered_at = NumberAttribute(null=True)
    invoice_id = UnicodeAttribute(null=True)
    error = UnicodeAttribute(null=True)
    parked_key = UnicodeAttribute(null=True)
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    expires_at = TTLAttribute(null=True)

    by_received = EventsByReceived()
    parked = ParkedEvents()
