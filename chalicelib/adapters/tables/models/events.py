"""The table of Stripe's events and their outcomes."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import TableMeta


class EventsByReceived(GlobalSecondaryIndex["EventItem"]):
    """The events that show whether an account's webhooks arrive, by time of arrival."""

    class Meta:
        index_name = "by_received"
        projection = KeysOnlyProjection()

    account_id = UnicodeAttribute(hash_key=True)
    received_at = NumberAttribute(range_key=True)


class EventsByInvoice(GlobalSecondaryIndex["EventItem"]):
    """An invoice's events by time of arrival, with the fields of its event log.

    The bodies of parked events are left out.
    """

    class Meta:
        index_name = "by_invoice"
        projection = IncludeProjection(["type", "created", "outcome", "source", "object_id", "repeated", "error"])

    invoice_key = UnicodeAttribute(hash_key=True)
    arrival_key = UnicodeAttribute(range_key=True)


class ParkedEvents(GlobalSecondaryIndex["EventItem"]):
    """An account's parked events by the time of their last attempt."""

    class Meta:
        index_name = "parked"
        projection = AllProjection()

    account_id = UnicodeAttribute(hash_key=True)
    parked_key = UnicodeAttribute(range_key=True)


class EventItem(Model):
    """The outcome of a Stripe event. A parked event has its body, too.

    `arrival_key` is the time of arrival with the event's id. `received_at` is the same time, and is only set for the
    events in `by_received`: those that show whether webhooks arrive, and parked ones. `delivered_at` is the time of
    the latest repeated delivery by a webhook, and `repeated` the number of such deliveries.
    """

    class Meta(TableMeta):
        pass

    account_id = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute()
    created = NumberAttribute()
    arrival_key = UnicodeAttribute(null=True)
    received_at = NumberAttribute(null=True)
    outcome = UnicodeAttribute()
    source = UnicodeAttribute(null=True)
    delivered_at = NumberAttribute(null=True)
    repeated = NumberAttribute(null=True)
    object_id = UnicodeAttribute(null=True)
    invoice_key = UnicodeAttribute(null=True)
    error = UnicodeAttribute(null=True)
    parked_key = UnicodeAttribute(null=True)
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    expires_at = TTLAttribute(null=True)

    by_received = EventsByReceived()
    by_invoice = EventsByInvoice()
    parked = ParkedEvents()
