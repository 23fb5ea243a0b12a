"""The table of payouts and their lines."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import StreamedTableMeta


class PayoutsByArrival(GlobalSecondaryIndex["PayoutItem"]):
    """An organization's payouts by the day on which they arrive, without their lines."""

    class Meta:
        index_name = "by_arrival"
        projection = AllProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    arrival_key = UnicodeAttribute(range_key=True)


class PayoutItem(Model):
    """A payout's header, or one of its lines; `payouts` describes the places. Only a header has a version."""

    class Meta(StreamedTableMeta):
        pass

    payout_key = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True)
    organization_id = UnicodeAttribute(null=True)
    arrival_key = UnicodeAttribute(null=True)
    version = NumberAttribute(null=True)
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)

    by_arrival = PayoutsByArrival()
