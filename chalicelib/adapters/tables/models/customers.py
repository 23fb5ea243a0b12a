"""Customers."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.adapters.tables.models.table import Aggregate, TableMeta


class CustomersByStripeId(GlobalSecondaryIndex["CustomerItem"]):
    """Which customer a Stripe customer is."""

    class Meta:
        index_name = "by_stripe_id"
        projection = KeysOnlyProjection()

    stripe_key = UnicodeAttribute(hash_key=True)


class PendingCustomers(GlobalSecondaryIndex["CustomerItem"]):
    """Customers that POM has yet to give to Stripe or to search for, by the time of their last edit."""

    class Meta:
        index_name = "pending"
        projection = KeysOnlyProjection()

    work = UnicodeAttribute(hash_key=True)
    updated_at = NumberAttribute(range_key=True)


class CustomersWithoutEmail(GlobalSecondaryIndex["CustomerItem"]):
    """An organization's customers that no invoice can be sent to."""

    class Meta:
        index_name = "without_email"
        projection = KeysOnlyProjection()

    emailless_of = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute(range_key=True)


class CustomerItem(Aggregate):
    """POM's record of a customer."""

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute(range_key=True)
    stripe_key = UnicodeAttribute(null=True)
    work = UnicodeAttribute(null=True)
    updated_at = NumberAttribute()
    emailless_of = UnicodeAttribute(null=True)

    by_stripe_id = CustomersByStripeId()
    pending = PendingCustomers()
    without_email = CustomersWithoutEmail()
