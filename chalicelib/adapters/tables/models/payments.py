"""The table of payments, refunds and disputes."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import TableMeta


class PaymentsByTime(GlobalSecondaryIndex["PaymentItem"]):
    """An organization's payments, refunds and disputes by time."""

    class Meta:
        index_name = "by_time"
        projection = AllProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    time_key = UnicodeAttribute(range_key=True)


class PaymentItem(Model):
    """One payment, refund or dispute of an invoice, written with its invoice.

    The item also has its settlements, as attributes with the names of balance transactions. `payments` reads them.
    """

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    movement_id = UnicodeAttribute(range_key=True)
    time_key = UnicodeAttribute()
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)

    by_time = PaymentsByTime()
